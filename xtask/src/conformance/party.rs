//! Checks of parties: creation, joining by code, the leader, queueing and playing together.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::{field, must};
use super::lobby::enter;
use super::pools::{come, pool, several, two};
use super::queue::{end, room_of};
use crate::wire::{LobbyEvent, Player, Socket, num, text, unique};
use crate::{is_event, next_event};

checks! {
    "W-321" "party is answered with the party, and a party event has code, leader, members, most" => party;
    "W-322" "join by the code adds the player to the party, and every member gets an event; a wrong code is no_party" => join;
    "W-323" "joining a full party is party_full" => full;
    "W-324" "only the leader may enter the queue with a party or remove a member: not_leader" => not_leader;
    "W-325" "every member of a party gets queued with the same ticket and all members" => queued_together;
    "W-326" "a party plays on one team, in matched and in the seats of the room" => one_team;
    "W-327" "a member's leave withdraws the party's ticket; a second leave leaves the party" => leave_twice;
    "W-328" "party is forbidden where parties are disabled" => no_company;
}

async fn teams(fixture: &Fixture) -> Result<String> {
    let fits = |rules: &Value| {
        num(rules, "/party") == Some(2)
            && num(rules, "/teams") == Some(2)
            && num(rules, "/seats") == Some(4)
            && num(rules, "/propose_s").is_none()
            && num(rules, "/parts") == Some(1)
    };
    pool(fixture, "the edge has no pool of two teams of two", fits).await
}

/// Forms a party of these players: the first leads.
async fn together(people: &mut [(Player, Socket)], mark: &str) -> Result<String> {
    let body = json!({"attrs": {"mark": mark}, "wants": [{"attr": "mark", "is": mark}]});
    let mut code = String::new();
    for (nth, (_, socket)) in people.iter_mut().enumerate() {
        let mut body = body.clone();
        if let Some(fields) = body.as_object_mut().filter(|_| nth > 0) {
            fields.insert("party".into(), code.as_str().into());
        }
        let op = if nth == 0 { "party" } else { "join" };
        let ok = socket.ok(json!({"op": op, "body": body})).await?;
        text(&ok, "/party").clone_into(&mut code);
    }
    Ok(code)
}

async fn party(fixture: Fixture) -> Result<()> {
    let pool = teams(&fixture).await?;
    let guest = fixture.guest().await?;
    let mut socket = come(&fixture, &pool, &guest).await?;
    let ok = socket.ok(json!({"op": "party"})).await?;
    let event = next_event!(socket, LobbyEvent::Party).await?;
    must(event.get("body") == Some(&ok), "the same", &event)?;
    must(!text(&ok, "/party").is_empty(), "a code", &ok)?;
    must(text(&ok, "/leader") == guest.id, "leader", &ok)?;
    must(text(&ok, "/members/0/player") == guest.id, "members", &ok)?;
    must(!text(&ok, "/members/0/name").is_empty(), "a name", &ok)?;
    must(num(&ok, "/most") == Some(2), "most", &ok)?;
    let again = socket.ok(json!({"op": "party"})).await?;
    ensure!(again == ok, "{ok}, then {again}");
    socket.cut();
    let mut socket = come(&fixture, &pool, &guest).await?;
    let event = next_event!(socket, LobbyEvent::Party).await?;
    must(event.get("body") == Some(&ok), "on each socket", &event)
}

async fn join(fixture: Fixture) -> Result<()> {
    let pool = teams(&fixture).await?;
    let [(ana, mut a), (bo, mut b)] = two(&fixture, &pool).await?;
    let party = a.ok(json!({"op": "party"})).await?;
    next_event!(a, LobbyEvent::Party).await?;
    let wrong = json!({"op": "join", "body": {"party": "0-aaaaaaaaaaaaa"}});
    b.err(wrong, "no_party").await?;
    let none = json!({"op": "join", "body": {}});
    let fault = b.err(none, "bad_field").await?;
    must(field(&fault) == "body.party", "names it", &fault)?;
    let by = json!({"op": "join", "body": {"party": text(&party, "/party")}});
    let ok = b.ok(by).await?;
    for socket in [&mut a, &mut b] {
        let event = next_event!(socket, LobbyEvent::Party).await?;
        must(event.get("body") == Some(&ok), "the same", &event)?;
    }
    must(text(&ok, "/leader") == ana.id, "leader", &ok)?;
    must(text(&ok, "/members/1/player") == bo.id, "members", &ok)
}

async fn full(fixture: Fixture) -> Result<()> {
    let pool = teams(&fixture).await?;
    let mut people = several(&fixture, &pool, 2).await?;
    let code = together(&mut people, &unique()).await?;
    let third = fixture.guest().await?;
    let mut socket = come(&fixture, &pool, &third).await?;
    let join = json!({"op": "join", "body": {"party": code}});
    socket.err(join, "party_full").await.map(drop)
}

async fn not_leader(fixture: Fixture) -> Result<()> {
    let pool = teams(&fixture).await?;
    let mut people = several(&fixture, &pool, 2).await?;
    let mark = unique();
    together(&mut people, &mark).await?;
    let [(ana, a), (bo, b)] = people.as_mut_slice() else {
        return Ok(());
    };
    b.err(enter(&mark), "not_leader").await?;
    let put_out = |player: &Player| json!({"op": "put_out", "body": {"player": player.id}});
    b.err(put_out(ana), "not_leader").await?;
    a.ok(put_out(bo)).await?;
    let gone = b
        .wait("to be removed", |one| {
            is_event!(one, LobbyEvent::Party) && one.pointer("/body/party") == Some(&Value::Null)
        })
        .await?;
    must(gone.get("at").is_none(), "no position", &gone)?;
    // The removed player may enter alone.
    b.ok(enter(&unique())).await?;
    b.ok(json!({"op": "leave"})).await.map(drop)
}

async fn queued_together(fixture: Fixture) -> Result<()> {
    let pool = teams(&fixture).await?;
    let mut people = several(&fixture, &pool, 2).await?;
    let mark = unique();
    together(&mut people, &mark).await?;
    let ids: Vec<String> = people.iter().map(|(player, _)| player.id.clone()).collect();
    let [(_, a), (_, b)] = people.as_mut_slice() else {
        return Ok(());
    };
    let ok = a.ok(enter(&mark)).await?;
    must(ok.get("with") == Some(&json!(ids)), "with", &ok)?;
    for socket in [&mut *a, &mut *b] {
        let event = next_event!(socket, LobbyEvent::Queued).await?;
        must(event.get("body") == Some(&ok), "the same", &event)?;
    }
    let again = b.ok(enter(&mark)).await?;
    ensure!(again == ok, "one ticket: {ok} and {again}");
    a.ok(json!({"op": "leave"})).await.map(drop)
}

async fn one_team(fixture: Fixture) -> Result<()> {
    let pool = teams(&fixture).await?;
    let mark = unique();
    let mut sides = Vec::new();
    for _ in 0..2 {
        let mut people = several(&fixture, &pool, 2).await?;
        together(&mut people, &mark).await?;
        let [(_, leader), _] = people.as_mut_slice() else {
            return Ok(());
        };
        leader.ok(enter(&mark)).await?;
        sides.push(people);
    }
    let ids = |side: &[(Player, Socket)]| -> Vec<String> {
        side.iter().map(|(player, _)| player.id.clone()).collect()
    };
    let expected: Vec<Vec<String>> = sides.iter().map(|side| ids(side)).collect();
    let mut told = Vec::new();
    for (_, socket) in sides.iter_mut().flatten() {
        let event = next_event!(socket, LobbyEvent::Matched).await?;
        let teams = event.pointer("/body/teams").and_then(Value::as_array);
        let teams = teams.cloned().unwrap_or_default();
        must(teams.len() == 2, "two teams", &event)?;
        for side in &expected {
            must(teams.contains(&json!(side)), "a party is a team", &event)?;
        }
        let with = event.pointer("/body/with").and_then(Value::as_array);
        must(with.map(Vec::len) == Some(3), "three others", &event)?;
        told.push(event);
    }
    let players: Vec<Player> = { sides.into_iter().flatten() }.map(|(player, _)| player).collect();
    let Some(first) = players.first() else {
        return Ok(());
    };
    let room = room_of(&told);
    let mut socket = fixture.server().room(room, first).connect().await?;
    let welcome = socket.welcome().await?;
    let members = welcome.get("members").and_then(Value::as_array).cloned();
    let members = members.unwrap_or_default();
    let team = |id: &String| {
        let member = members.iter().find(|member| text(member, "/player") == id)?;
        num(member, "/team")
    };
    for side in &expected {
        let numbers: Vec<_> = side.iter().map(team).collect();
        let same = matches!(numbers.as_slice(), [Some(a), Some(b)] if a == b);
        must(same, "a party has seats in one team", &welcome)?;
    }
    end(&fixture, &told, first).await
}

async fn leave_twice(fixture: Fixture) -> Result<()> {
    let pool = teams(&fixture).await?;
    let mut people = several(&fixture, &pool, 2).await?;
    let mark = unique();
    together(&mut people, &mark).await?;
    let [(_, a), (bo, b)] = people.as_mut_slice() else {
        return Ok(());
    };
    a.ok(enter(&mark)).await?;
    b.ok(json!({"op": "leave"})).await?;
    let out = next_event!(a, LobbyEvent::Expired).await?;
    must(text(&out, "/body/reason") == "party_left", "reason", &out)?;
    a.err(json!({"op": "why"}), "no_ticket").await?;
    a.take_received();
    b.ok(json!({"op": "leave"})).await?;
    let rest = a.wait("the party without them", |one| is_event!(one, LobbyEvent::Party)).await?;
    let members = rest.pointer("/body/members").and_then(Value::as_array);
    let alone =
        members.is_some_and(|all| all.len() == 1 && all.iter().all(|one| text(one, "/player") != bo.id));
    must(alone, "one is left", &rest)?;
    b.err(json!({"op": "leave"}), "no_ticket").await.map(drop)
}

async fn no_company(fixture: Fixture) -> Result<()> {
    let fits = |rules: &Value| num(rules, "/party") == Some(1);
    let pool = pool(&fixture, "every pool allows parties", fits).await?;
    let guest = fixture.guest().await?;
    let mut socket = come(&fixture, &pool, &guest).await?;
    socket.err(json!({"op": "party"}), "forbidden").await.map(drop)
}
