//! The functions as `main` makes them, over the simulated network.

use std::{convert::Infallible, sync::Arc, time::Duration};

use aws_types::region::Region;
use dispatch::{Providers, Retries, Sources};
use shared::{
    aws::Aws,
    cache::{A_MINUTE, Cached},
    clock::Clock,
    delivery::{Apns, Fcm, Secrets, Ses, Slack, Sms, SuppressionList, Webhook},
    dialects::notiflows::{Keys, RateLimit},
    domain::{Channel, EmailAddress, webhook::InsecureHosts},
    http::auth::{Bearer, BearerConfig, ClaimNames, Jwks},
    metrics::Metrics,
    net::Client,
    preference_link::{PreferenceKey, PreferenceKeys},
    public_url::PublicUrl,
    queue::{DeliveryQueues, Queue},
    random::Randomness,
    store::{KnownSetup, Rates, Runs, Store, Templates},
    suppressions::{AddressKey, AddressKeys, Suppressions},
    unsubscribe::{OptOutKey, OptOutKeys, OptOutLinks},
};
use uuid::Uuid;

use crate::{
    dynamo::TABLE,
    issuer,
    net::{Network, SdkSleep, transport},
    secrets, sqs,
    world::{MetricLines, Who},
};

/// How long notifications are kept: the template's default is longer, and no simulation takes as long.
const RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many attempts a delivery has: the template's default.
pub const MAX_ATTEMPTS: u32 = 5;

/// What every function has.
struct Common {
    aws: Aws,
    clock: Clock,
    random: Randomness,
    store: Store,
    secrets: Secrets,
}

fn common(who: &Who) -> Common {
    let clock = who.clock();
    let seed = who.world.state().dice.seed();
    // The SDKs share the budget of retries among the clients of a region: each process has a region of its own.
    let region = Region::new(format!("sim-{}-{}", who.world.run, who.process));
    let aws = Aws::stand_in("http://aws.sim", clock.clone())
        .expect("a configuration")
        .with(|config| config.http_client(Network(who.clone())).sleep_impl(SdkSleep(who.clone())).region(region));
    let random = Randomness::seeded(seed);
    let store = Store::new(&aws, TABLE, clock.clone(), random.clone());
    let secrets = Secrets::new(&aws, clock.clone());
    Common { aws, clock, random, store, secrets }
}

/// The store alone.
pub fn store(who: &Who) -> Store {
    common(who).store
}

/// The worker.
pub fn worker(who: &Who) -> dispatch::App {
    let Common { aws, clock, random, store, secrets } = common(who);
    let client = Client::over(transport(who));
    let providers = Providers {
        ses: Ses::new(&aws, EmailAddress::parse("sender@example.com").expect("an address"), None, clock.clone()),
        fcm: Fcm::new("https://fcm.sim", clock.clone()).by(client.clone()),
        apns: Apns::new("https://apns.sim", clock.clone()).by(client.clone()),
        slack: Slack::new("https://slack.sim", clock.clone()).by(client.clone()),
        sms: Sms::new(&aws, clock.clone()),
        webhook: Webhook::new(InsecureHosts::default(), clock.clone()).by(client),
        inbox: store.clone(),
        secrets: secrets.clone(),
    };
    let preference_keys = PreferenceKeys::new(secrets.clone(), secrets::DEPLOYMENT.to_owned(), PreferenceKey::derive);
    let public_url = PublicUrl::parse("https://tidings.example").expect("a URL");
    let opt_outs = OptOutKeys::new(secrets.clone(), secrets::DEPLOYMENT.to_owned(), OptOutKey::derive);
    let is_one_queue = who.world.state().is_one_queue;
    dispatch::App {
        queue: deliveries(&aws, is_one_queue),
        dead_letters: Queue::new(&aws, url(sqs::DEAD)),
        sources: Sources::new(&url(sqs::DEAD), &arn(sqs::FEEDBACK)),
        setup: KnownSetup::new(&clock),
        pauses: Cached::new(A_MINUTE, clock.clone()),
        templates: Templates::new(clock.clone()),
        runs: Runs::new(clock.clone()),
        rates: Rates::new(store.clone()),
        suppressions: suppressions(&store, secrets),
        providers,
        opt_outs: OptOutLinks::new(opt_outs, public_url.clone()),
        preference_keys,
        public_url,
        retention: RETENTION,
        metrics: Metrics::to("sim".to_owned(), clock.clone(), MetricLines(who.clone())),
        retries: Retries { max_attempts: MAX_ATTEMPTS, base_seconds: 4, max_seconds: 900 },
        store,
        clock,
        random,
    }
}

/// The functions that answer requests.
#[derive(Debug)]
pub struct Api {
    /// Notifications and dead letters.
    pub notifications: Arc<notifications::App>,
    /// Users and their preferences.
    pub users: Arc<users::App>,
}

/// The functions that answer requests, in one process.
pub fn api(who: &Who) -> Api {
    let Common { aws, clock, random, store, secrets } = common(who);
    let bearer = || {
        Bearer::new(BearerConfig {
            issuer: issuer::ISSUER.to_owned(),
            audience: issuer::AUDIENCE.to_owned(),
            claims: ClaimNames::default(),
            jwks: Jwks::parse(&issuer::jwks(), clock.clone()).expect("a key"),
            namespace: Uuid::from_u128(1),
            clock: clock.clone(),
        })
    };
    let settings = users::HealthSettings {
        sender: EmailAddress::parse("notifications@tidings.example").expect("an address"),
        public_url: None,
        key_arn: None,
        workers: Vec::new(),
        url_suffix: "sim".to_owned(),
    };
    let sources = users::Sources::new(&aws, secrets.clone(), settings, clock.clone());
    let users = users::App {
        health: users::Health::new(sources, clock.clone()),
        store: store.clone(),
        suppressions: suppressions(&store, secrets.clone()),
        suppression_list: SuppressionList::new(&aws),
        bearer: bearer(),
        keys: Keys::new(RateLimit::new(0), clock.clone()),
        setup: KnownSetup::new(&clock),
        namespace: Uuid::from_u128(1),
        insecure_hosts: InsecureHosts::default(),
        clock: clock.clone(),
        random: random.clone(),
    };
    // A process may be from before each channel had a queue. It sends everything to the queue that is email's now.
    let is_one_queue = {
        let mut state = who.world.state();
        state.is_one_queue || state.dice.per_mille(100)
    };
    let notifications = notifications::App {
        suppressions: suppressions(&store, secrets),
        queue: deliveries(&aws, is_one_queue),
        bearer: bearer(),
        keys: Keys::new(RateLimit::new(0), clock.clone()),
        setup: KnownSetup::new(&clock),
        templates: Templates::new(clock.clone()),
        runs: Runs::new(clock.clone()),
        namespace: Uuid::from_u128(1),
        retention: RETENTION,
        metrics: Metrics::to("sim".to_owned(), clock.clone(), MetricLines(who.clone())),
        store,
        clock,
        random,
    };
    Api { notifications: Arc::new(notifications), users: Arc::new(users) }
}

fn suppressions(store: &Store, secrets: Secrets) -> Suppressions {
    let keys = AddressKeys::new(secrets, secrets::SUPPRESSION.to_owned(), AddressKey::derive);
    Suppressions::new(store.clone(), keys)
}

/// The queues of deliveries; the same one for all channels if there `is_one_queue`.
fn deliveries(aws: &Aws, is_one_queue: bool) -> DeliveryQueues {
    let url = |channel| Ok::<_, Infallible>(url(sqs::queue_of(if is_one_queue { Channel::Email } else { channel })));
    DeliveryQueues::new(aws, url).unwrap_or_else(|never| match never {})
}

fn url(queue: &str) -> String {
    format!("http://sqs.sim/1/{queue}")
}

/// A queue's name as events have it.
pub fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:sim:1:{queue}")
}
