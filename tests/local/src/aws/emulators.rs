//! DynamoDB and SQS, emulated in this process and served on loopback.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use dynoxide::Database;
use rustack_sqs_core::{config::SqsConfig, handler::RustackSqsHandler, provider::RustackSqs};
use rustack_sqs_http::service::SqsHttpService;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::kept_sqs::KeptSqs;
use super::late_index::LateIndex;
use super::schema::Schema;
use crate::fidelity::{Behaviour, Fidelity};
use crate::net::loopback::{Listener, Server};
use crate::template::Queue;

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
    /// The journal of the queues cannot be read or written.
    #[error("the emulated SQS could not open the journal of its queues")]
    Journal(#[source] io::Error),
    /// The thread that follows the table with its indexes cannot be started.
    #[error("the emulated DynamoDB could not start to follow the table with its indexes")]
    Index(#[source] io::Error),
}

/// How often expired items are removed, if that is late. DynamoDB does it within a few days, and whoever reads has to look at
/// the time (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html>).
const LATE_SWEEP: Duration = Duration::from_secs(600);
/// How often, if it is not.
const SWEEP: Duration = Duration::from_secs(1);

/// The running emulators. They end when this value is dropped.
#[derive(Debug)]
pub struct Emulators {
    dynamodb: Dynamodb,
    /// The second database, of the table's indexes.
    indexes: Option<Dynamodb>,
    late_index: Arc<OnceLock<Arc<LateIndex>>>,
    /// Whether a partition of an index takes only so many units.
    is_limited: bool,
    /// The deletion of expired items ends when this sender is dropped.
    _sweep: mpsc::Sender<()>,
    sqs: Server,
    /// The journal of the queues, if there is a data directory.
    kept_sqs: Option<Arc<KeptSqs>>,
}

/// A database behind an endpoint.
struct Dynamodb {
    database: Database,
    endpoint: String,
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Dynamodb {
    async fn start(database: Database) -> Result<Self, EmulatorError> {
        let listener = Listener::bind().await.map_err(EmulatorError::Listen)?;
        let endpoint = listener.endpoint();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = database.clone();
        let task = tokio::spawn(async move {
            let stopped = async {
                // Both a message and a dropped sender mean the end.
                let _ = stopped.await;
            };
            let _ = dynoxide::server::serve_with_shutdown(listener.into_inner(), served, stopped).await;
        });
        Ok(Self { database, endpoint, task, stop })
    }

    /// Finishes running requests first.
    async fn shutdown(self) {
        let _ = self.stop.send(());
        let mut task = self.task;
        if tokio::time::timeout(TIME_LIMIT, &mut task).await.is_err() {
            task.abort();
        }
    }
}

impl fmt::Debug for Dynamodb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Dynamodb").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Emulators {
    /// Starts both, as they are. They keep their data in the directory `data`, or in memory if there is none.
    pub async fn start(data: Option<&Path>) -> Result<Self, EmulatorError> {
        Self::start_as(data, &Fidelity::none()).await
    }

    /// Starts both, as much like AWS as `fidelity` says.
    pub async fn start_as(data: Option<&Path>, fidelity: &Fidelity) -> Result<Self, EmulatorError> {
        let database = open(data)?;
        let late_index = Arc::<OnceLock<Arc<LateIndex>>>::default();
        let every = if fidelity.has(Behaviour::LateExpiry) { LATE_SWEEP } else { SWEEP };
        let sweep = sweep(database.clone(), every, late_index.clone()).map_err(EmulatorError::Sweep)?;
        let dynamodb = Dynamodb::start(database).await?;
        let is_limited = fidelity.has(Behaviour::PartitionLimits);
        let indexes = match is_limited || fidelity.has(Behaviour::LateIndex) {
            true => Some(Dynamodb::start(open(None)?).await?),
            false => None,
        };

        let listener = Listener::bind().await.map_err(EmulatorError::Listen)?;
        let config = SqsConfig { host: "127.0.0.1".to_owned(), port: listener.port(), ..SqsConfig::default() };
        let handler = RustackSqsHandler::new(Arc::new(RustackSqs::new(config)));
        let (sqs, kept_sqs) = match data {
            None => (listener.serve(SqsHttpService::new(Arc::new(handler), Default::default())), None),
            Some(folder) => {
                let kept = KeptSqs::open(handler, folder).map_err(EmulatorError::Journal)?;
                let serving = kept.clone();
                (listener.answer(move |request| serving.clone().answer(request)), Some(kept))
            }
        };
        Ok(Self { dynamodb, indexes, late_index, is_limited, _sweep: sweep, sqs, kept_sqs })
    }

    /// Sends what the data directory has kept to the queues, which have to be there.
    pub async fn send_kept_messages(&self, queues: &[Queue]) {
        if let Some(kept) = &self.kept_sqs {
            kept.send_kept(queues).await;
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn dynamodb_endpoint(&self) -> &str {
        &self.dynamodb.endpoint
    }

    /// The second database, which has what the table's indexes have; `None` if the table's own indexes serve.
    pub fn indexes_endpoint(&self) -> Option<&str> {
        self.indexes.as_ref().map(|indexes| indexes.endpoint.as_str())
    }

    /// Begins to follow the table, which both databases have, with the second one.
    pub fn follow(&self, schema: &Schema) -> Result<Option<Arc<LateIndex>>, EmulatorError> {
        let Some(indexes) = &self.indexes else { return Ok(None) };
        let (table, copy) = (self.dynamodb.database.clone(), indexes.database.clone());
        let index = LateIndex::start(table, copy, schema.clone(), self.is_limited).map_err(EmulatorError::Index)?;
        Ok(Some(self.late_index.get_or_init(|| Arc::new(index)).clone()))
    }

    /// The indexes that follow the table.
    pub fn index(&self) -> Option<&LateIndex> {
        self.late_index.get().map(Arc::as_ref)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn sqs_endpoint(&self) -> &str {
        self.sqs.endpoint()
    }

    /// Ends both. DynamoDB finishes running requests first.
    pub async fn shutdown(self) {
        self.dynamodb.shutdown().await;
        if let Some(indexes) = self.indexes {
            indexes.shutdown().await;
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

/// Deletes expired items until the sender is dropped. It runs on its own thread, because the database blocks.
fn sweep(
    database: Database,
    every: Duration,
    late_index: Arc<OnceLock<Arc<LateIndex>>>,
) -> io::Result<mpsc::Sender<()>> {
    let (owner, dropped) = mpsc::channel::<()>();
    thread::Builder::new().name("ttl-sweep".to_owned()).spawn(move || {
        while dropped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            // If a sweep fails, the next one deletes the items.
            if database.sweep_ttl().is_ok_and(|removed| removed > 0)
                && let Some(index) = late_index.get()
            {
                index.expired();
            }
        }
    })?;
    Ok(owner)
}
