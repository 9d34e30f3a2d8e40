//! The product's store on the emulated DynamoDB, without proxy, function or HTTP.
//!
//! These tests are here and not in `shared`, because a dependency on the emulator there would change the features of
//! crates that the functions are built from. Every other test uses HTTP, or DynamoDB's own API where HTTP is not
//! enough.

mod choices;
mod claims;
mod custom_fields;
mod inbox;
mod leases;
mod reservations;
mod settings;
mod step;
mod subscriptions;
mod templates;

use std::{fs, path::Path};

use local::{
    aws::{emulators::Emulators, provision::provision},
    demo,
};
use serde_json::Value;
use shared::store::Store;

use crate::template::template;

/// The template's table, and the store that uses it.
struct Table {
    emulators: Emulators,
    name: String,
    store: Store,
}

impl Table {
    async fn new() -> Self {
        let emulators = Emulators::start(None).await.unwrap();
        let template = template();
        provision(&template, &emulators).await.unwrap();
        let name = template.table.name;
        let store = demo::store(emulators.dynamodb_endpoint(), &name).unwrap();
        Self { emulators, name, store }
    }

    /// Sends one call directly to DynamoDB, without the store.
    async fn dynamodb(&self, operation: &str, request: Value) -> Value {
        api::call_dynamodb(self.emulators.dynamodb_endpoint(), &self.name, operation, request).await
    }

    async fn shutdown(self) {
        self.emulators.shutdown().await;
    }
}

/// `agreement` generates thousands of users that no API would accept, such as users who are erased or suppressed
/// already.
const MAY: [&str; 3] = ["store", "agreement", "agreement.rs"];

#[test]
fn no_other_test_reaches_into_the_store() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let entries = fs::read_dir(&tests).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| !MAY.iter().any(|may| path.ends_with(may))).collect();
    let mut read = 0;
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(!text.contains("store::"), "{} names the store", path.display());
            assert!(!text.contains("demo::store("), "{} opens the store", path.display());
            read += 1;
        }
    }
    assert!(read > 80, "{read} files were read, which are too few to be all");
}
