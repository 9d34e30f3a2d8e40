//! The connections that the stand-ins and proxies have, so that those of a frozen process can be closed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The two ports of a connection on loopback: the client's and the server's.
pub(crate) type Ports = (u16, u16);

/// The open connections of all servers in this program. Ports are the whole machine's, so no two stacks have the same.
static OPEN: LazyLock<Mutex<HashMap<Ports, Arc<State>>>> = LazyLock::new(Mutex::default);

#[derive(Debug, Default)]
struct State {
    /// The requests that have no answer yet.
    busy: AtomicUsize,
    end: Notify,
}

/// An open connection, as its server has it. It is forgotten when this value is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    ports: Ports,
    state: Arc<State>,
}

/// A request without an answer yet.
#[derive(Debug)]
pub(crate) struct Busy(Arc<State>);

impl Connection {
    pub(crate) fn opened(ports: Ports) -> Self {
        let state = Arc::<State>::default();
        lock().insert(ports, state.clone());
        Self { ports, state }
    }

    /// What marks a request of this connection, until it is dropped.
    pub(crate) fn requests(&self) -> impl Fn() -> Busy + Clone + Send + Sync + use<> {
        let state = self.state.clone();
        move || {
            state.busy.fetch_add(1, Ordering::SeqCst);
            Busy(state.clone())
        }
    }

    /// Waits until the connection has to be closed.
    pub(crate) async fn has_to_end(&self) {
        self.state.end.notified().await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        lock().remove(&self.ports);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Closes those of the connections that are open and have no request. Returns how many these were.
pub(crate) fn close_idle(connections: &[Ports]) -> usize {
    let open = lock();
    let idle = connections.iter().filter_map(|ports| open.get(ports));
    let idle = idle.filter(|state| state.busy.load(Ordering::SeqCst) == 0);
    idle.inspect(|state| state.end.notify_one()).count()
}

fn lock() -> MutexGuard<'static, HashMap<Ports, Arc<State>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}
