//! Removes device tokens that a provider does not know any more, unless the user has replaced them in the meantime.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Store,
    error::{Refused, StoreError},
    expression::{Action, Condition},
    number, retry, string,
    table::{self, Key},
    user_actions::{remove_endpoint, stamp},
    user_item::{ENDPOINTS, UserItem, attribute},
    write::Write,
};
use crate::domain::{Timestamp, UserId, user::Text};

const ROUNDS: u32 = 8;

impl Store {
    /// Removes the device tokens `gone` from a user: from the endpoint of the configured channel `channel_id`, and from
    /// contract 1's push token. A token that has replaced one of them stays. An endpoint without tokens is removed.
    pub async fn prune(&self, id: UserId, channel_id: &str, gone: &[String], now: Timestamp) -> Result<(), StoreError> {
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
/// has none of the tokens.
fn pruned(user: &UserItem, channel_id: &str, gone: &[String]) -> Option<(Vec<Action>, Vec<Condition>)> {
    let (mut actions, mut conditions) = (Vec::new(), vec![Condition::Missing(table::ERASED_AT.into())]);
    if let Some(token) = user.push_token.as_ref().filter(|token| gone.contains(token)) {
        actions.push(Action::Remove(attribute(Text::PushToken).into()));
        conditions.push(Condition::Equals(attribute(Text::PushToken).into(), string(token)));
    }
    if let Some(endpoint) = user.endpoints.get(channel_id) {
        let tokens = &endpoint.settings.device_tokens;
        let left: Vec<_> = tokens.iter().filter(|token| !gone.contains(token)).collect();
        if left.len() < tokens.len() {
            let list = |tokens: Vec<&String>| AttributeValue::L(tokens.into_iter().map(string).collect());
            let path = || [ENDPOINTS, channel_id, "settings", "device_tokens"].into();
            conditions.push(Condition::Equals(path(), list(tokens.iter().collect())));
            if left.is_empty() {
                actions.extend(remove_endpoint(channel_id));
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
        store::user_item::EndpointItem,
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

    fn list(tokens: &[&str]) -> AttributeValue {
        AttributeValue::L(tokens.iter().map(|token| string(*token)).collect())
    }

    #[test]
    fn only_what_is_gone_is_taken() {
        let pruned = |user: &UserItem, gone: &str| pruned(user, "x", &[gone.to_owned()]);
        let there = || Condition::Missing("erased_at".into());
        let tokens = || ["endpoints", "x", "settings", "device_tokens"].into();
        assert_eq!(pruned(&user(&["a", "b"]), "z"), None);
        assert_eq!(
            pruned(&user(&["a", "b"]), "a"),
            Some((
                vec![Action::Set(tokens(), list(&["b"]))],
                vec![there(), Condition::Equals(tokens(), list(&["a", "b"]))]
            ))
        );
        assert_eq!(
            pruned(&user(&["a"]), "c"),
            Some((
                vec![Action::Remove("push_token".into())],
                vec![there(), Condition::Equals("push_token".into(), string("c"))]
            ))
        );
        assert_eq!(
            pruned(&user(&["a"]), "a"),
            Some((
                vec![Action::Remove(["endpoints", "x"].into()), Action::Remove(["endpoints_created", "x"].into())],
                vec![there(), Condition::Equals(tokens(), list(&["a"]))]
            ))
        );
    }
}
