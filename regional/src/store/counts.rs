//! How often something happened lately: the moments, in one item that is changed by version.

use super::Store;
use super::item::{Item, get_number, get_text, n, s};
use super::keys::{Key, TTL, Table};
use super::step::Step;
use super::transact::Outcome;
use crate::error::Error;
use crate::lockout::{Rule, Times};
use shared::time::Time;
use std::time::Duration;

impl Store {
    /// How long until `what` may happen again, at this moment; none where it may now.
    pub async fn locked_strong(&self, what: &str, rule: Rule, now: Time) -> Result<Option<Duration>, Error> {
        let item = self.item_strong("get_count", Key::Count(what)).await?;
        Ok(read(item.as_ref())?.locked(rule, now))
    }

    /// Counts that `what` happened, or says how long until it may: exactly as often as the rule allows, however many
    /// count at once.
    pub async fn count(&self, what: &str, rule: Rule, now: Time) -> Result<Option<Duration>, Error> {
        let call = "count";
        // Who loses finds one more each time, so that after `most` losses it is full.
        for _ in 0..=rule.most {
            let item = self.item_strong(call, Key::Count(what)).await?;
            let times = read(item.as_ref())?;
            if let Some(wait) = times.locked(rule, now) {
                return Ok(Some(wait));
            }
            let list: Vec<_> = times.and(rule, now).iter().map(|at| at.ms().to_string()).collect();
            let mut item = Key::Count(what).item();
            let fields = [
                ("t", s("count")),
                ("v", n(times.version.unwrap_or_default() + 1)),
                ("times", s(list.join(","))),
                (TTL, n((now + rule.within).secs() + 1)),
            ];
            item.extend(fields.map(|(name, value)| (name.to_owned(), value)));
            let put = Step::put(Table::Core, item);
            let put = match times.version {
                None => put.only_if("attribute_not_exists(pk)"),
                Some(seen) => put.only_if("v = :seen").value(":seen", n(seen)),
            };
            if let Outcome::Done = self.commit(call, vec![put]).await? {
                return Ok(None);
            }
        }
        Err(Error::Contended { call })
    }
}

fn read(item: Option<&Item>) -> Result<Times, Error> {
    let Some(item) = item else {
        return Ok(Times::default());
    };
    let text: String = get_text(item, "times")?;
    let corrupt = |_| Error::Corrupt { attribute: "times" };
    let times = text.split(',').map(|ms| ms.parse().map(Time::from_ms).map_err(corrupt));
    Ok(Times { times: times.collect::<Result<_, _>>()?, version: Some(get_number(item, "v")?) })
}
