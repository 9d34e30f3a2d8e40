//! Device tokens that their provider no longer knows: taken from the user, if they are still the ones that were used.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Action, Condition, Key, Refused, Store, StoreError, endpoints, number, records::UserItem, retry, string, table,
    users::stamp,
};
use crate::domain::{Timestamp, UserId};

const PUSH_TOKEN: &str = "push_token";
const ROUNDS: u32 = 8;

impl Store {
    /// Takes device tokens from a user, wherever they stand: on the configured channel `channel_id`, as contract 1's push
    /// token. A token that was replaced meanwhile stays. Without any token left, the channel's settings go.
    pub async fn prune(&self, id: UserId, channel_id: &str, gone: &[String], now: Timestamp) -> Result<(), StoreError> {
        let key = Key::user(id);
        let Some(item) = self.get(&key).await? else { return Ok(()) };
        let mut seen = UserItem::read(item)?;
        for round in 0..ROUNDS {
            let Some((mut actions, mut conditions)) = pruned(&seen, channel_id, gone) else { return Ok(()) };
            let stamped = (seen.updated_at <= now.millis()).then_some(now);
            actions.extend(stamp(stamped));
            conditions.extend(stamped.map(|now| Condition::AtMost(table::UPDATED_AT.into(), number(now.millis()))));
            match self.update_once(&key, &actions, Condition::All(conditions)).await {
                Ok(_) => return Ok(()),
                Err(Refused::Error(error)) => return Err(error),
                Err(Refused::Condition(item)) if item.is_empty() => return Ok(()),
                Err(Refused::Condition(item)) => seen = UserItem::read(item)?,
            }
            retry::pause(round).await;
        }
        Err(StoreError::Unavailable("others keep changing this user".into()))
    }
}

/// What to do about a user as seen, and what must still be so; nothing where none of the tokens is there.
fn pruned(user: &UserItem, channel_id: &str, gone: &[String]) -> Option<(Vec<Action>, Vec<Condition>)> {
    let (mut actions, mut conditions) = (Vec::new(), vec![Condition::Missing(table::ERASED_AT.into())]);
    if let Some(token) = user.push_token.as_ref().filter(|token| gone.contains(token)) {
        actions.push(Action::Remove(PUSH_TOKEN.into()));
        conditions.push(Condition::Equals(PUSH_TOKEN.into(), string(token)));
    }
    if let Some(endpoint) = user.endpoints.get(channel_id) {
        let tokens = &endpoint.settings.device_tokens;
        let left: Vec<_> = tokens.iter().filter(|token| !gone.contains(token)).collect();
        if left.len() < tokens.len() {
            let list = |tokens: Vec<&String>| AttributeValue::L(tokens.into_iter().map(string).collect());
            let path = || ["endpoints", channel_id, "settings", "device_tokens"].into();
            conditions.push(Condition::Equals(path(), list(tokens.iter().collect())));
            if left.is_empty() {
                actions.extend(endpoints::remove(channel_id));
            } else {
                actions.push(Action::Set(path(), list(left)));
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
        store::{expression::render, records::EndpointItem},
    };

    fn user(tokens: &[&str]) -> UserItem {
        let device_tokens = tokens.iter().map(|token| (*token).to_owned()).collect();
        let settings = Settings { device_tokens, ..Settings::default() };
        UserItem {
            push_token: Some("c".into()),
            endpoints: [("x".into(), EndpointItem::new(Provider::Fcm, &settings, Timestamp::EPOCH))].into(),
            ..UserItem::default()
        }
    }

    fn update(user: &UserItem, gone: &[&str]) -> Option<String> {
        let gone: Vec<_> = gone.iter().map(|token| (*token).to_owned()).collect();
        pruned(user, "x", &gone).and_then(|(actions, _)| render(&actions, None).update)
    }

    #[test]
    fn only_what_is_gone_is_taken() {
        assert_eq!(update(&user(&["a", "b"]), &["z"]), None);
        assert_eq!(update(&user(&["a", "b"]), &["a"]).as_deref(), Some("SET #n0.#n1.#n2.#n3 = :v0"));
        assert_eq!(update(&user(&["a"]), &["c"]).as_deref(), Some("REMOVE #n0"));
        assert_eq!(update(&user(&["a"]), &["a"]).as_deref(), Some("REMOVE #n0.#n1, #n2.#n1"));
    }
}
