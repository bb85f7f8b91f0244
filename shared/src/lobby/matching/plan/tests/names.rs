//! Tests the attribute names that classes know, as tickets come and go.

use crate::limits;
use crate::lobby::matching::compatibility::fits_at;
use crate::lobby::matching::plan::tests::{FIFO, chance, pool, ticket};
use crate::lobby::matching::plan::*;
use serde_json::json;

#[test]
fn names_that_come_and_go_do_not_change_the_compatibility() {
    let rules = pool(FIFO);
    let most = u64::try_from(limits::ATTR_NAMES_MAX).unwrap();
    // Fewer names than the limit, and more.
    for names in [5, 40, 3 * most] {
        let mut draw = chance(names);
        let (mut waiting, mut here) = (TicketIndex::new(&rules), Vec::<Ticket>::new());
        for nth in 0..1500 {
            if here.len() > 300 {
                let gone = here.swap_remove(usize::try_from(draw(here.len() as u64)).unwrap());
                waiting.remove(&gone.id);
            }
            let value = |draw: &mut dyn FnMut(u64) -> u64| ["x", "y"][usize::try_from(draw(2)).unwrap()];
            let wanted = format!("name{}", draw(names));
            let wants = json!([{ "attr": wanted, "is": value(&mut draw), "relax": { "after_s": draw(9) } }]);
            let mut new = ticket(nth, draw(9000), 0.0, &wants);
            for _ in 0..4 {
                new.members[0].attrs.insert(format!("name{}", draw(names)), value(&mut draw).into());
            }
            waiting.insert(Time::from_ms(9000), new.clone());
            here.push(new);
            for _ in 0..20 {
                let [a, b] = [draw(here.len() as u64), draw(here.len() as u64)];
                let [a, b] = [a, b].map(|it| &here[usize::try_from(it).unwrap()]);
                if a.id != b.id {
                    let known = waiting.fits_at_by_id(&a.id, &b.id, &RecentOpponents::default());
                    assert_eq!(known, fits_at(a, b, &rules, &RecentOpponents::default()), "{a:?} {b:?}");
                }
            }
        }
        assert!(waiting.names() <= limits::ATTR_NAMES_MAX);
    }
}

#[test]
fn name_that_no_ticket_uses_is_forgotten() {
    let mut waiting = TicketIndex::new(&pool(FIFO));
    for nth in 0..5000 {
        let wants = json!([{ "attr": format!("name{nth}"), "is": "x" }]);
        waiting.insert(Time::from_ms(1), ticket(nth, 1, 0.0, &wants));
        assert!(waiting.names() <= 2);
        waiting.remove(&format!("t_{nth}").parse().unwrap());
    }
}
