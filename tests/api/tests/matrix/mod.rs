//! Every caller sends every request of the template about every target. A refusal has the dialect's own shape, tells
//! nothing about its target and leaves the target unchanged.

mod cast;
mod rules;

use std::collections::BTreeSet;

use api::{Answer, dynamodb, options, own};
use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};

use cast::{Cast, NAME};
use rules::{Caller, Cell, READ, READ_SETTINGS, ROWS, Row, cells};

use crate::{contract2, contract4};

/// How many requests that must be refused are under way together.
const AT_ONCE: usize = 4;

#[test]
fn every_route_has_its_rows_and_the_matrix_has_so_many_cells() {
    let rows: BTreeSet<_> = ROWS.iter().map(|(_, _, route, ..)| (*route).to_owned()).collect();
    let routes = crate::template::routes();
    let routes: BTreeSet<_> = routes.iter().map(|route| route.trim_start_matches("ANY ").to_owned()).collect();
    assert_eq!(rows, routes);
    let (refused, all) = ROWS
        .iter()
        .map(cells)
        .fold((0, 0), |(refused, all), (of_those, rest)| (refused + of_those.len(), all + of_those.len() + rest.len()));
    assert_eq!((ROWS.len(), refused, all), (151, 9814, 12380));
}

#[tokio::test]
async fn every_caller_gets_what_the_contract_gives_and_no_more() {
    let (stack, client) = own(options(&[("AnonymousPreferences", "false")])).await;
    let cast = Cast::of(client.clone()).await;
    let stored = async |id: &str| {
        let key = json!({"pk": {"S": format!("USER#{id}")}, "sk": {"S": "USER"}});
        dynamodb(&stack, "GetItem", json!({"Key": key})).await
    };
    let mut wrong = Vec::new();
    for row in ROWS {
        let (_, method, route, ..) = *row;
        let (refused, rest) = cells(row);
        let commons = cast.commons().await;
        let refuse = async |Cell { caller, target, status, .. }| {
            let whom = cast.target(caller, target);
            let before = stored(&whom.id).await;
            let answer = cast.ask(row, caller, &whom).await;
            let cell = format!("{method} {route} by {caller:?} for {target:?}");
            assert_eq!(stored(&whom.id).await, before, "{cell}");
            if answer.status.as_u16() != status {
                return Some(format!("{cell}: {status} is expected, not {}: {}", answer.status, answer.text));
            }
            is_refused(row, &answer, &cell);
            let told = format!("{}{:?}", answer.text, answer.headers);
            assert!(!told.contains(NAME) && !told.contains(&whom.email), "{cell}: {told}");
            None
        };
        // These requests change nothing, so several can be under way.
        let faults: Vec<_> = stream::iter(refused).map(refuse).buffer_unordered(AT_ONCE).collect().await;
        wrong.extend(faults.into_iter().flatten());
        assert_eq!(cast.commons().await, commons, "{method} {route}");
        for Cell { caller, target, status, .. } in rest {
            let answer = cast.ask(row, caller, &cast.target(caller, target)).await;
            let cell = format!("{method} {route} by {caller:?} for {target:?}");
            if answer.status.as_u16() == status {
                holds_what_the_key_reads(row, caller, &answer, &cell);
            } else {
                wrong.push(format!("{cell}: {status} is expected, not {}: {}", answer.status, answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
    stack.shutdown().await;
}

#[test]
fn the_document_has_the_operations_of_the_matrix_and_no_others() {
    let document = ::docs::document();
    let operations = document
        .paths
        .iter()
        .flat_map(|(path, methods)| methods.keys().map(move |method| (method.to_uppercase(), path.clone())));
    let rows = ROWS.iter().filter(|(_, _, route, ..)| *route != "$default");
    let rows: BTreeSet<_> = rows.map(|(_, method, route, ..)| ((*method).to_owned(), (*route).to_owned())).collect();
    assert_eq!(operations.collect::<BTreeSet<_>>(), rows);
}

#[tokio::test]
async fn the_matrix_has_every_method_that_a_path_takes() {
    let client = api::shared();
    for route in crate::template::routes().iter().filter_map(|route| route.strip_prefix("ANY ")) {
        let path = route.replace("{id}", "123e4567-e89b-12d3-a456-426614174000").replace(['{', '}'], "");
        let answer = client.send(Method::TRACE, &path, &[], None).await;
        assert_eq!(answer.status, 405, "{route}: {}", answer.text);
        let mut taken: BTreeSet<_> = answer.header("allow").split(", ").collect();
        // `HEAD` is `GET` without the body, also for rights: `http_rules` tries it.
        assert_eq!(taken.remove("HEAD"), taken.contains("GET"), "{route}");
        let asked: BTreeSet<_> =
            ROWS.iter().filter(|(_, _, of, ..)| *of == route).map(|(_, method, ..)| *method).collect();
        assert_eq!(asked, taken, "{route}");
    }
}

/// Asserts that a key which may write and not read is shown only ids and times.
fn holds_what_the_key_reads((_, method, route, ..): &Row, caller: Caller, answer: &Answer, cell: &str) {
    let Caller::Key(scopes) = caller else { return };
    let (read, shown) = if route.contains("channel-settings") {
        (READ_SETTINGS, ["channel_id", "created_at", "updated_at", "user_id"])
    } else {
        (READ, ["created_at", "external_id", "id", "updated_at"])
    };
    let is_success = answer.status.is_success();
    if *method == "PUT" && route.starts_with("/admin") && is_success {
        let body = answer.json();
        let names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names == shown, scopes & read == 0, "{cell}: {body}");
    }
}

/// Who may, as the document says it of the operation. All users are listed for fewer than who may find one: the description says it,
/// and so does the refusal of an organisation's admin.
fn who_may(method: &str, route: &str, body: &Value) -> String {
    const OF_ALL: &str = "Who may: operator, or admin or service without an organization";
    let document = ::docs::document();
    let operation = &document.paths[route][&method.to_lowercase()];
    let description = operation["description"].as_str().unwrap_or_default();
    let (_, who) =
        description.split_once("Who may: ").unwrap_or_else(|| panic!("{method} {route} does not say who may"));
    let of_all = route == "/api/v1/users" && body["message"].as_str().is_some_and(|message| message.ends_with(OF_ALL));
    if of_all { OF_ALL.to_owned() } else { format!("Who may: {}", who.split('.').next().unwrap_or_default()) }
}

/// Asserts the whole shape of the refusal.
fn is_refused((contract, method, route, ..): &Row, answer: &Answer, cell: &str) {
    let (status, body) = (answer.status.as_u16(), answer.json());
    match *contract {
        1 if status == 404 => {
            let message = body["message"].clone();
            assert!(["User not found", "Notification not found"].map(Value::from).contains(&message), "{cell}: {body}");
            answer.is(404, json!({"statusCode": 404, "message": message}));
        }
        1 => {
            let message = match status {
                401 => "Unauthorized".to_owned(),
                _ => format!("You may not do this. {}", who_may(method, route, &body)),
            };
            answer.is(status, json!({"statusCode": status, "message": message}));
        }
        2 => contract2::is_unauthorized(answer),
        3 => {
            let error = &body["error"];
            let (code, detail) =
                if status == 401 { ("unauthenticated", "auth") } else { ("forbidden", "required_scope") };
            let details = &error["details"];
            assert_eq!(details, &json!({detail: details[detail]}), "{cell}");
            assert!(details[detail].as_str().is_some_and(|what| !what.is_empty()), "{cell}: {body}");
            let whole = json!({"error": {
                "type": format!("https://docs.notiflows.com/errors/{code}"), "code": code, "message": error["message"],
                "status": status, "request_id": answer.header("x-request-id"), "details": details,
            }});
            answer.is(status, whole);
        }
        4 => contract4::refused(answer, if status == 401 { "auth_required" } else { "role_forbidden" }, &json!([])),
        5 if status == 401 => answer.is(401, json!({"success": false, "message": "Authentication required"})),
        5 => {
            assert!(body["error"].as_str().is_some_and(|why| why.len() > 10), "{cell}: {body}");
            answer.is(403, json!({"success": false, "message": "You may not do this", "error": body["error"]}));
        }
        _ => panic!("{cell}: no such contract"),
    }
}
