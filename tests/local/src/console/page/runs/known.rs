//! Which runs there are. The table has no list of them, so its items are read once, and after that the proxy tells of each run that is
//! written.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::StatusCode;
use shared::domain::RunId;
use tokio::sync::OnceCell;

use super::super::list;
use crate::aws::clients;
use crate::control::{Control, Refused};

/// The runs, by their places: the time of acceptance, `#` and the id.
#[derive(Debug, Default)]
pub struct KnownRuns {
    runs: Mutex<Runs>,
    /// Whether the table was read.
    read: OnceCell<()>,
}

#[derive(Debug, Default)]
struct Runs {
    /// How many writes there were.
    writes: u64,
    /// Runs whose times are not known yet.
    new: HashSet<RunId>,
    places: BTreeMap<String, RunId>,
    ids: HashSet<RunId>,
}

impl KnownRuns {
    /// Notes that something of a run was written.
    pub fn written(&self, id: RunId) {
        let mut runs = self.lock();
        runs.writes += 1;
        if !runs.ids.contains(&id) {
            runs.new.insert(id);
        }
    }

    /// A number that changes with every write.
    pub fn writes(&self) -> u64 {
        self.lock().writes
    }

    /// The places and ids of all runs, newest first.
    pub(super) async fn newest_first(&self, control: &Control) -> Result<Vec<(String, RunId)>, Refused> {
        self.read.get_or_try_init(|| self.read(control)).await?;
        let new: Vec<_> = self.lock().new.iter().copied().collect();
        for id in new {
            // What is written of a run that is not there is a page before the run itself.
            let run = control.store.run(id).await.map_err(|error| list::unread(&error))?;
            if let Some(run) = run {
                self.place(id, format!("{}#{id}", run.spec.created_at));
            }
        }
        Ok(self.lock().places.iter().rev().map(|(place, id)| (place.clone(), *id)).collect())
    }

    /// The run is not there any more.
    pub(super) fn forget(&self, place: &str) {
        let mut runs = self.lock();
        if let Some(id) = runs.places.remove(place) {
            runs.ids.remove(&id);
        }
    }

    fn place(&self, id: RunId, place: String) {
        let mut runs = self.lock();
        runs.new.remove(&id);
        runs.ids.insert(id);
        runs.places.insert(place, id);
    }

    async fn read(&self, control: &Control) -> Result<(), Refused> {
        let client = Client::from_conf(clients::dynamodb(control.dynamodb.direct_endpoint()).build());
        let scan = client
            .scan()
            .table_name(&control.table)
            .projection_expression("#pk")
            .filter_expression("#sk = :run")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_values(":run", AttributeValue::S("RUN".to_owned()));
        let mut items = scan.into_paginator().items().send();
        while let Some(item) = items.next().await {
            let item =
                item.map_err(|error| Refused(StatusCode::BAD_GATEWAY, format!("the table cannot be read: {error}")))?;
            let pk = item.get("pk").and_then(|pk| pk.as_s().ok());
            if let Some(id) = pk.and_then(|pk| RunId::parse(pk.strip_prefix("RUN#")?)) {
                self.lock().new.insert(id);
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
    use reqwest::Method;
    use serde_json::{Value, json};
    use shared::domain::{
        Run, Timestamp, UserId,
        run::{Audience, Expanded, LeftOut, PageId},
    };
    use uuid::Uuid;

    use super::super::super::additions;
    use super::super::tests::run;
    use super::*;
    use crate::control::tests::{Running, start_with};

    /// How many writes there were, how many runs are new, and how many have their place.
    fn counts(known: &KnownRuns) -> (u64, usize, usize) {
        let runs = known.lock();
        (runs.writes, runs.new.len(), runs.places.len())
    }

    #[test]
    fn a_run_is_new_until_its_time_is_known_and_every_write_counts() {
        let known = KnownRuns::default();
        let id = RunId::from(Uuid::new_v4());
        known.written(id);
        assert_eq!(counts(&known), (1, 1, 0));
        known.place(id, "1#a".to_owned());
        known.written(id);
        assert_eq!(counts(&known), (2, 0, 1));
        known.forget("1#a");
        known.written(id);
        assert_eq!(counts(&known), (3, 1, 0), "the id is used again");
    }

    async fn create_table(control: &Control) {
        let client = Client::from_conf(clients::dynamodb(control.dynamodb.direct_endpoint()).build());
        let mut create = client.create_table().table_name(&control.table).billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
            let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            create = create.attribute_definitions(attribute.build().unwrap()).key_schema(key.build().unwrap());
        }
        create.send().await.unwrap();
    }

    /// A stack with an empty table.
    async fn start() -> (Running, Arc<Control>) {
        let mut held = None;
        let stack = start_with(|control| {
            held = Some(control.clone());
            (additions().routes)(control)
        })
        .await;
        let control = held.unwrap();
        create_table(&control).await;
        (stack, control)
    }

    /// What a route of the page answers.
    async fn get(stack: &Running, path: &str) -> Value {
        stack.call(Method::GET, &format!("/ui/data/{path}"), Value::Null).await.json().await.unwrap()
    }

    #[tokio::test]
    async fn an_answer_looks_at_200_runs_and_the_next_one_goes_on() {
        let (stack, control) = start().await;
        let user = UserId::from(Uuid::from_u128(9));
        for n in 1..=201 {
            let mut run = Run { id: RunId::from(Uuid::from_u128(n)), ..run(Audience::Named(1)) };
            run.spec.created_at = Timestamp::from_seconds(i64::try_from(1000 - n).unwrap());
            control.store.accept_run(&run, &[user]).await.unwrap();
        }
        let oldest = Uuid::from_u128(201);
        let first = get(&stack, &format!("runs?text={oldest}")).await;
        let after = format!("{}#{}", Timestamp::from_seconds(800), Uuid::from_u128(200));
        assert_eq!(first, json!({"items": [], "after": after, "looked_at": 200}));
        let next = get(&stack, &format!("runs?text={oldest}&after={}", after.replace('#', "%23"))).await;
        assert_eq!(
            (&next["items"][0]["run_id"], &next["after"], &next["looked_at"]),
            (&json!(oldest), &Value::Null, &json!(1))
        );
    }

    #[tokio::test]
    async fn nobody_is_named_as_left_out_who_was_not_counted() {
        let (stack, control) = start().await;
        let users = [1, 2, 3].map(|n| UserId::from(Uuid::from_u128(n)));
        let none = [];
        for (id, counts, named) in [
            // All have got theirs, and were erased: nothing is left of them.
            (1, [].into(), &none[..]),
            (2, [(LeftOut::UserErased, 1)].into(), &none[..]),
            (3, [(LeftOut::UserNotFound, 2)].into(), &users[..2]),
        ] {
            let run = Run { id: RunId::from(Uuid::from_u128(id)), ..run(Audience::Named(3)) };
            control.store.accept_run(&run, &users).await.unwrap();
            let expanded = Expanded { notified: 1, left_out: counts };
            control.store.finish_run_page(&run, &PageId::Named(0), &expanded, true).await.unwrap();
            let shown = get(&stack, &format!("runs/{}", run.id)).await;
            let row = |user| json!({"user_id": user, "name": null, "reason": "user_not_found"});
            assert_eq!(shown["left_out_recipients"], named.iter().map(row).collect::<Value>());
            assert_eq!(shown["left_out"], json!(expanded.left_out));
        }
    }

    #[tokio::test]
    async fn a_list_has_runs_of_before_the_stack_was_started_and_new_ones_newest_first() {
        let (stack, control) = start().await;
        let of = |id: u128, seconds: i64| {
            let mut run = Run { id: RunId::from(Uuid::from_u128(id)), ..run(Audience::Named(1)) };
            run.spec.created_at = Timestamp::from_seconds(seconds);
            run
        };
        let user = UserId::from(Uuid::from_u128(9));
        for run in [of(1, 20), of(2, 10), of(3, 30)] {
            control.store.accept_run(&run, &[user]).await.unwrap();
        }
        let list = async |query: &str| -> Value {
            stack.call(Method::GET, &format!("/ui/data/runs{query}"), Value::Null).await.json().await.unwrap()
        };
        let ids = |list: &Value| -> Vec<_> {
            list["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["run_id"].as_str().unwrap()[35..].to_owned())
                .collect()
        };
        let all = list("").await;
        assert_eq!((ids(&all), &all["after"]), (vec!["3".to_owned(), "1".to_owned(), "2".to_owned()], &Value::Null));
        let first = &all["items"][0];
        assert_eq!(
            (&first["status"], &first["recipients"], &first["title"]),
            (&json!("queued"), &json!(1), &json!("Hello"))
        );
        let after = format!("?after={}%23{}", Timestamp::from_seconds(20), Uuid::from_u128(1));
        assert_eq!(ids(&list(&after).await), ["2"]);
        assert_eq!(ids(&list("?status=done").await), [""; 0]);
        // The table is read once. What comes later, the proxy tells of.
        control.store.accept_run(&of(4, 15), &[user]).await.unwrap();
        assert_eq!(ids(&list("").await), ["3", "1", "2"]);
        let one = stack.call(Method::GET, &format!("/ui/data/runs/{}", Uuid::from_u128(4)), Value::Null).await;
        let one: Value = one.json().await.unwrap();
        assert_eq!(one["request"]["recipients"], json!([{"user_id": user}]));
        assert_eq!(one["left_out_recipients"], json!([]), "nobody is left out before a page is expanded");
        let missing = stack.message(Method::GET, &format!("/ui/data/runs/{}", Uuid::from_u128(5)), Value::Null).await;
        assert_eq!(missing, (404, "there is no such run, or it is not kept any more".to_owned()));
    }
}
