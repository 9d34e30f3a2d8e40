//! Categories: `/api/v1/categories`, and what they do to notifications and preferences.

mod dialects;
mod pages;
mod requests;
mod sending;

use api::{Answer, Client, options, own};
use local::stack::{Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

const CATEGORIES: &str = "/api/v1/categories";

/// A stack with one process per function.
async fn stack() -> (Stack, Client) {
    own(Options { concurrency: 1, ..options(&[("DispatchTimeout", "10")]) }).await
}

fn path(handle: &str) -> String {
    format!("{CATEGORIES}/{handle}")
}

async fn by_admin(client: &Client, method: Method, path: &str, body: Value) -> Answer {
    client.json(method, path, &client.token("admin").await, &body).await
}

/// Writes categories, each by its handle and what it has besides its name, and lets every function know them at once: its process is
/// replaced, so that it has no catalogue that is up to a minute old.
async fn catalogue(stack: &Stack, client: &Client, all: &[(&str, Value)]) {
    for (handle, more) in all {
        let mut body = json!({"name": {"default": handle}});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let put = by_admin(client, Method::PUT, &path(handle), body).await;
        assert!(put.status.is_success(), "{}", put.text);
    }
    forget(stack).await;
}

async fn forget(stack: &Stack) {
    for function in ["dispatch", "notifications", "preferences", "users"] {
        stack.function(function).expect("a function").replace().await;
    }
}
