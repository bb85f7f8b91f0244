//! Tests the readers of logs and their errors.

use super::*;
use crate::matching::log::Event;

fn refused(log: Result<Log>, words: &[&str]) {
    let error = format!("{:#}", log.unwrap_err());
    for word in words {
        assert!(error.contains(word), "{error}\nlacks {word}");
    }
}

#[test]
fn both_formats_give_the_same_log() {
    let one = csv(concat!(
        "at,player,op,rating,deviation,lang,age,tags,wants,patience_s\n",
        "0,p_1,enter,1510.5,80,en,31,\"[\"\"go\"\"]\",\"[{\"\"attr\"\":\"\"lang\"\",\"\"is\"\":\"\"en\"\"}]\",60\n",
        "250,p_2,,,,fr,,,,\n",
        "900,p_1,leave,,,,,,,\n",
    ))
    .unwrap();
    let two = json(concat!(
        r#"{"at":"1970-01-01T00:00:00Z","player":"p_1","rating":1510.5,"deviation":80,"#,
        r#""attrs":{"lang":"en","age":31,"tags":["go"]},"wants":[{"attr":"lang","is":"en"}],"patience_s":60}"#,
        "\n\n",
        r#"{"at":250,"player":"p_2","op":"enter","attrs":{"lang":"fr"}}"#,
        "\n",
        r#"{"at":"1970-01-01T01:00:00.9+01:00","player":"p_1","op":"leave"}"#,
    ))
    .unwrap();
    assert_eq!(one.events, two.events);
    assert_eq!(one.events[2], (Time::from_ms(900), Event::Leave(0)));
    for (a, b) in one.entries.iter().zip(&two.entries) {
        assert_eq!((&a.ticket, a.patience), (&b.ticket, b.patience));
    }
    assert_eq!(one.entries[0].people[0].deviation, Some(80.0));
    assert!((one.entries[1].people[0].rating - RATING).abs() < 1e-9);
}

#[test]
fn lines_may_have_any_order() {
    let log = csv("at,player\n20,p_2\n10,p_1\n").unwrap();
    assert_eq!(log.entries[0].people[0].player.as_str(), "p_1");
}

#[test]
fn error_has_line_column_and_reason() {
    refused(csv("player\np_1\n"), &["line 1", "column at is missing"]);
    refused(csv("at,player,at\n1,p_1,1\n"), &["line 1, column at", "twice"]);
    refused(csv("at,player\n1,p_1,3\n"), &["line 2"]);
    refused(csv("at,player\n1,p_1\nsoon,p_2\n"), &["line 3, column at", "soon"]);
    refused(csv("at,player\n-5,p_1\n"), &["line 2, column at", "-5"]);
    refused(csv("at,player,rating\n1,p_1,high\n"), &["line 2, column rating", "high"]);
    refused(csv("at,player,patience_s\n1,p_1,-1\n"), &["line 2, column patience_s"]);
    refused(csv("at,player,patience_s\n1,p_1,1e300\n"), &["line 2, column patience_s"]);
    refused(csv("at,player,op\n1,p_1,go\n"), &["line 2, column op"]);
    refused(csv("at,player\n1,\n"), &["line 2, column player"]);
    refused(csv("at,player,wants\n1,p_1,{\n"), &["line 2, column wants", "not JSON"]);
    let want = "at,player,wants\n1,p_1,\"[{\"\"attr\"\":\"\"a\"\",\"\"within\"\":-1}]\"\n";
    refused(csv(want), &["line 2, column wants[0].within", "0 or more"]);
    refused(csv("at,player,x\n1,p_1,{}\n"), &["line 2, column x"]);
    refused(csv("at,player,op\n1,p_1,leave\n"), &["line 2, column player", "without having entered"]);
    refused(json("{\"at\":1,\"player\":\"p_1\"}\n{"), &["line 2, column 1"]);
    refused(json(r#"{"at":1,"player":"p_1","ratng":1}"#), &["line 1, column ratng", "unknown"]);
    refused(json(r#"{"at":true,"player":"p_1"}"#), &["line 1, column at"]);
    refused(json(r#"{"at":1,"player":7}"#), &["line 1, column player"]);
    refused(json(r#"{"at":1,"player":"p_1","attrs":[]}"#), &["line 1, column attrs"]);
    refused(json("\n"), &["no player enters"]);
    let many: String = (0..30).map(|_| "x,p_1\n").collect();
    refused(csv(&format!("at,player\n{many}")), &["line 11", "and 20 more"]);
}

#[test]
fn any_text_is_a_player_id() {
    let log = csv("at,player\n1,ana@example.org\n2,ana@example.org\n3,p_ana\n").unwrap();
    let players: Vec<_> = log.entries.iter().map(|it| &it.people[0].player).collect();
    assert_eq!(players[0], players[1]);
    assert_ne!(players[0], players[2]);
}
