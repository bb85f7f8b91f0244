//! Coming in company: a party is made, joined by its code, taken into the queue by whoever leads it, and plays together.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Table;
use super::lobby::enter;
use super::pools::{come, pool, several, two};
use super::queue::end;
use super::table::{field, must};
use crate::wire::{Player, Socket, ev, num, text, unique};

checks! {
    "W-321" "party is answered with the party, and tells it: code, leader, members, most" => party;
    "W-322" "join by the code is in the party, and everybody in it hears; a wrong code is no_party" => join;
    "W-323" "a party that is full is party_full" => full;
    "W-324" "only the leader takes a party into the queue, and puts somebody out: not_leader" => not_leader;
    "W-325" "queued tells everybody in a party the same ticket, with all of them" => queued_together;
    "W-326" "a party plays on one team: matched and the seats of the room say so" => one_team;
    "W-327" "who leaves the queue takes their party out of it; who leaves again, leaves the party" => leave_twice;
    "W-328" "where nobody comes in company, party is forbidden" => no_company;
}

async fn teams(table: &Table) -> Result<String> {
    let fits = |rules: &Value| {
        num(rules, "/party") == Some(2)
            && num(rules, "/teams") == Some(2)
            && num(rules, "/seats") == Some(4)
            && num(rules, "/propose_s").is_none()
            && num(rules, "/parts") == Some(1)
    };
    pool(table, "the edge has no pool of two teams of two", fits).await
}

/// Everybody together: the first leads.
async fn together(people: &mut [(Player, Socket)], mark: &str) -> Result<String> {
    let body = json!({"attrs": {"mark": mark}, "wants": [{"attr": "mark", "is": mark}]});
    let mut code = String::new();
    for (nth, (_, socket)) in people.iter_mut().enumerate() {
        let mut body = body.clone();
        if nth > 0 {
            shared::protocol::event::add(&mut body, "party", code.as_str());
        }
        let op = if nth == 0 { "party" } else { "join" };
        let ok = socket.ok(json!({"op": op, "body": body})).await?;
        text(&ok, "/party").clone_into(&mut code);
    }
    Ok(code)
}

async fn party(table: Table) -> Result<()> {
    let pool = teams(&table).await?;
    let guest = table.guest().await?;
    let mut socket = come(&table, &pool, &guest).await?;
    let ok = socket.ok(json!({"op": "party"})).await?;
    let event = socket.event("party").await?;
    must(event.get("body") == Some(&ok), "the same", &event)?;
    must(!text(&ok, "/party").is_empty(), "a code", &ok)?;
    must(text(&ok, "/leader") == guest.id, "leader", &ok)?;
    must(text(&ok, "/members/0/player") == guest.id, "members", &ok)?;
    must(!text(&ok, "/members/0/name").is_empty(), "a name", &ok)?;
    must(num(&ok, "/most") == Some(2), "most", &ok)?;
    let again = socket.ok(json!({"op": "party"})).await?;
    ensure!(again == ok, "{ok}, then {again}");
    socket.cut();
    let mut socket = come(&table, &pool, &guest).await?;
    let event = socket.event("party").await?;
    must(event.get("body") == Some(&ok), "on each socket", &event)
}

async fn join(table: Table) -> Result<()> {
    let pool = teams(&table).await?;
    let [(ana, mut a), (bo, mut b)] = two(&table, &pool).await?;
    let party = a.ok(json!({"op": "party"})).await?;
    a.event("party").await?;
    let wrong = json!({"op": "join", "body": {"party": "0-aaaaaaaaaaaaa"}});
    b.err(wrong, "no_party").await?;
    let none = json!({"op": "join", "body": {}});
    let fault = b.err(none, "bad_field").await?;
    must(field(&fault) == "body.party", "names it", &fault)?;
    let by = json!({"op": "join", "body": {"party": text(&party, "/party")}});
    let ok = b.ok(by).await?;
    for socket in [&mut a, &mut b] {
        let event = socket.event("party").await?;
        must(event.get("body") == Some(&ok), "the same", &event)?;
    }
    must(text(&ok, "/leader") == ana.id, "leader", &ok)?;
    must(text(&ok, "/members/1/player") == bo.id, "members", &ok)
}

async fn full(table: Table) -> Result<()> {
    let pool = teams(&table).await?;
    let mut people = several(&table, &pool, 2).await?;
    let code = together(&mut people, &unique()).await?;
    let third = table.guest().await?;
    let mut socket = come(&table, &pool, &third).await?;
    let join = json!({"op": "join", "body": {"party": code}});
    socket.err(join, "party_full").await.map(drop)
}

async fn not_leader(table: Table) -> Result<()> {
    let pool = teams(&table).await?;
    let mut people = several(&table, &pool, 2).await?;
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
        .wait("to be put out", |one| ev(one) == "party" && one.pointer("/body/party") == Some(&Value::Null))
        .await?;
    must(gone.get("at").is_none(), "no position", &gone)?;
    // On their own again.
    b.ok(enter(&unique())).await?;
    b.ok(json!({"op": "leave"})).await.map(drop)
}

async fn queued_together(table: Table) -> Result<()> {
    let pool = teams(&table).await?;
    let mut people = several(&table, &pool, 2).await?;
    let mark = unique();
    together(&mut people, &mark).await?;
    let ids: Vec<String> = people.iter().map(|(player, _)| player.id.clone()).collect();
    let [(_, a), (_, b)] = people.as_mut_slice() else {
        return Ok(());
    };
    let ok = a.ok(enter(&mark)).await?;
    must(ok.get("with") == Some(&json!(ids)), "with", &ok)?;
    for socket in [&mut *a, &mut *b] {
        let event = socket.event("queued").await?;
        must(event.get("body") == Some(&ok), "the same", &event)?;
    }
    let again = b.ok(enter(&mark)).await?;
    ensure!(again == ok, "one ticket: {ok} and {again}");
    a.ok(json!({"op": "leave"})).await.map(drop)
}

async fn one_team(table: Table) -> Result<()> {
    let pool = teams(&table).await?;
    let mark = unique();
    let mut sides = Vec::new();
    for _ in 0..2 {
        let mut people = several(&table, &pool, 2).await?;
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
        let event = socket.event("matched").await?;
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
    let room = told.first().map_or("", |event| text(event, "/body/room"));
    let mut socket = table.server().room(room, first).connect().await?;
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
        must(same, "a party has seats of one team", &welcome)?;
    }
    end(&table, &told, first).await
}

async fn leave_twice(table: Table) -> Result<()> {
    let pool = teams(&table).await?;
    let mut people = several(&table, &pool, 2).await?;
    let mark = unique();
    together(&mut people, &mark).await?;
    let [(_, a), (bo, b)] = people.as_mut_slice() else {
        return Ok(());
    };
    a.ok(enter(&mark)).await?;
    b.ok(json!({"op": "leave"})).await?;
    let out = a.event("expired").await?;
    must(text(&out, "/body/reason") == "party_left", "reason", &out)?;
    a.err(json!({"op": "why"}), "no_ticket").await?;
    a.rest();
    b.ok(json!({"op": "leave"})).await?;
    let rest = a.wait("the party without them", |one| ev(one) == "party").await?;
    let members = rest.pointer("/body/members").and_then(Value::as_array);
    let alone =
        members.is_some_and(|all| all.len() == 1 && all.iter().all(|one| text(one, "/player") != bo.id));
    must(alone, "one is left", &rest)?;
    b.err(json!({"op": "leave"}), "no_ticket").await.map(drop)
}

async fn no_company(table: Table) -> Result<()> {
    let fits = |rules: &Value| num(rules, "/party") == Some(1);
    let pool = pool(&table, "everybody may come in company everywhere", fits).await?;
    let guest = table.guest().await?;
    let mut socket = come(&table, &pool, &guest).await?;
    socket.err(json!({"op": "party"}), "forbidden").await.map(drop)
}
