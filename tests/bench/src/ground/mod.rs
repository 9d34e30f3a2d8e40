//! The environment for comparisons: all subjects have the same stack, the same table and the same events.

mod agreement;
mod events;
mod peers;
mod recipients;
mod typical;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use local::stack::Progress;
use shared::store::Store;

pub use self::events::{batch, request};
use self::peers::Peers;
pub use self::recipients::Recipients;
pub use self::typical::Typical;
use crate::harness::World;
use crate::process::{Launch, Sandbox, environment};
use crate::section::{Fault, Unavailable};

/// A subject of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The product's own functions.
    Tidings,
    /// `tests/bench/peers/node`.
    Node,
    /// `tests/bench/peers/python`.
    Python,
}

impl Subject {
    /// All subjects, the product first.
    pub const ALL: [Self; 3] = [Self::Tidings, Self::Node, Self::Python];

    /// The peers.
    pub const PEERS: [Self; 2] = [Self::Node, Self::Python];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tidings => "Tidings",
            Self::Node => "Node.js",
            Self::Python => "Python",
        }
    }
}

/// A function that all subjects have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// A preference change (contract 1).
    Preferences,
    /// A batch of deliveries.
    Dispatch,
}

impl Function {
    /// The name of the binary, and of the peers' modules.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preferences => "preferences",
            Self::Dispatch => "dispatch",
        }
    }
}

/// The environment for comparisons.
#[derive(Debug)]
pub struct Ground {
    /// The stack. Its own processes are idle while others are measured.
    pub world: World,
    binaries: BTreeMap<String, PathBuf>,
    peers: Peers,
    folder: PathBuf,
}

impl Ground {
    /// Starts a stack. Installs the peers, if they are wanted and this machine has their tools.
    pub async fn start(with_peers: bool) -> Result<Self, Fault> {
        let world = World::start(&[("AnonymousPreferences", "false")]).await?;
        let binaries = local::stack::binaries::build(Progress::Quiet).await?;
        let folder = local::stack::binaries::workspace().join("target/bench");
        std::fs::create_dir_all(&folder)?;
        let peers = if with_peers { Peers::install(&folder.join("peers")).await } else { Peers::none() };
        Ok(Self { world, binaries, peers, folder })
    }

    /// The folder in which measured processes may write.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A binary of the workspace.
    pub fn binary(&self, name: &str) -> Result<&Path, Fault> {
        self.binaries.get(name).map(PathBuf::as_path).ok_or_else(|| format!("there is no binary {name}").into())
    }

    /// The names of all functions.
    pub fn functions(&self) -> Vec<String> {
        self.world.stack.template().functions.iter().map(|function| function.binary.clone()).collect()
    }

    /// The product's own function, with its environment in the stack. One thing differs: it calls the DynamoDB emulator
    /// directly, without the proxy that counts.
    pub fn own(&self, function: &str) -> Result<Launch, Fault> {
        Ok(Launch::of(self.binary(function)?, self.environment(function)?))
    }

    /// A subject's function, with the same environment. The error says why there is none.
    pub fn launch(&self, subject: Subject, function: Function) -> Result<Launch, Fault> {
        let name = function.name();
        let peer = match subject {
            Subject::Tidings => return self.own(name),
            Subject::Node => self.peers.node(name),
            Subject::Python => self.peers.python(name),
        };
        let mut launch = peer.map_err(Unavailable)?;
        let root = launch.folder.display().to_string();
        launch.environment.extend(self.environment(name)?);
        launch.environment.extend([("LAMBDA_TASK_ROOT", root), ("_HANDLER", format!("{name}.handler"))].map(own));
        Ok(launch)
    }

    /// The subjects that can run here, and for each of the others the reason.
    pub fn present(&self) -> Result<(Vec<Subject>, BTreeMap<Subject, String>), Fault> {
        self.own(Function::Preferences.name())?;
        let launch = |subject| self.launch(subject, Function::Preferences);
        let absent = Subject::PEERS.into_iter().filter_map(|peer| Some((peer, launch(peer).err()?.to_string())));
        let absent: BTreeMap<_, _> = absent.collect();
        Ok((Subject::ALL.into_iter().filter(|subject| !absent.contains_key(subject)).collect(), absent))
    }

    /// Starts a process. `name` is the name of its log.
    pub async fn start_process(&self, launch: &Launch, name: &str) -> Result<Sandbox, Fault> {
        Sandbox::start(launch.command(), &self.folder.join(format!("{name}.log"))).await
    }

    /// The product's own store, which calls the emulator directly.
    pub fn store(&self) -> Result<Store, Fault> {
        Ok(local::demo::store(self.world.stack.emulators().dynamodb_endpoint(), self.world.table_name())?)
    }

    /// The event of a preference change that `user` makes.
    pub fn change(&self, user: &str, body: &serde_json::Value) -> Result<bytes::Bytes, Fault> {
        let bearer = format!("Bearer {}", self.world.token(user, "user"));
        let path = format!("/api/v1/users/{user}/preferences");
        request("preferences/put-channel-preferences.json", &path, &[("authorization", &bearer)], Some(body))
    }

    fn environment(&self, function: &str) -> Result<BTreeMap<String, String>, Fault> {
        let pool = self.world.stack.function(function).ok_or_else(|| format!("there is no function {function}"))?;
        let pid = *pool.pids().first().ok_or_else(|| format!("function {function} does not run"))?;
        let mut variables = environment(pid)?;
        let dynamodb = self.world.stack.emulators().dynamodb_endpoint().to_owned();
        variables.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), dynamodb);
        Ok(variables)
    }
}

fn own((name, value): (&str, String)) -> (String, String) {
    (name.to_owned(), value)
}
