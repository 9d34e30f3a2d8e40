//! Switches an endpoint off whose address is gone, unless the user has set it anew in the meantime.

use super::{
    Store,
    error::{Refused, StoreError},
    expression::{Action, Condition},
    number,
    table::{self, Key},
    user_actions::stamp,
    user_item::ENDPOINTS,
    write::Write,
};
use crate::domain::{Timestamp, UserId};

impl Store {
    /// Marks the endpoint of the configured channel `channel_id` as gone, if its settings are still those that were
    /// written at `written_at`. Settings that were written since are another endpoint, even with the same address. Costs
    /// one call, or two if the stored time is later than `now`, because another machine's clock is ahead.
    pub async fn switch_off(
        &self,
        id: UserId,
        channel_id: &str,
        written_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for stamped in [Some(now), None] {
            let (actions, condition) = switched_off(channel_id, written_at, now, stamped);
            let write = Write::once(actions, condition, self.random.uuid());
            match self.send(&Key::user(id), &write, write.render()).await {
                Ok(_) => return Ok(()),
                Err(Refused::Error(error)) => return Err(error),
                // The endpoint was set anew, or the item's time is later: the second write tells.
                Err(Refused::Condition(_)) => {}
            }
        }
        Ok(())
    }
}

/// The actions and their condition. `stamped` is the new time of the item; `None` keeps its time.
fn switched_off(
    channel_id: &str,
    written_at: Timestamp,
    now: Timestamp,
    stamped: Option<Timestamp>,
) -> (Vec<Action>, Condition) {
    let mut actions = vec![Action::Set([ENDPOINTS, channel_id, "gone_at"].into(), number(now.millis()))];
    actions.extend(stamp(stamped));
    let mut conditions = vec![
        Condition::Missing(table::ERASED_AT.into()),
        Condition::Equals([ENDPOINTS, channel_id, "updated_at"].into(), number(written_at.millis())),
    ];
    conditions.extend(stamped.map(|now| Condition::AtMost(table::UPDATED_AT.into(), number(now.millis()))));
    (actions, Condition::All(conditions))
}
