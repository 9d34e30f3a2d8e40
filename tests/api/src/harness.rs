//! Stacks. Most tests share one; a test that counts calls, breaks things or sets parameters has its own.

use std::{collections::BTreeMap, sync::LazyLock};

use local::stack::{Options, SharedStack, Stack};

use crate::Client;

/// Short time-outs, so that what has to wait for one does not wait long.
pub fn options(parameters: &[(&str, &str)]) -> Options {
    let defaults = [("DispatchTimeout", "2"), ("RetryBaseSeconds", "1")];
    let parameters: BTreeMap<_, _> =
        defaults.iter().chain(parameters).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Options { concurrency: 2, parameters, ..Options::default() }
}

/// The stack that tests share: whatever a test does there must not be felt by another.
pub fn shared() -> Client {
    static STACK: LazyLock<SharedStack> = LazyLock::new(|| {
        SharedStack::start(options(&[])).unwrap_or_else(|error| panic!("the stack does not start: {error}"))
    });
    Client::new(STACK.url())
}

/// A stack of one's own.
pub async fn own(options: Options) -> (Stack, Client) {
    let stack = Stack::start(options).await.unwrap_or_else(|error| panic!("the stack does not start: {error}"));
    let client = Client::new(stack.url());
    (stack, client)
}
