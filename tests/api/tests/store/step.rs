//! A step between two calls of one operation of the store: the first call of a kind waits until the test lets it go on.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    sync::{Mutex, oneshot},
    task::JoinHandle,
};

/// A way to the table on which one call waits.
pub struct Step {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    arrived: oneshot::Receiver<()>,
    go_on: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

/// The call that waits: what its first bytes contain, and how it and the test tell each other.
type Waiting = Arc<Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>>;

impl Step {
    /// Opens a way to `upstream` on which the first call of this operation waits.
    pub async fn before(operation: &'static str, upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let ((has_arrived, arrived), (go_on, goes_on)) = (oneshot::channel(), oneshot::channel());
        let waiting: Waiting = Arc::new(Mutex::new(Some((has_arrived, goes_on))));
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&upstream).await.unwrap();
                tokio::spawn(pass(operation, client, server, Arc::clone(&waiting)));
            }
        });
        Self { endpoint, arrived, go_on, server }
    }

    /// Does `step` while the call waits, and then lets the call go on.
    pub async fn then<T>(self, step: impl Future<Output = T>) -> T {
        self.arrived.await.expect("the call comes");
        let done = step.await;
        self.go_on.send(()).expect("the call waits");
        done
    }

    /// Closes the way for new calls.
    pub fn ender(&self) -> impl FnOnce() + use<> {
        let server = self.server.abort_handle();
        move || server.abort()
    }
}

async fn pass(operation: &str, client: TcpStream, server: TcpStream, waiting: Waiting) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
        if String::from_utf8_lossy(&bytes[..read]).contains(&format!("DynamoDB_20120810.{operation}"))
            && let Some((has_arrived, goes_on)) = waiting.lock().await.take()
        {
            let _ = has_arrived.send(());
            let _ = goes_on.await;
        }
        if to_server.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
}
