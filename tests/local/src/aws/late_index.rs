//! The indexes as DynamoDB keeps them: apart from the table, behind it, and with partitions of their own.
//!
//! The emulator's own indexes are always up to date. So there is a second database with the same table, which has only what the
//! indexes project. A write goes there [`LAG`] later. The functions' queries of an index read the second database.
//!
//! A partition of an index that has taken its units lets its writes wait. While they do, the table refuses writes that
//! would go there too: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html>.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dynoxide::Database;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::partitions::Partitions;
use super::schema::{Key, Schema};

/// How late an index is. DynamoDB promises only that it is "typically" a fraction of a second
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html>).
pub const LAG: Duration = Duration::from_millis(200);
/// How often writes are passed on.
const TICK: Duration = Duration::from_millis(20);

/// So many writes that wait for a full partition are looked at in a tick. Those behind them wait with them.
const LOOKED_AT: usize = 500;

/// The indexes of one table. They end when this value is dropped.
#[derive(Debug)]
pub struct LateIndex {
    shared: Arc<Shared>,
    _thread: mpsc::Sender<()>,
}

struct Shared {
    table: Database,
    copy: Database,
    schema: Schema,
    /// Whether partitions take only so many units.
    is_limited: bool,
    waiting: Mutex<VecDeque<(Instant, Key)>>,
    state: Mutex<State>,
    /// The partitions that writes wait for.
    full: Mutex<HashSet<String>>,
    /// Whether writes are being passed on just now.
    is_busy: AtomicBool,
}

#[derive(Default)]
struct State {
    /// The values of the indexes' key attributes, of each item that has some.
    entries: HashMap<Key, Vec<Option<String>>>,
    partitions: Partitions,
}

impl LateIndex {
    /// The indexes of a table in `table`, in the database `copy`, which has the same table without items.
    pub fn start(table: Database, copy: Database, schema: Schema, is_limited: bool) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            table,
            copy,
            schema,
            is_limited,
            waiting: Mutex::default(),
            state: Mutex::default(),
            full: Mutex::default(),
            is_busy: AtomicBool::new(false),
        });
        shared.follow_all();
        let (owner, dropped) = mpsc::channel::<()>();
        let replica = shared.clone();
        thread::Builder::new().name("late-index".to_owned()).spawn(move || {
            while dropped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                replica.tick(Instant::now());
            }
        })?;
        Ok(Self { shared, _thread: owner })
    }

    /// Items may have been written just now.
    pub fn wrote(&self, keys: impl IntoIterator<Item = Key>) {
        let due = Instant::now() + LAG;
        lock(&self.shared.waiting).extend(keys.into_iter().map(|key| (due, key)));
    }

    /// Waits until the indexes have everything that was written before.
    pub async fn catches_up(&self) {
        let written = Instant::now() + LAG;
        while lock(&self.shared.waiting).front().is_some_and(|(due, _)| *due <= written) || self.shared.is_busy() {
            tokio::time::sleep(TICK).await;
        }
    }

    /// Whether a write, in DynamoDB's JSON, would go to a partition for which others wait.
    pub fn holds_back(&self, write: &Value) -> bool {
        let full = lock(&self.shared.full);
        if full.is_empty() {
            return false;
        }
        full.iter().any(|partition| self.shared.schema.names_partition(write, partition))
    }

    /// Items may have been removed by TTL.
    pub fn expired(&self) {
        let keys: Vec<_> = lock(&self.shared.state).entries.keys().cloned().collect();
        self.wrote(keys);
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Shared {
    /// Passes on what is due. A write whose partition is full waits, and those behind it do not.
    fn tick(&self, now: Instant) {
        let due: Vec<_> = {
            let mut waiting = lock(&self.waiting);
            self.is_busy.store(true, Ordering::SeqCst);
            let ready = waiting.iter().take_while(|(due, _)| *due <= now).count();
            waiting.drain(..ready).collect()
        };
        let (mut later, mut full) = (Vec::new(), HashSet::new());
        for (due, key) in due {
            if later.len() >= LOOKED_AT {
                later.push((due, key));
            } else if let Some(partition) = self.follow(&key, now) {
                later.push((due, key));
                full.insert(partition);
            }
        }
        *lock(&self.full) = full;
        let mut waiting = lock(&self.waiting);
        later.into_iter().rev().for_each(|write| waiting.push_front(write));
        self.is_busy.store(false, Ordering::SeqCst);
    }

    fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::SeqCst)
    }

    /// Makes the indexes' entry of one item what the table says. Returns the partition that is full.
    fn follow(&self, key: &Key, now: Instant) -> Option<String> {
        let at = json!({"TableName": self.schema.table, "Key": self.attributes(key)});
        let found = call(&at, |request| self.table.get_item(request))?;
        let item = &found["Item"];
        let attributes = self.schema.indexes.iter().flatten();
        let entry: Vec<_> = attributes.map(|name| item[name]["S"].as_str().map(str::to_owned)).collect();
        let mut state = lock(&self.state);
        let before = state.entries.get(key).cloned().unwrap_or_else(|| vec![None; entry.len()]);
        if before == entry && self.schema.has_keys_only {
            return None;
        }
        let partitions = self.partitions(&before).chain(self.partitions(&entry));
        let partitions: HashSet<_> = partitions.map(str::to_owned).collect();
        if self.is_limited {
            if let Some(full) = partitions.iter().find(|partition| state.partitions.is_full(partition, now)) {
                return Some(full.clone());
            }
            partitions.iter().for_each(|partition| state.partitions.charge(partition, 1.0, now));
        }
        if self.partitions(&entry).next().is_some() {
            let put = json!({"TableName": self.schema.table, "Item": self.schema.projected(item)});
            let _ = call(&put, |request| self.copy.put_item(request));
            state.entries.insert(key.clone(), entry);
        } else {
            let _ = call(&at, |request| self.copy.delete_item(request));
            state.entries.remove(key);
        }
        None
    }

    /// The partitions of the indexes in which an item with these key attributes stands.
    fn partitions<'e>(&self, entry: &'e [Option<String>]) -> impl Iterator<Item = &'e str> {
        let lengths = self.schema.indexes.iter().map(Vec::len);
        let firsts = lengths.scan(0, |next, length| {
            let first = *next;
            *next += length;
            Some(first)
        });
        firsts.filter_map(|first| entry.get(first)?.as_deref())
    }

    fn attributes(&self, (hash, range): &Key) -> Value {
        let mut attributes = json!({&self.schema.hash: {"S": hash}});
        if let (Some(name), Some(range)) = (&self.schema.range, range) {
            attributes[name] = json!({"S": range});
        }
        attributes
    }

    /// Follows every item of the table: it may be a kept one.
    fn follow_all(&self) {
        let mut request = json!({"TableName": self.schema.table});
        loop {
            let Some(page) = call(&request, |request| self.table.scan(request)) else { return };
            let keys = page["Items"].as_array().into_iter().flatten().filter_map(|item| self.schema.key(item));
            // The past does not count.
            keys.for_each(|key| drop(self.follow(&key, Instant::now())));
            lock(&self.state).partitions = Partitions::default();
            match &page["LastEvaluatedKey"] {
                Value::Null => return,
                last => request["ExclusiveStartKey"] = last.clone(),
            }
        }
    }
}

/// One call of an emulator's own function; `None` if it refuses the call.
fn call<Q: DeserializeOwned, A: Serialize, E>(request: &Value, work: impl FnOnce(Q) -> Result<A, E>) -> Option<Value> {
    let request = serde_json::from_value(request.clone()).ok()?;
    serde_json::to_value(work(request).ok()?).ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
