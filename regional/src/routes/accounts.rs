//! Signing in with an account elsewhere.

use super::App;
use super::sessions::{begun, login};
use crate::clock::chance;
use crate::error::{Error, Fault, Refusal};
use crate::http::address::Address;
use crate::http::problem::Code;
use crate::identity::{BadIdentity, Identity};
use crate::lockout::{ACCOUNT, ADDRESS, Rule};
use crate::profile::{Profile, name};
use crate::routes::sessions::Pair;
use crate::session::Device;
use shared::id::PlayerId;
use shared::time::Time;
use std::time::Duration;

/// How often a login is decided anew while others of the same account come in, or it is changed.
const ATTEMPTS: u32 = 5;

/// Exchanges an id token for a session: one account is one player, whoever comes first.
pub(super) async fn exchange(
    app: &App,
    token: &str,
    nonce: Option<&str>,
    device: Device,
    from: &Address,
) -> Result<Pair, Fault> {
    if app.providers.is_empty() {
        let detail = "An id token cannot be checked: no identity provider is configured.";
        let refusal = Refusal::new(Code::NoIdentityProvider, detail);
        return Err(refusal.field("id_token").into());
    }
    let from = format!("address:{}", from.0);
    let locked = app.store.locked_strong(&from, ADDRESS, app.clock.now());
    if let Some(wait) = locked.await? {
        return Err(too_often(wait).into());
    }
    let identity = match Box::pin(app.providers.check(token, nonce, &app.clock)).await? {
        Ok(identity) => identity,
        Err((bad, identity)) => return failed(app, &from, bad, identity).await,
    };
    let (account, now) = (identity.account(), app.clock.now());
    let counted = of(&account);
    let locked = app.store.locked_strong(&counted, ACCOUNT, now);
    if let Some(wait) = locked.await? {
        return Err(too_often(wait).into());
    }
    for _ in 0..ATTEMPTS {
        let done = match app.store.account_strong(&account).await? {
            Some(player) => again(app, &player, &account, device.clone()).await?,
            None => first(app, &identity, &account, device.clone()).await?,
        };
        if let Some(pair) = done {
            return Ok(pair);
        }
    }
    Err(Error::Contended { call: "login" }.into())
}

/// Counts a failure; what could be counted is said as it is, what comes too often is not looked at.
async fn failed(app: &App, from: &str, bad: BadIdentity, identity: Option<Identity>) -> Result<Pair, Fault> {
    count(app, from, ADDRESS).await?;
    if let Some(identity) = identity.filter(|_| bad.authentic()) {
        count(app, &of(&identity.account()), ACCOUNT).await?;
    }
    Err(bad.refusal().into())
}

/// Somebody who was here before; none where they were changed meanwhile.
async fn again(app: &App, player: &PlayerId, account: &str, device: Device) -> Result<Option<Pair>, Fault> {
    let now = app.clock.now();
    let Some(status) = app.store.status_strong(player).await? else {
        let detail = "This account's player was deleted.";
        return Err(Refusal::new(Code::PlayerNotFound, detail).into());
    };
    if status.banned(now) {
        count(app, &of(account), ACCOUNT).await?;
        return Err(Refusal::new(Code::Banned, "This account may not play for now.").into());
    }
    let (session, secret) = login(app, player, status.epoch, device, now)?;
    let added = app.store.add_session(&session, now).await?;
    Ok(added.then(|| begun(app, &session, &secret, now)))
}

/// Somebody new; none where their account came in on another device at the same moment.
async fn first(app: &App, identity: &Identity, account: &str, device: Device) -> Result<Option<Pair>, Fault> {
    let now: Time = app.clock.now();
    let named = identity.name.as_deref().unwrap_or_default();
    // What a provider calls them may be anything; they can say it better later.
    let named = name("name", named).unwrap_or_else(|_| "Player".to_owned());
    let profile = Profile::new(PlayerId::random(chance()?), named, now);
    let (session, secret) = login(app, &profile.player, profile.epoch, device, now)?;
    let added = app.store.add_account(account, &profile, &session).await?;
    Ok(added.then(|| begun(app, &session, &secret, now)))
}

/// Counts something that failed, or refuses because it failed too often.
pub(super) async fn count(app: &App, what: &str, rule: Rule) -> Result<(), Fault> {
    match app.store.count(what, rule, app.clock.now()).await? {
        None => Ok(()),
        Some(wait) => Err(too_often(wait).into()),
    }
}

fn too_often(wait: Duration) -> Refusal {
    let detail = "It failed too often. Wait as long as `Retry-After` says.";
    Refusal::new(Code::TooManyFailures, detail).after(wait)
}

fn of(account: &str) -> String {
    format!("account:{account}")
}
