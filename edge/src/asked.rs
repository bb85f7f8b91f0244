//! What a player's object is asked by others, and what it has to find out before it can answer.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::player::id;
use crate::shell::{After, Shell};
use crate::{calls, region};
use futures_util::stream::{self, StreamExt};
use shared::caps;
use shared::id::PlayerId;
use shared::internal::{PlayerAnswer, PlayerAsk};
use shared::notice::Notice;
use shared::player::{Effect, Input, Player};
use shared::presence::{self, Need, PeerAnswer, PeerAsk, Presence, Sight, State};
use shared::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use worker::{Request, Response, console_error};

/// Things to find out before an answer: who may see them, and which sockets are there; once more where one of these
/// changed meanwhile.
const ROUNDS: usize = 4;

/// Answers one request of another object, or of the Worker.
pub async fn answer(shell: &Rc<Shell<Player>>, mut request: Request) -> Result<Response> {
    let path = request.path();
    if path == "/open" {
        return shell.open(&request).await;
    }
    let text = request.text().await?;
    Ok(match path.as_str() {
        calls::ASK => Response::from_json(&asked(shell, serde_json::from_str(&text)?).await?),
        calls::NOTICES => Response::from_json(&noticed(shell, &serde_json::from_str::<Vec<Notice>>(&text)?)?),
        calls::PEER => Response::from_json(&peer(shell, serde_json::from_str(&text)?).await?),
        calls::PRESENCE => Response::from_json(&others(shell, serde_json::from_str(&text)?).await?),
        _ => return Err(Error::refused(404, "not_found", "no such question")),
    }?)
}

/// A turn that has an answer. It is good once what follows from it is carried out.
fn change<T>(
    shell: &Rc<Shell<Player>>,
    turn: impl FnOnce(&mut Player, Time) -> (T, Vec<Effect>),
) -> Result<T> {
    let Some(mut player) = shell.take()? else {
        return Err(Error::Unavailable("a player cannot be read now".to_owned()));
    };
    let (answer, effects) = turn(&mut player, now());
    let erased = effects.contains(&Effect::Erase);
    let after = shell.perform(effects);
    if after == After::GoOn {
        shell.put(player);
    }
    shell.settle();
    if after == After::GoOn || erased {
        Ok(answer)
    } else {
        Err(Error::Unavailable("a player could not be saved".to_owned()))
    }
}

fn noticed(shell: &Rc<Shell<Player>>, notices: &[Notice]) -> Result<()> {
    for notice in notices {
        change(shell, |player, now| ((), player.handle(now, Input::Noticed { notice })))?;
    }
    Ok(())
}

/// Before a lease counts against somebody its object is asked whether the socket is still there, and what is to make
/// room has done so before there is room.
async fn asked(shell: &Rc<Shell<Player>>, ask: PlayerAsk) -> Result<PlayerAnswer> {
    let decide = || change(shell, |player, now| player.ask(now, ask.clone()));
    let mut answer = decide()?;
    if let PlayerAnswer::Full { at, .. } = &answer {
        look(shell, at.iter().cloned().collect()).await?;
        answer = decide()?;
    }
    if let PlayerAnswer::Full { out, .. } = &answer
        && !out.is_empty()
    {
        let player = id(shell)?;
        for one in out {
            let asked = now();
            let holding = calls::dismiss(&shell.env, &one.object, &player, &one.dismissal).await?;
            correct(shell, one.object.clone(), holding, asked)?;
        }
        answer = decide()?;
    }
    Ok(answer)
}

/// Asks places what they hold of theirs. One that does not answer is believed to hold what it held.
async fn look(shell: &Rc<Shell<Player>>, objects: BTreeSet<String>) -> Result<()> {
    let player = id(shell)?;
    for object in objects {
        let asked = now();
        match calls::holds(&shell.env, &object, &player).await {
            Ok(holding) => correct(shell, object, holding, asked)?,
            Err(error) => console_error!("{error:?}; its leases count"),
        }
    }
    Ok(())
}

fn correct(
    shell: &Rc<Shell<Player>>,
    object: String,
    holding: Vec<shared::socket::Conn>,
    asked: Time,
) -> Result<()> {
    let ask = PlayerAsk::Correct { object, holding, asked };
    change(shell, |player, now| player.ask(now, ask)).map(drop)
}

async fn peer(shell: &Rc<Shell<Player>>, ask: PeerAsk) -> Result<PeerAnswer> {
    // A line that died without a word is nobody who listens, and nobody who is here.
    let lines = change(shell, |player, _| (player.conns(), Vec::new()))?;
    shell.hush(&lines);
    for _ in 0..ROUNDS {
        match change(shell, |player, now| player.peer(now, ask.clone()))? {
            Ok(answer) => return Ok(answer),
            Err(need) => find_out(shell, need).await?,
        }
    }
    Err(Error::Unavailable("who may see a player changes all the time".to_owned()))
}

async fn find_out(shell: &Rc<Shell<Player>>, need: Need) -> Result<()> {
    match need {
        Need::Circle => {
            let turn = change(shell, |player, _| (player.circle_turn(), Vec::new()))?;
            let circle = region::circle(&shell.env, &id(shell)?).await?;
            change(shell, |player, now| {
                let circle = &circle;
                ((), player.handle(now, Input::Circled { turn, circle }))
            })
        }
        Need::Look(objects) => {
            let asked = now();
            look(shell, objects.into_iter().collect()).await?;
            change(shell, |player, _| (player.looked(asked), Vec::new()))
        }
    }
}

/// How others are. Who may not be seen is not even asked.
async fn others(shell: &Rc<Shell<Player>>, ask: presence::Ask) -> Result<presence::Answer> {
    let bar = |player: &mut Player, now| (player.bar(now, ask.ep, &ask.sid), Vec::new());
    if let Some(why) = change(shell, bar)? {
        return Ok(presence::Answer::Barred(why));
    }
    let mut friends = Vec::new();
    for _ in 0..ROUNDS {
        match change(shell, |player, _| (player.may_see(&ask.players), Vec::new()))? {
            Ok(all) => {
                friends = all;
                break;
            }
            Err(need) => find_out(shell, need).await?,
        }
    }
    let look = PeerAsk::Look { by: id(shell)? };
    let one = |friend: PlayerId| {
        let look = &look;
        async move {
            match calls::peer(&shell.env, &friend, look).await? {
                PeerAnswer::Sight { sight, .. } => Ok((friend, sight)),
                PeerAnswer::Heard | PeerAnswer::Gone => {
                    Err(Error::Ours("an answer to another question".to_owned()))
                }
            }
        }
    };
    let mut sights = BTreeMap::new();
    let mut answers = stream::iter(friends).map(one).buffer_unordered(caps::AT_ONCE);
    while let Some(answer) = answers.next().await {
        let (friend, sight) = answer?;
        sights.insert(friend, sight);
    }
    let offline = Sight { state: State::Offline, as_of: now() };
    let seen = ask
        .players
        .into_iter()
        .map(|player| Presence { sight: sights.get(&player).copied().unwrap_or(offline), player });
    Ok(presence::Answer::Seen(seen.collect()))
}
