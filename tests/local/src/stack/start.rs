//! Starts a stack, in this order: the services that the functions call, the template's resources, the functions, their
//! event sources.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::data_folder::DataFolder;
use super::functions::{self, Place, Pools};
use super::{Additions, Options, Stack, StackError, binaries};
use crate::aws::emulators::Emulators;
use crate::aws::provision;
use crate::aws::proxy::{Permissions, Proxy, Service, Strict};
use crate::aws::schema::Schema;
use crate::aws::sqs::Sqs;
use crate::control::Control;
use crate::demo::{self, Demo};
use crate::fidelity::Fidelity;
use crate::lambda::gateway::heard::Heard;
use crate::lambda::gateway::routes::Routes;
use crate::lambda::gateway::{Gateway, cors};
use crate::lambda::poller::{Batches, Limits, Poller};
use crate::lambda::pool::Pool;
use crate::lambda::ticker::{self, Ticker};
use crate::net::containers::Containers;
use crate::net::listen::{self, Listening};
use crate::providers::Providers;
use crate::template::{Deployed, Template};

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";

/// The services that the functions call.
struct Services {
    emulators: Emulators,
    dynamodb_proxy: Arc<Proxy>,
    sqs_proxy: Arc<Proxy>,
    providers: Arc<Providers>,
}

impl Stack {
    /// Builds the functions and starts everything.
    pub async fn start(options: Options) -> Result<Self, StackError> {
        Self::start_with(options, Additions::default()).await
    }

    /// Builds the functions and starts everything, with additions.
    pub async fn start_with(options: Options, additions: Additions) -> Result<Self, StackError> {
        // These come first, so that a folder or a port that somebody else has is an error before the build. A second stack of one
        // folder mostly wants the same port, too, and the folder's holder is what its user has to know.
        let data = options.data.as_deref().map(DataFolder::take).transpose()?;
        let listener = bind(options.port).await?;
        let url = format!("http://{}", listener.local_addr().map_err(StackError::Listen)?);
        if let Some(folder) = &data {
            let told = folder.is_served_at(&url);
            told.map_err(|source| StackError::DataFolder { folder: options.data.clone().unwrap_or_default(), source })?;
        }
        let mut binaries = binaries::build(options.progress).await?;
        binaries.extend(options.binaries.clone());

        let stage = options.progress.begin("Starting DynamoDB, SQS and the providers", false);
        let services = Services::start(options.data.as_deref(), &options.fidelity).await?;
        stage.done();

        let stage = options.progress.begin("Creating what template.yaml says, and the demo", false);
        let demo = Arc::new(Demo::new().map_err(StackError::demo)?);
        let mut template = services.template(&url, &demo, &options)?;
        if let Some(cors) = template.cors.as_mut().filter(|_| options.pages_of_this_machine) {
            cors.allow_origins.extend(cors::PAGES_OF_THIS_MACHINE.map(str::to_owned));
        }
        services.provision(&template, &demo, &options.fidelity).await?;
        services.emulators.send_kept_messages(&template.queues).await;
        stage.done();

        let stage = options.progress.begin("Starting the functions", false);
        let place = services.place();
        let containers = match options.containers {
            Some(address) => {
                let environments = functions::environments(&template, &place);
                let started = Containers::start(address, environments).await;
                Some(started.map_err(|source| StackError::Containers { address, source })?)
            }
            None => None,
        };
        let functions = functions::start(&template, &binaries, &place, &options).await?;
        stage.done();

        let Services { emulators, dynamodb_proxy, sqs_proxy, providers } = services;
        for proxy in [&dynamodb_proxy, &sqs_proxy] {
            proxy.set_killer(functions::killer(&functions));
        }
        if let Some(told) = additions.told {
            dynamodb_proxy.set_watch(told);
        }
        let sqs = Sqs::new(emulators.sqs_endpoint());
        let batches = Batches::default();
        let pollers = pollers(&template, &functions, &sqs, &batches, Limits::of(&options.fidelity))?;
        let schedules = ticker::schedules(&template);
        let ticker = if options.schedules { Ticker::start(&schedules, &functions) } else { Ticker::default() };
        let control = Arc::new(Control {
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
            table: template.table.name.clone(),
            store: demo::store(dynamodb_proxy.direct_endpoint(), &template.table.name).map_err(StackError::demo)?,
            runs: shared::store::Runs::new(shared::clock::Clock::system()),
        });
        let heard = Heard::by(additions.heard);
        let router = control.clone().router((additions.routes)(control));
        let (routes, cors) = (routes(&template, &functions), template.cors.clone());
        let gateway = Gateway { routes, account: ACCOUNT.to_owned(), cors, heard };
        let gateway =
            Listening::start(listener, (additions.around)(gateway.behind(router))).map_err(StackError::Listen)?;
        Ok(Self {
            url,
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
            data,
        })
    }
}

impl Services {
    async fn start(data: Option<&Path>, fidelity: &Fidelity) -> Result<Self, StackError> {
        let emulators = Emulators::start_as(data, fidelity).await?;
        let dynamodb_proxy = Arc::new(Proxy::start(Service::DynamoDb, emulators.dynamodb_endpoint()).await?);
        let sqs_proxy = Arc::new(Proxy::start(Service::Sqs, emulators.sqs_endpoint()).await?);
        let providers = Arc::new(Providers::start_as(fidelity).await?);
        providers.put_secret(demo::FCM_SECRET, &providers.fcm_service_account());
        providers.put_secret(demo::APNS_SECRET, &providers.apns_secret());
        providers.put_secret(demo::SLACK_SECRET, &providers.slack_secret());
        Ok(Self { emulators, dynamodb_proxy, sqs_proxy, providers })
    }

    /// The template, deployed with these services. The caller's parameters replace all others.
    fn template(&self, url: &str, demo: &Demo, options: &Options) -> Result<Template, StackError> {
        let deployed = Deployed {
            api_endpoint: url.to_owned(),
            sqs_endpoint: self.sqs_proxy.endpoint().to_owned(),
            region: REGION.to_owned(),
            account: ACCOUNT.to_owned(),
            stack: "tidings".to_owned(),
        };
        // The receiver of webhooks has an internal address and speaks plain HTTP, and its port is known only now.
        let webhooks = self.providers.webhook_endpoint().trim_start_matches("http://");
        let endpoints = [
            ("FcmEndpoint", self.providers.google_endpoint()),
            ("ApnsEndpoint", self.providers.apns_endpoint()),
            ("SlackEndpoint", self.providers.slack_endpoint()),
            ("WebhookInsecureHosts", webhooks),
        ];
        let mut all = demo.parameters();
        all.extend(endpoints.map(|(name, value)| (name.to_owned(), value.to_owned())));
        if options.pages_of_this_machine {
            // The template says what pages may send only if it allows an origin.
            all.insert("AllowedOrigins".to_owned(), "http://localhost".to_owned());
        }
        all.extend(options.parameters.clone());
        let path = binaries::workspace().join("template.yaml");
        let yaml = std::fs::read_to_string(&path).map_err(|source| StackError::NoTemplate { path, source })?;
        Ok(Template::read(&yaml, &all, &deployed)?)
    }

    /// Creates the template's table and queues, and writes the demo's data.
    async fn provision(&self, template: &Template, demo: &Demo, fidelity: &Fidelity) -> Result<(), StackError> {
        for proxy in [&self.dynamodb_proxy, &self.sqs_proxy] {
            proxy.set_permissions(Permissions::of(template));
        }
        provision::provision(template, &self.emulators).await?;
        for name in &template.secrets {
            self.providers.put_secret(name, demo::DEPLOYMENT_SECRET);
        }
        let seeded = demo.seed(self.emulators.dynamodb_endpoint(), &template.table.name).await;
        seeded.map_err(StackError::demo)?;
        if let Some(schema) = Schema::of(&template.table) {
            let index = self.emulators.follow(&schema)?;
            self.dynamodb_proxy.set_strict(Strict::new(schema, fidelity, &self.emulators, index)?);
        }
        Ok(())
    }

    fn place(&self) -> Place<'_> {
        Place {
            region: REGION,
            dynamodb: self.dynamodb_proxy.endpoint(),
            sqs: self.sqs_proxy.endpoint(),
            ses: self.providers.ses_endpoint(),
            sms: self.providers.sms_endpoint(),
            secrets: self.providers.secrets_endpoint(),
            account: self.providers.account_endpoint(),
        }
    }
}

async fn bind(port: u16) -> Result<TcpListener, StackError> {
    listen::bind(port).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => StackError::PortTaken(port),
        _ => StackError::Listen(error),
    })
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
    batches: &Batches,
    limits: Limits,
) -> Result<Vec<Poller>, StackError> {
    let mut pollers = Vec::new();
    for function in &template.functions {
        for source in &function.queue_sources {
            let queue = template.queue(&source.queue);
            let queue = queue.ok_or_else(|| StackError::NoQueue(source.queue.clone()))?;
            if let Some(pool) = functions.get(&function.binary) {
                pollers.push(Poller::start(sqs, source, queue, REGION, pool, batches, limits));
            }
        }
    }
    Ok(pollers)
}
