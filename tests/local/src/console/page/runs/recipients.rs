//! What has become of a run's recipients: the states of their deliveries, and who was left out.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::StatusCode;
use serde_json::{Value, json};
use shared::domain::{
    Run, UserId,
    run::{Audience, LeftOut},
    user::UserRecord,
};
use shared::store::walk;

use super::super::{filter, list};
use crate::aws::clients;
use crate::control::{Control, Refused};

/// The most recipients that are looked at: as many as a request can name.
const LOOKED_AT: usize = 1000;
/// The most recipients who are named as left out.
const NAMED: usize = 100;

type Item = HashMap<String, AttributeValue>;

/// What has become of the recipients.
#[derive(Debug, Default)]
pub(super) struct Recipients {
    /// How many notifications were looked at, and whether there are more.
    pub(super) looked_at: usize,
    pub(super) more: bool,
    /// How many deliveries have each state and each reason.
    pub(super) statuses: BTreeMap<String, usize>,
    pub(super) reasons: BTreeMap<String, usize>,
    /// `[{user_id, name, reason}]`: who gets no notification, and why, by what is known of the user now.
    pub(super) left_out: Value,
    /// `[{user_id}]`, everybody whom the request named.
    pub(super) recipients: Vec<Value>,
}

/// Reads them. `counts` is how many were left out for each reason.
pub(super) async fn of(
    control: &Control,
    run: &Run,
    mut counts: BTreeMap<LeftOut, usize>,
) -> Result<Recipients, Refused> {
    let pages = Pages::read(control, run).await?;
    let walk = control.store.run_notifications(run, None, LOOKED_AT);
    let made = walk::first(walk, LOOKED_AT + 1).await.map_err(|error| list::unread(&error))?;
    let (mut statuses, mut reasons) = (BTreeMap::new(), BTreeMap::new());
    for (notification, deliveries) in made.iter().take(LOOKED_AT) {
        for channel in &notification.channels {
            let delivery = deliveries.iter().find(|delivery| delivery.channel == *channel);
            *statuses.entry(filter::status(delivery).to_owned()).or_default() += 1;
            if let Some(reason) = delivery.and_then(|delivery| delivery.reason) {
                *reasons.entry(reason.as_str().to_owned()).or_default() += 1;
            }
        }
    }
    let notified = made.iter().map(|(notification, _)| notification.user_id).collect::<Vec<_>>();
    let mut left_out = Vec::new();
    for user in pages.without_notification(&notified, LOOKED_AT).into_iter().take(LOOKED_AT) {
        if left_out.len() == NAMED || counts.values().all(|count| *count == 0) {
            break;
        }
        let record = control.store.user(user).await.map_err(|error| list::unread(&error))?;
        let (name, reason) = why_left_out(run, record);
        if take(&mut counts, reason) {
            left_out.push(json!({"user_id": user, "name": name, "reason": reason}));
        }
    }
    let recipients = match run.audience {
        Audience::Named(_) => pages.all().map(|user| json!({"user_id": user})).collect(),
        Audience::Topic { .. } => Vec::new(),
    };
    let (looked_at, more) = (made.len().min(LOOKED_AT), made.len() > LOOKED_AT);
    Ok(Recipients { looked_at, more, statuses, reasons, left_out: left_out.into(), recipients })
}

/// Takes one from the count of this reason. `false` if none is left: then the user was not left out for it. Somebody may have got the
/// notification and lost it when they were erased.
fn take(counts: &mut BTreeMap<LeftOut, usize>, reason: LeftOut) -> bool {
    let count = counts.get_mut(&reason).filter(|count| **count > 0);
    count.map(|count| *count -= 1).is_some()
}

/// The recipient's name, and why there is no notification. A page that is expanded says how many were left out for each reason, and not
/// who. So the reason is told by what is known of the user now; who is there now, and was named, was not there yet.
fn why_left_out(run: &Run, record: Option<UserRecord>) -> (Option<String>, LeftOut) {
    match record {
        None => (None, LeftOut::UserNotFound),
        Some(UserRecord::Erased) => (None, LeftOut::UserErased),
        Some(UserRecord::Present(user)) => {
            let reason = match &run.audience {
                _ if run.org.is_some() && user.org != run.org => LeftOut::Elsewhere,
                Audience::Named(_) => LeftOut::UserNotFound,
                Audience::Topic { .. } => LeftOut::NotSubscribed,
            };
            (user.name, reason)
        }
    }
}

/// The pages of a run: the name of each, its recipients, and whether it is expanded.
#[derive(Debug, Default)]
struct Pages {
    users: BTreeMap<String, Vec<UserId>>,
    done: HashSet<String>,
}

impl Pages {
    /// Reads the partition of the run, directly from the emulator.
    async fn read(control: &Control, run: &Run) -> Result<Self, Refused> {
        let client = Client::from_conf(clients::dynamodb(control.dynamodb.direct_endpoint()).build());
        let query = client
            .query()
            .table_name(&control.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :run")
            .projection_expression("#sk, #recipients")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_names("#recipients", "recipients")
            .expression_attribute_values(":run", AttributeValue::S(format!("RUN#{}", run.id)));
        let mut items = query.into_paginator().items().send();
        let mut pages = Self::default();
        while let Some(item) = items.next().await {
            let failed = |error| Refused(StatusCode::BAD_GATEWAY, format!("the table cannot be read: {error}"));
            pages.add(run, &item.map_err(|error| failed(error.to_string()))?);
        }
        Ok(pages)
    }

    /// An item of the run's partition. Recipients of few stand in the run itself, and those of another request with the same id have
    /// names that begin with another hash.
    fn add(&mut self, run: &Run, item: &Item) {
        let Some(sk) = item.get("sk").and_then(|sk| sk.as_s().ok()) else { return };
        if let Some(name) = sk.strip_prefix("DONE#") {
            self.done.insert(name.to_owned());
            return;
        }
        let name = match (sk.strip_prefix("PAGE#"), &run.audience) {
            (None, _) if sk == "RUN" => Some("000"),
            (Some(page), Audience::Named(_)) => {
                page.split_once('#').filter(|(hash, _)| run.request_hash.starts_with(hash)).map(|(_, name)| name)
            }
            (page, _) => page,
        };
        let bytes = item.get("recipients").and_then(|bytes| bytes.as_b().ok());
        if let Some((name, bytes)) = name.zip(bytes) {
            let (ids, _) = bytes.as_ref().as_chunks::<16>();
            self.users.insert(name.to_owned(), ids.iter().copied().map(UserId::from_bytes).collect());
        }
    }

    fn all(&self) -> impl Iterator<Item = UserId> {
        self.users.values().flatten().copied()
    }

    /// The recipients of the expanded pages who have no notification. `made` is who has one, in the order of [`Self::all`]: all of them, or
    /// the first `looked_at` and one more. Nobody knows whether those after that one have theirs. If that one's page was not there yet when
    /// the pages were read, nobody's place is known.
    fn without_notification(&self, made: &[UserId], looked_at: usize) -> Vec<UserId> {
        let known = match made.get(looked_at) {
            Some(next) => self.all().position(|user| user == *next).unwrap_or(0),
            None => usize::MAX,
        };
        let notified: HashSet<_> = made.iter().collect();
        let users = self.users.iter().flat_map(|(name, users)| users.iter().map(move |user| (name, user))).take(known);
        let without = users.filter(|(name, user)| self.done.contains(*name) && !notified.contains(user));
        without.map(|(_, user)| *user).collect()
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;
    use shared::domain::{Timestamp, TopicId, User, topic::Generation};
    use uuid::Uuid;

    use super::super::tests::run;
    use super::*;

    fn user(byte: u8) -> UserId {
        UserId::from_bytes([byte; 16])
    }

    fn item(sk: &str, users: &[u8]) -> Item {
        let bytes = users.iter().flat_map(|byte| [*byte; 16]).collect::<Vec<_>>();
        let recipients = AttributeValue::B(Blob::new(bytes));
        [("sk".to_owned(), AttributeValue::S(sk.to_owned())), ("recipients".to_owned(), recipients)].into()
    }

    fn topic() -> Audience {
        Audience::Topic { id: TopicId::parse("news").unwrap(), generation: Generation(Uuid::nil()) }
    }

    #[test]
    fn recipients_are_those_of_this_request_and_only_what_is_expanded_can_be_left_out() {
        let pages = |run: &Run, items: &[Item]| {
            let mut pages = Pages::default();
            items.iter().for_each(|item| pages.add(run, item));
            (pages.all().collect::<Vec<_>>(), pages.without_notification(&[], 1))
        };
        let few = run(Audience::Named(2));
        let none: [UserId; 0] = [];
        assert_eq!(
            pages(&few, &[item("RUN", &[1, 2]), item("STATE", &[])]),
            ([1, 2].map(user).to_vec(), none.to_vec())
        );
        let both = [1, 2].map(user).to_vec();
        assert_eq!(pages(&few, &[item("RUN", &[1, 2]), item("DONE#000", &[])]), (both.clone(), both));
        let many = run(Audience::Named(200));
        let hash = &many.request_hash;
        let items = [
            item("RUN", &[]),
            item(&format!("PAGE#{hash}#000"), &[1]),
            item(&format!("PAGE#{hash}#001"), &[2]),
            item("PAGE#ffffffffffffffff#000", &[3]),
            item("DONE#001", &[]),
        ];
        assert_eq!(pages(&many, &items), ([1, 2].map(user).to_vec(), vec![user(2)]));
        let items = [item("PAGE#03#0000000", &[1]), item("PAGE#04#0000000", &[2]), item("DONE#03#0000000", &[])];
        assert_eq!(pages(&run(topic()), &items), ([1, 2].map(user).to_vec(), vec![user(1)]));
    }

    #[test]
    fn nobody_is_left_out_whose_notification_may_be_behind_those_that_are_looked_at() {
        // The first page is in progress: its notifications are made, and come before those of the second.
        let mut pages = Pages::default();
        let items =
            [item("PAGE#03#0000000", &[1, 2]), item("PAGE#04#0000000", &[3, 4, 5]), item("DONE#04#0000000", &[])];
        items.iter().for_each(|item| pages.add(&run(topic()), item));
        let without = |made: &[u8], looked_at| {
            let made: Vec<_> = made.iter().copied().map(user).collect();
            pages.without_notification(&made, looked_at)
        };
        assert_eq!(without(&[1, 2, 4], 3), [3, 5].map(user), "all were looked at");
        assert_eq!(without(&[1, 2, 4], 2), [user(3)], "the fifth may have one, too");
        assert_eq!(without(&[1, 2, 3], 2), []);
        assert_eq!(without(&[1, 2, 9], 2), [], "of a page that was not there yet");
    }

    #[test]
    fn as_many_are_left_out_for_a_reason_as_were_counted() {
        let mut counts = [(LeftOut::UserErased, 1), (LeftOut::Elsewhere, 0)].into();
        let asked = [LeftOut::UserErased, LeftOut::UserErased, LeftOut::Elsewhere, LeftOut::NotSubscribed];
        assert_eq!(asked.map(|reason| take(&mut counts, reason)), [true, false, false, false]);
    }

    #[test]
    fn everybody_who_is_left_out_has_a_reason() {
        let present = |org: Option<&str>| {
            let known = User {
                org: org.map(str::to_owned),
                name: Some("Ada".to_owned()),
                ..User::new(user(1), Timestamp::EPOCH)
            };
            Some(UserRecord::Present(Box::new(known)))
        };
        let (named, topic) = (run(Audience::Named(1)), run(topic()));
        let acme = Run { org: Some("acme".to_owned()), ..named.clone() };
        for (run, record, name, reason) in [
            (&named, None, None, LeftOut::UserNotFound),
            (&topic, Some(UserRecord::Erased), None, LeftOut::UserErased),
            (&topic, present(None), Some("Ada"), LeftOut::NotSubscribed),
            (&named, present(Some("other")), Some("Ada"), LeftOut::UserNotFound),
            (&acme, present(Some("other")), Some("Ada"), LeftOut::Elsewhere),
            (&acme, present(Some("acme")), Some("Ada"), LeftOut::UserNotFound),
        ] {
            assert_eq!(why_left_out(run, record), (name.map(str::to_owned), reason));
        }
    }
}
