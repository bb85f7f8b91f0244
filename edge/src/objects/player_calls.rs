//! Calls of a player object to hosts, to the region and to the objects of other players.

use crate::clients::{object_rpc, region};
use crate::clock::now;
use crate::error::{Error, Result};
use crate::objects::runtime::Runtime;
use crate::telemetry::log;
use futures_util::stream::{self, StreamExt};
use shared::delivery::pending_calls::CallId;
use shared::id::PlayerId;
use shared::limits;
use shared::player::{Input, Player, PublishGroup};
use shared::rpc::{ForcedClose, ObjectName, PeerRequest, PeerResponse};
use shared::time::Time;
use std::rc::Rc;

/// Returns the player that an object belongs to.
pub fn player_id(runtime: &Runtime<Player>) -> Result<PlayerId> {
    runtime.name().parse().map_err(|error| Error::internal(&error))
}

/// Makes a host close connections of the player.
pub fn force_close(runtime: &Rc<Runtime<Player>>, call: CallId, object: ObjectName, close: ForcedClose) {
    runtime.spawn(async move |runtime| {
        let asked = now();
        let response = async {
            let player = player_id(&runtime)?;
            object_rpc::force_close(&runtime.env, &object, &player, &close).await
        };
        match response.await {
            Ok(holding) => runtime.handle(Input::ForcedCloseConfirmed { call, holding, asked }),
            Err(error) => log::error!("{error:?}; the machine will repeat it"),
        }
    });
}

/// Fetches from the region who may see the player's presence.
pub fn fetch_visibility(runtime: &Rc<Runtime<Player>>, revision: u64) {
    runtime.spawn(async move |runtime| {
        let response = async { region::visibility(&runtime.env, &player_id(&runtime)?).await };
        match response.await {
            Ok(visibility) => runtime.handle(Input::VisibilityKnown { revision, visibility: &visibility }),
            Err(error) => log::error!("{error:?}; the machine will repeat it"),
        }
    });
}

/// Subscribes to the presence of other players at their objects.
pub fn subscribe(runtime: &Rc<Runtime<Player>>, call: CallId, peers: Vec<PlayerId>) {
    runtime.spawn(async move |runtime| {
        let Ok(by) = player_id(&runtime) else { return };
        let request = PeerRequest::Subscribe { by };
        let answers = call_peers(&runtime, peers.into_iter().map(|peer| (peer, request.clone()))).await;
        let state = |(peer, answer)| match answer {
            PeerResponse::State { presence, subscribed } => Some((peer, presence, subscribed)),
            PeerResponse::Received | PeerResponse::Unsubscribe => None,
        };
        let answers = answers.into_iter().filter_map(state).collect();
        runtime.handle(Input::SubscriptionsAnswered { call, answers });
    });
}

/// Sends the player's presence to the objects of its subscribers.
pub fn publish(runtime: &Rc<Runtime<Player>>, call: CallId, as_of: Time, groups: Vec<PublishGroup>) {
    runtime.spawn(async move |runtime| {
        let Ok(of) = player_id(&runtime) else { return };
        let requests = groups.into_iter().flat_map(|PublishGroup { presence, last, to }| {
            let of = of.clone();
            let request = PeerRequest::Publish { of, presence, last };
            to.into_iter().map(move |by| (by, request.clone()))
        });
        let (mut received, mut unsubscribed) = (Vec::new(), Vec::new());
        for (by, answer) in call_peers(&runtime, requests).await {
            match answer {
                PeerResponse::Unsubscribe => unsubscribed.push(by),
                PeerResponse::Received | PeerResponse::State { .. } => received.push(by),
            }
        }
        runtime.handle(Input::PublishConfirmed { call, as_of, received, unsubscribed });
    });
}

/// Calls many players' objects, a few at a time. Objects that do not answer are left out of the result.
async fn call_peers(
    runtime: &Runtime<Player>,
    requests: impl Iterator<Item = (PlayerId, PeerRequest)>,
) -> Vec<(PlayerId, PeerResponse)> {
    let call = |(peer, request): (PlayerId, PeerRequest)| async move {
        match object_rpc::peer(&runtime.env, &peer, &request).await {
            Ok(answer) => Some((peer, answer)),
            Err(error) => {
                log::error!("{error:?}; the machine will repeat it");
                None
            }
        }
    };
    let answers = stream::iter(requests).map(call).buffer_unordered(limits::FANOUT_CONCURRENT_MAX);
    answers.filter_map(std::future::ready).collect().await
}
