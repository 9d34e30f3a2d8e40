//! The whole local stack, from `cargo build` to the first request.

mod error;
mod functions;
mod shared;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;

pub use self::error::StackError;
use self::functions::{Place, Pools};
pub use self::shared::SharedStack;
use crate::binaries;
use crate::containers::Containers;
use crate::control::Control;
use crate::demo::{self, Demo};
use crate::emulators::Emulators;
use crate::gateway::Gateway;
use crate::gateway::routes::Routes;
use crate::listen::{self, Listening};
use crate::poller::{Batches, Poller};
use crate::pool::Pool;
use crate::progress::Progress;
use crate::providers::Providers;
use crate::provision;
use crate::proxy::{Permissions, Proxy, Service};
use crate::sqs::Sqs;
use crate::template::{Deployed, Template};
use crate::ticker::{self, Ticker};
use crate::ui::Feed;

/// How to start a stack.
#[derive(Debug, Clone)]
pub struct Options {
    /// The gateway's port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Processes, and so invocations at once, a function.
    pub concurrency: usize,
    /// Template parameters, over the demo's and the template's own.
    pub parameters: BTreeMap<String, String>,
    /// Where the table is kept across runs; in memory where absent.
    pub data: Option<PathBuf>,
    /// Whether it says what it is doing.
    pub progress: Progress,
    /// What becomes of what the functions print.
    pub logs: FunctionLogs,
    /// Whether schedules fire at their times; else only when they are told to.
    pub schedules: bool,
    /// An address beyond loopback on which containers reach what is emulated.
    pub containers: Option<IpAddr>,
}

/// What becomes of what the functions print.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FunctionLogs {
    /// On standard error, each line after the function's name.
    Terminal,
    /// One file a function, begun anew at each start.
    Directory(PathBuf),
    /// Dropped; the last lines of a process that dies are still shown.
    #[default]
    Nowhere,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            concurrency: 4,
            parameters: BTreeMap::new(),
            data: None,
            progress: Progress::default(),
            logs: FunctionLogs::default(),
            schedules: true,
            containers: None,
        }
    }
}

/// A running stack; everything ends when it is shut down or dropped.
#[derive(Debug)]
pub struct Stack {
    url: String,
    // In the order in which they are dropped: first what sends work, last what it works on.
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
}

impl Stack {
    /// Builds the functions and starts everything.
    pub async fn start(options: Options) -> Result<Self, StackError> {
        // First, so that a taken port is known before the build and not after it.
        let listener = bind(options.port).await?;
        let binaries = binaries::build(options.progress).await?;

        let stage = options.progress.begin("Starting DynamoDB, SQS and the providers", false);
        let emulators = Emulators::start(options.data.as_deref()).await?;
        let dynamodb_proxy = Arc::new(Proxy::start(Service::DynamoDb, emulators.dynamodb_endpoint()).await?);
        let sqs_proxy = Arc::new(Proxy::start(Service::Sqs, emulators.sqs_endpoint()).await?);
        let providers = Arc::new(Providers::start().await?);
        providers.put_secret(demo::FCM_SECRET, &providers.fcm_service_account());
        providers.put_secret(demo::APNS_SECRET, &providers.apns_secret());
        providers.put_secret(demo::SLACK_SECRET, &providers.slack_secret());
        stage.done();

        let stage = options.progress.begin("Creating what template.yaml says, and the demo", false);
        let demo = Arc::new(Demo::new().map_err(StackError::demo)?);
        let address = listener.local_addr().map_err(StackError::Listen)?;
        let deployed = Deployed {
            api_endpoint: format!("http://{address}"),
            sqs_endpoint: sqs_proxy.endpoint().to_owned(),
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            stack: "tidings".to_owned(),
        };
        let mut parameters = demo.parameters();
        parameters.insert("FcmEndpoint".to_owned(), providers.google_endpoint().to_owned());
        parameters.insert("ApnsEndpoint".to_owned(), providers.apns_endpoint().to_owned());
        parameters.insert("SlackEndpoint".to_owned(), providers.slack_endpoint().to_owned());
        // The receiver of webhooks is inside and speaks plain HTTP, and its port is not known before.
        let webhooks = providers.webhook_endpoint().trim_start_matches("http://");
        parameters.insert("WebhookInsecureHosts".to_owned(), webhooks.to_owned());
        parameters.extend(options.parameters.clone());
        let template = read_template(&binaries::workspace(), &parameters, &deployed)?;
        for proxy in [&dynamodb_proxy, &sqs_proxy] {
            proxy.set_permissions(Permissions::of(&template));
        }
        provision::provision(&template, &emulators).await?;
        for name in &template.secrets {
            providers.put_secret(name, demo::DEPLOYMENT_SECRET);
        }
        let seeded = demo.seed(emulators.dynamodb_endpoint(), &template.table.name).await;
        seeded.map_err(StackError::demo)?;
        stage.done();

        let stage = options.progress.begin("Starting the functions", false);
        let place = Place {
            region: &deployed.region,
            dynamodb: dynamodb_proxy.endpoint(),
            sqs: sqs_proxy.endpoint(),
            ses: providers.ses_endpoint(),
            sms: providers.sms_endpoint(),
            secrets: providers.secrets_endpoint(),
        };
        let containers = match options.containers {
            Some(address) => {
                let environments = functions::environments(&template, &place);
                let started = Containers::start(address, environments).await;
                Some(started.map_err(|source| StackError::Containers { address, source })?)
            }
            None => None,
        };
        let functions = functions::start(&template, &binaries, &place, &options).await?;
        dynamodb_proxy.set_killer(functions::killer(&functions));
        sqs_proxy.set_killer(functions::killer(&functions));
        stage.done();

        let sqs = Sqs::new(emulators.sqs_endpoint(), &deployed.region);
        let batches = Batches::default();
        let pollers = pollers(&template, &functions, &sqs, &deployed.region, &batches)?;
        let schedules = ticker::schedules(&template);
        let ticker = if options.schedules { Ticker::start(&schedules, &functions) } else { Ticker::default() };
        let feed = Arc::new(Feed::default());
        dynamodb_proxy.set_watch(feed.clone().told());
        let control = Control {
            demo: demo.clone(),
            providers: providers.clone(),
            dynamodb: dynamodb_proxy.clone(),
            sqs: sqs_proxy.clone(),
            queue_client: sqs.clone(),
            queues: template.queues.clone(),
            publishing: template.publishing.clone(),
            batches,
            containers,
            functions: functions.clone(),
            schedules,
            store: demo::store(emulators.dynamodb_endpoint(), &template.table.name).map_err(StackError::demo)?,
            feed,
        };
        let (routes, cors) = (routes(&template, &functions), template.cors.clone());
        let gateway = Gateway { routes, account: deployed.account, cors };
        let gateway = Listening::start(listener, gateway.behind(control.router())).map_err(StackError::Listen)?;
        Ok(Self {
            url: format!("http://{}", gateway.address()),
            gateway,
            ticker,
            pollers,
            functions,
            template,
            demo,
            sqs,
            providers,
            dynamodb_proxy,
            sqs_proxy,
            emulators,
        })
    }

    /// Where the API is: `http://127.0.0.1:PORT`.
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

    /// The emulated DynamoDB and SQS, beside the proxies.
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

    /// Ends everything, the functions' processes first of all.
    pub async fn shutdown(self) {
        self.ticker.shutdown().await;
        let pollers = self.pollers.into_iter().map(Poller::shutdown);
        futures::future::join_all(pollers).await;
        futures::future::join_all(self.functions.values().map(|pool| pool.shutdown())).await;
        self.gateway.shutdown().await;
        // The proxies and stand-ins end with their last owner, which is this.
        self.emulators.shutdown().await;
    }
}

async fn bind(port: u16) -> Result<TcpListener, StackError> {
    listen::bind(port).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => StackError::PortTaken(port),
        _ => StackError::Listen(error),
    })
}

fn read_template(
    workspace: &Path,
    parameters: &BTreeMap<String, String>,
    deployed: &Deployed,
) -> Result<Template, StackError> {
    let path = workspace.join("template.yaml");
    let yaml = std::fs::read_to_string(&path).map_err(|source| StackError::NoTemplate { path, source })?;
    Ok(Template::read(&yaml, parameters, deployed)?)
}

fn routes(template: &Template, functions: &Pools) -> Routes<Arc<Pool>> {
    let routes = template.functions.iter().flat_map(|function| {
        let pool = functions.get(&function.binary);
        let routes = function.routes.iter();
        routes.filter_map(move |route| Some((route.method.clone(), route.path.clone(), pool?.clone())))
    });
    Routes::new(routes)
}

fn pollers(
    template: &Template,
    functions: &Pools,
    sqs: &Sqs,
    region: &str,
    batches: &Batches,
) -> Result<Vec<Poller>, StackError> {
    let mut pollers = Vec::new();
    for function in &template.functions {
        for source in &function.queue_sources {
            let queue = template.queue(&source.queue);
            let queue = queue.ok_or_else(|| StackError::NoQueue(source.queue.clone()))?;
            if let Some(pool) = functions.get(&function.binary) {
                pollers.push(Poller::start(sqs, source, queue, region, pool, batches));
            }
        }
    }
    Ok(pollers)
}
