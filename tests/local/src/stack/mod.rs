//! The whole local stack, from `cargo build` to the first request.

pub mod binaries;
mod data_folder;
mod error;
mod functions;
mod options;
mod progress;
mod shared;
mod start;

use std::sync::Arc;

use self::data_folder::DataFolder;
pub use self::error::StackError;
use self::functions::Pools;
pub use self::options::{AddedRoutes, Additions, FunctionLogs, Options};
pub use self::progress::Progress;
pub use self::shared::SharedStack;
use crate::aws::emulators::Emulators;
use crate::aws::proxy::Proxy;
use crate::aws::sqs::Sqs;
use crate::demo::Demo;
use crate::lambda::poller::Poller;
use crate::lambda::pool::Pool;
use crate::lambda::ticker::Ticker;
use crate::net::listen::Listening;
use crate::providers::Providers;
use crate::template::Template;

/// A running stack. Everything ends when it is shut down or dropped.
#[derive(Debug)]
pub struct Stack {
    url: String,
    // Fields are dropped in this order: first the parts that send work, last the parts that the work needs.
    gateway: Listening,
    ticker: Ticker,
    pollers: Vec<Poller>,
    functions: Pools,
    template: Template,
    demo: Arc<Demo>,
    sqs: Sqs,
    providers: Arc<Providers>,
    dynamodb_proxy: Arc<Proxy>,
    sqs_proxy: Arc<Proxy>,
    emulators: Emulators,
    // Nobody else may have the folder while the emulators write.
    data: Option<DataFolder>,
}

impl Stack {
    /// The URL of the API: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The template as it is deployed here.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The demo's identities.
    pub fn demo(&self) -> &Demo {
        &self.demo
    }

    /// The stand-ins of the providers.
    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// The emulators of DynamoDB and SQS themselves, without the proxies.
    pub fn emulators(&self) -> &Emulators {
        &self.emulators
    }

    /// The proxy before DynamoDB.
    pub fn dynamodb_proxy(&self) -> &Proxy {
        &self.dynamodb_proxy
    }

    /// The proxy before SQS.
    pub fn sqs_proxy(&self) -> &Proxy {
        &self.sqs_proxy
    }

    /// A client of the emulated SQS, whose calls are not counted.
    pub fn sqs(&self) -> &Sqs {
        &self.sqs
    }

    /// A function's processes, by the name of its binary.
    pub fn function(&self, name: &str) -> Option<&Pool> {
        self.functions.get(name).map(Arc::as_ref)
    }

    /// Ends everything, the functions' processes first.
    pub async fn shutdown(self) {
        self.ticker.shutdown().await;
        let pollers = self.pollers.into_iter().map(Poller::shutdown);
        futures::future::join_all(pollers).await;
        futures::future::join_all(self.functions.values().map(|pool| pool.shutdown())).await;
        self.gateway.shutdown().await;
        // The proxies and stand-ins end here, because this value is their last owner.
        self.emulators.shutdown().await;
        drop(self.data);
    }
}
