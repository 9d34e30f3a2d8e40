//! DynamoDB and SQS, emulated in this process and served on loopback.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use dynoxide::Database;
use rustack_sqs_core::{config::SqsConfig, handler::RustackSqsHandler, provider::RustackSqs};
use rustack_sqs_http::service::SqsHttpService;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::net::loopback::{Listener, Server};

/// The database's file in the data directory.
const FILE: &str = "dynamodb.sqlite";
/// How long the end waits for running requests.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// No port could be opened.
    #[error("the emulators could not listen on loopback")]
    Listen(#[source] io::Error),
    /// The data directory cannot be made.
    #[error("the data directory {directory} cannot be used")]
    Directory {
        /// The directory.
        directory: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The database cannot be opened.
    #[error("the emulated DynamoDB could not open its database: {0}")]
    Database(String),
    /// The thread that deletes expired items cannot be started.
    #[error("the emulated DynamoDB could not start its sweep of expired items")]
    Sweep(#[source] io::Error),
}

/// The running emulators. They end when this value is dropped.
#[derive(Debug)]
pub struct Emulators {
    dynamodb_endpoint: String,
    dynamodb: JoinHandle<()>,
    stop_dynamodb: oneshot::Sender<()>,
    /// The deletion of expired items ends when this sender is dropped.
    _sweep: mpsc::Sender<()>,
    sqs: Server,
}

impl Emulators {
    /// Starts both. DynamoDB keeps its data in the directory `data`, or in memory if there is none. SQS is always in
    /// memory.
    pub async fn start(data: Option<&Path>) -> Result<Self, EmulatorError> {
        let database = open(data)?;
        let sweep = sweep(database.clone()).map_err(EmulatorError::Sweep)?;

        let listener = Listener::bind().await.map_err(EmulatorError::Listen)?;
        let dynamodb_endpoint = listener.endpoint();
        let (stop_dynamodb, stopped) = oneshot::channel::<()>();
        let dynamodb = tokio::spawn(async move {
            let stopped = async {
                // Both a message and a dropped sender mean the end.
                let _ = stopped.await;
            };
            let _ = dynoxide::server::serve_with_shutdown(listener.into_inner(), database, stopped).await;
        });

        let listener = Listener::bind().await.map_err(EmulatorError::Listen)?;
        let config = SqsConfig { host: "127.0.0.1".to_owned(), port: listener.port(), ..SqsConfig::default() };
        let handler = RustackSqsHandler::new(Arc::new(RustackSqs::new(config)));
        let sqs = listener.serve(SqsHttpService::new(Arc::new(handler), Default::default()));
        Ok(Self { dynamodb_endpoint, dynamodb, stop_dynamodb, _sweep: sweep, sqs })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn dynamodb_endpoint(&self) -> &str {
        &self.dynamodb_endpoint
    }

    /// `http://127.0.0.1:PORT`.
    pub fn sqs_endpoint(&self) -> &str {
        self.sqs.endpoint()
    }

    /// Ends both. DynamoDB finishes running requests first.
    pub async fn shutdown(self) {
        let _ = self.stop_dynamodb.send(());
        let mut dynamodb = self.dynamodb;
        if tokio::time::timeout(TIME_LIMIT, &mut dynamodb).await.is_err() {
            dynamodb.abort();
        }
        self.sqs.shutdown().await;
    }
}

fn open(data: Option<&Path>) -> Result<Database, EmulatorError> {
    let database = match data {
        None => Database::memory(),
        Some(directory) => {
            std::fs::create_dir_all(directory)
                .map_err(|source| EmulatorError::Directory { directory: directory.display().to_string(), source })?;
            Database::new(&directory.join(FILE).to_string_lossy())
        }
    };
    database.map_err(|error| EmulatorError::Database(error.to_string()))
}

/// Deletes expired items every second until the sender is dropped. It runs on its own thread, because the database
/// blocks.
fn sweep(database: Database) -> io::Result<mpsc::Sender<()>> {
    let (owner, dropped) = mpsc::channel::<()>();
    thread::Builder::new().name("ttl-sweep".to_owned()).spawn(move || {
        while dropped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
            // If a sweep fails, the next one deletes the items.
            let _ = database.sweep_ttl();
        }
    })?;
    Ok(owner)
}
