//! Serves a router on loopback, and stops serving it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long running requests may still take after the server is told to stop.
const GRACE: Duration = Duration::from_secs(1);

/// Binds a port of 127.0.0.1. 0 means any free port.
pub async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// A router that is being served. It accepts no more requests when this value is dropped.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Listening {
    /// Serves `router`. Handlers can get the peer's address.
    pub fn start(listener: TcpListener, router: Router) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
                // An error means that the owner was dropped. That also means stop.
                let _ = stopped.await;
            });
            if let Err(error) = serving.await {
                eprintln!("local: the server on {address} stopped: {error}");
            }
        });
        Ok(Self { address, stop: Some(stop), task })
    }

    /// The address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more requests, gives running requests a moment, and then ends them.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}
