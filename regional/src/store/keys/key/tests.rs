//! Tests that every row parses its own key, and that erasure visits all of them.

use super::*;

fn example(kind: RowKind) -> Key {
    let player: PlayerId = "p_1".parse().unwrap();
    let other: PlayerId = "p_2".parse().unwrap();
    let match_id: RoomId = "m_1".parse().unwrap();
    let cursor = HistoryCursor { ended: Time::from_ms(42), id: match_id.clone() };
    match kind {
        RowKind::AccountFailures => Key::Counter(Counter::AccountFailures("aaaa".into())),
        RowKind::AddressFailures => Key::Counter(Counter::AddressFailures("2001:db8:0:1::/64".into())),
        RowKind::ReportCount => Key::Counter(Counter::Reports(player)),
        RowKind::Account => Key::Account("aaaa".into()),
        RowKind::Session => Key::Session("s_1".parse().unwrap()),
        RowKind::Answer => Key::Answer(player, "key#with#hashes".into()),
        RowKind::Block => Key::Block(player, other),
        RowKind::BlockedBy => Key::BlockedBy(player, other),
        RowKind::Follow => Key::Follow(player, other),
        RowKind::Rating => Key::Rating(player, "ranked".parse().unwrap()),
        RowKind::Picture => Key::Picture(player, "i_1".parse().unwrap()),
        RowKind::Ban => Key::Ban(player, Time::from_ms(42), "b_1".parse().unwrap()),
        RowKind::UsedSignature => Key::UsedSignature("00ff".into()),
        RowKind::Report => Key::Report("r_1".parse().unwrap()),
        RowKind::ReportAbout => Key::ReportAbout(player, Time::from_ms(42), "r_1".parse().unwrap()),
        RowKind::Note => Key::Note(player, Time::from_ms(42), "n_1".parse().unwrap()),
        RowKind::Audit => Key::Audit(Time::from_ms(42), "a_1".parse().unwrap()),
        RowKind::MatchCopy => Key::MatchCopy(player, cursor),
        RowKind::Match => Key::Match(match_id),
        RowKind::Dispute => Key::Dispute(cursor),
        RowKind::OpenRoom => Key::OpenRoom(Time::from_ms(42), match_id),
        RowKind::Delivery => {
            let line = Line { endpoint: "backend".into(), subject: "m_1".into() };
            Key::Delivery(line, "0#w_1".into())
        }
        RowKind::DeadDelivery => Key::DeadDelivery("w_1".parse().unwrap()),
        RowKind::Profile => Key::Profile(player),
        RowKind::Erased => Key::Erased(player),
    }
}

#[test]
fn every_row_parses_its_own_key() {
    for kind in RowKind::ALL {
        let key = example(*kind);
        assert_eq!(key.kind(), *kind);
        assert_eq!(Key::parse(&key.pk(), &key.sk()), Some(key));
    }
}

#[test]
fn unknown_rows_are_not_parsed() {
    for (pk, sk) in
        [("", ""), ("U#p_1", "NEW#1"), ("Z#1", "Z"), ("S#s_1", "X"), ("U#x", "PROFILE"), ("L#new:1", "L")]
    {
        assert_eq!(Key::parse(pk, sk), None, "{pk} {sk}");
    }
}

#[test]
fn erasure_visits_counted_relations_before_the_profile() {
    for kind in [RowKind::Block, RowKind::BlockedBy, RowKind::Follow] {
        assert!(kind < RowKind::Profile);
    }
    assert!(RowKind::AccountFailures < RowKind::Account);
}
