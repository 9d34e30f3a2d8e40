//! Why a stack does not start.

use std::path::PathBuf;

use crate::aws::emulators::EmulatorError;
use crate::aws::provision::ProvisionError;
use crate::aws::proxy::ProxyError;
use crate::lambda::pool::PoolError;
use crate::providers::ProvidersError;
use crate::stack::binaries::BuildError;
use crate::template::TemplateError;

/// Why a stack does not start.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// Another process listens at this port.
    #[error("port {0} is taken: end what listens on 127.0.0.1:{0}, or take another with --port")]
    PortTaken(u16),
    /// Another stack has the data folder.
    #[error(
        "the data folder {} belongs to a running stack, {holder}: end it, or take another folder with --data", folder.display()
    )]
    DataFolderTaken {
        /// The folder.
        folder: PathBuf,
        /// Which process has it, and where it answers.
        holder: String,
    },
    /// The data folder cannot be made, or cannot be locked.
    #[error("the data folder {} cannot be used", folder.display())]
    DataFolder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The gateway cannot listen.
    #[error("the gateway cannot listen on 127.0.0.1")]
    Listen(#[source] std::io::Error),
    /// The relays for containers cannot listen at this address.
    #[error("containers cannot be let in on {address}; is it an address of this machine?")]
    Containers {
        /// The address.
        address: std::net::IpAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The functions do not build.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The emulators do not start.
    #[error(transparent)]
    Emulators(#[from] EmulatorError),
    /// A fault proxy does not start.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The stand-ins of the providers do not start.
    #[error(transparent)]
    Providers(#[from] ProvidersError),
    /// The template cannot be read.
    #[error("{} cannot be read", path.display())]
    NoTemplate {
        /// The path of the template.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The template or its parameters are not valid.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A table or queue of the template could not be created.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The demo cannot be set up.
    #[error("the demo cannot be set up")]
    Demo(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The template names a binary that no package has.
    #[error("template.yaml names the binary {0:?}, and no package of the workspace has it")]
    NoBinary(String),
    /// Lambda would not create the function.
    #[error(
        "the variables of {function} take {bytes} bytes, and Lambda takes {most}: shorten a parameter that they have, or switch \
         off {switch}"
    )]
    Environment {
        /// The function's logical id.
        function: String,
        /// The bytes of its variables.
        bytes: usize,
        /// The most bytes.
        most: usize,
        /// The switch of this limit.
        switch: &'static str,
    },
    /// The HTTP client of a proxy could not be made.
    #[error("the proxy before DynamoDB could not make its HTTP client")]
    Client(#[from] reqwest::Error),
    /// The template has an event of a queue that does not exist.
    #[error("template.yaml has an SQS event on {0:?}, and no such queue")]
    NoQueue(String),
    /// The functions' log files cannot be written.
    #[error("the log file {} cannot be written", path.display())]
    Logs {
        /// The log file or its folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A function does not start.
    #[error(transparent)]
    Function(#[from] PoolError),
    /// The thread of a shared stack could not be started, or ended.
    #[error("the stack's own thread could not run")]
    Thread(#[source] std::io::Error),
}

impl StackError {
    /// The demo's keys or users cannot be made.
    pub(super) fn demo(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Demo(Box::new(error))
    }
}
