//! Removes device tokens that a provider does not know any more, unless the user has registered them again or replaced
//! them in the meantime.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Store,
    error::{Refused, StoreError},
    expression::{Action, Condition, Path},
    number, retry, string,
    table::{self, Key},
    user_actions::{remove_endpoint, stamp},
    user_item::{ENDPOINTS, EndpointItem, PUSH_TOKEN_AT, UserItem, attribute},
    write::Write,
};
use crate::domain::{Timestamp, UserId, user::Text};

const ROUNDS: u32 = 8;

/// A device token that its provider does not know any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneToken {
    /// The token.
    pub token: String,
    /// The token was gone at this time. It may have been registered again since.
    pub since: Timestamp,
}

impl GoneToken {
    /// Whether a token that was registered at this time, in milliseconds, is gone. A registration without a time is older
    /// than all that have one.
    pub(super) fn ends(&self, registered_at: Option<i64>) -> bool {
        registered_at.is_none_or(|at| at < self.since.millis())
    }

    /// The same as [`Self::ends`], as a condition on the attribute with the time of the registration.
    pub(super) fn condition(&self, registered_at: Path) -> Condition {
        let before = Condition::Below(registered_at.clone(), number(self.since.millis()));
        Condition::Any(vec![Condition::Missing(registered_at), before])
    }
}

impl Store {
    /// Removes the device tokens `gone` from a user: from the endpoint of the configured channel `channel_id`, and from
    /// contract 1's push token. A token that has replaced one of them stays, and so does one that was registered again
    /// since it was gone: the condition of the write says it. An endpoint without tokens is removed.
    pub async fn prune(
        &self,
        id: UserId,
        channel_id: &str,
        gone: &[GoneToken],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = Key::user(id);
        let Some(item) = self.get(&key).await? else { return Ok(()) };
        let mut seen = UserItem::read(item)?;
        for round in 0..ROUNDS {
            let Some((mut actions, mut conditions)) = pruned(&seen, channel_id, gone) else { return Ok(()) };
            let stamped = (seen.updated_at <= now.millis()).then_some(now);
            actions.extend(stamp(stamped));
            conditions.extend(stamped.map(|now| Condition::AtMost(table::UPDATED_AT.into(), number(now.millis()))));
            let write = Write::once(actions, Condition::All(conditions), self.random.uuid());
            match self.send(&key, &write, write.render()).await {
                Ok(_) => return Ok(()),
                Err(Refused::Error(error)) => return Err(error),
                Err(Refused::Condition(item)) if item.is_empty() => return Ok(()),
                Err(Refused::Condition(item)) => seen = UserItem::read(item)?,
            }
            retry::pause(round, &self.clock, &self.random).await;
        }
        Err(StoreError::Unavailable("others keep changing this user".into()))
    }
}

/// The actions for a user as it was read, and the conditions that the user has not changed since. `None` if the user
/// has none of the tokens from before they were gone.
fn pruned(user: &UserItem, channel_id: &str, gone: &[GoneToken]) -> Option<(Vec<Action>, Vec<Condition>)> {
    let (mut actions, mut conditions) = (Vec::new(), vec![Condition::Missing(table::ERASED_AT.into())]);
    let ends = |token: &String, at| gone.iter().find(|gone| gone.token == *token && gone.ends(at));
    if let Some(token) = &user.push_token
        && let Some(gone) = ends(token, user.push_token_at)
    {
        actions.extend([attribute(Text::PushToken), PUSH_TOKEN_AT].map(|name| Action::Remove(name.into())));
        conditions.push(Condition::Equals(attribute(Text::PushToken).into(), string(token)));
        conditions.push(gone.condition(PUSH_TOKEN_AT.into()));
    }
    if let Some(EndpointItem { settings, updated_at, .. }) = user.endpoints.get(channel_id) {
        // A write of the settings registers all their tokens.
        let tokens = &settings.device_tokens;
        let (ended, left): (Vec<_>, Vec<_>) =
            tokens.iter().map(|token| (token, ends(token, Some(*updated_at)))).partition(|(_, gone)| gone.is_some());
        if let Some(first) = ended.into_iter().filter_map(|(_, gone)| gone).min_by_key(|gone| gone.since) {
            let list = |tokens: Vec<&String>| AttributeValue::L(tokens.into_iter().map(string).collect());
            let path = || [ENDPOINTS, channel_id, "settings", "device_tokens"].into();
            conditions.push(Condition::Equals(path(), list(tokens.iter().collect())));
            conditions.push(first.condition([ENDPOINTS, channel_id, "updated_at"].into()));
            if left.is_empty() {
                actions.extend(remove_endpoint(channel_id));
            } else {
                actions.push(Action::Set(path(), list(left.into_iter().map(|(token, _)| token).collect())));
            }
        }
    }
    (!actions.is_empty()).then_some((actions, conditions))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Provider, Settings},
        store::user_item::EndpointItem,
    };

    /// When the tokens of the user below were registered.
    const REGISTERED: Timestamp = Timestamp::from_millis(5);

    fn user(tokens: &[&str]) -> UserItem {
        let device_tokens = tokens.iter().map(|token| (*token).to_owned()).collect();
        let settings = Settings { device_tokens, ..Settings::default() };
        UserItem {
            push_token: Some("c".into()),
            push_token_at: Some(REGISTERED.millis()),
            endpoints: [("x".into(), EndpointItem::new(Provider::Fcm, &settings, REGISTERED))].into(),
            ..UserItem::default()
        }
    }

    fn list(tokens: &[&str]) -> AttributeValue {
        AttributeValue::L(tokens.iter().map(|token| string(*token)).collect())
    }

    fn gone(token: &str, since: i64) -> GoneToken {
        GoneToken { token: token.to_owned(), since: Timestamp::from_millis(since) }
    }

    fn there() -> Condition {
        Condition::Missing("erased_at".into())
    }

    fn before(path: impl Into<Path>, since: i64) -> Condition {
        let path = path.into();
        Condition::Any(vec![Condition::Missing(path.clone()), Condition::Below(path, number(since))])
    }

    #[test]
    fn only_what_is_gone_is_taken() {
        let pruned = |user: &UserItem, token: &str| pruned(user, "x", &[gone(token, 6)]);
        let tokens = || ["endpoints", "x", "settings", "device_tokens"].into();
        let updated_at = ["endpoints", "x", "updated_at"];
        assert_eq!(pruned(&user(&["a", "b"]), "z"), None);
        assert_eq!(
            pruned(&user(&["a", "b"]), "a"),
            Some((
                vec![Action::Set(tokens(), list(&["b"]))],
                vec![there(), Condition::Equals(tokens(), list(&["a", "b"])), before(updated_at, 6)]
            ))
        );
        assert_eq!(
            pruned(&user(&["a"]), "c"),
            Some((
                vec![Action::Remove("push_token".into()), Action::Remove("push_token_at".into())],
                vec![there(), Condition::Equals("push_token".into(), string("c")), before("push_token_at", 6)]
            ))
        );
        assert_eq!(
            pruned(&user(&["a"]), "a"),
            Some((
                vec![Action::Remove(["endpoints", "x"].into()), Action::Remove(["endpoints_created", "x"].into())],
                vec![there(), Condition::Equals(tokens(), list(&["a"])), before(updated_at, 6)]
            ))
        );
    }

    #[test]
    fn a_token_that_was_registered_since_it_was_gone_stays() {
        for (since, is_taken) in [(4, false), (5, false), (6, true)] {
            for token in ["a", "c"] {
                assert_eq!(
                    pruned(&user(&["a", "b"]), "x", &[gone(token, since)]).is_some(),
                    is_taken,
                    "{token} {since}"
                );
            }
        }
        // Of two that are gone, only the one from before is taken; of two from before, the condition is the narrower.
        let of =
            |since| pruned(&user(&["a", "b"]), "x", &[gone("a", since), gone("b", 9)]).map(|(_, all)| all[2].clone());
        let updated_at = ["endpoints", "x", "updated_at"];
        assert_eq!(of(4), Some(before(updated_at, 9)));
        assert_eq!(of(7), Some(before(updated_at, 7)));
        // A push token from before times were kept was registered earlier than any token that has one.
        let old = UserItem { push_token_at: None, ..user(&[]) };
        assert!(pruned(&old, "x", &[gone("c", 0)]).is_some());
    }
}
