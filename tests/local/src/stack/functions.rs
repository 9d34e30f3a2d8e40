//! The functions of the template as pools of processes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt;

use super::{FunctionLogs, Options, StackError};
use crate::aws::proxy::Kill;
use crate::fidelity::{Behaviour, SWITCHES};
use crate::lambda::pool::{FunctionSpec, Logs, Pool, environment_of};
use crate::template::{Function, Template};

/// The functions by the name of their binary.
pub type Pools = BTreeMap<String, Arc<Pool>>;

/// The endpoints of the services that a function calls.
pub struct Place<'a> {
    pub region: &'a str,
    pub dynamodb: &'a str,
    pub sqs: &'a str,
    pub ses: &'a str,
    pub sms: &'a str,
    pub secrets: &'a str,
    pub account: &'a str,
}

/// Starts all functions at once.
pub async fn start(
    template: &Template,
    binaries: &BTreeMap<String, PathBuf>,
    place: &Place<'_>,
    options: &Options,
) -> Result<Pools, StackError> {
    if let FunctionLogs::Directory(folder) = &options.logs {
        std::fs::create_dir_all(folder).map_err(|source| logs_error(folder, source))?;
    }
    if options.fidelity.has(Behaviour::EnvironmentLimit) {
        template.functions.iter().try_for_each(fits)?;
    }
    let starting = template.functions.iter().map(async |function| {
        let executable = binaries.get(&function.binary);
        let executable = executable.ok_or_else(|| StackError::NoBinary(function.binary.clone()))?;
        let spec = FunctionSpec {
            name: function.binary.clone(),
            executable: executable.clone(),
            timeout: function.timeout,
            memory_mb: function.memory_mb,
            environment: environment(function, place),
            concurrency: options.concurrency,
            maximum: maximum(function, options.concurrency),
            logs: logs(&options.logs, &function.binary)?,
            freezes: options.fidelity.has(Behaviour::FrozenProcesses),
            skews: options.fidelity.has(Behaviour::ClockSkew),
        };
        Ok::<_, StackError>((function.binary.clone(), Arc::new(Pool::start(spec).await?)))
    });
    Ok(futures::future::try_join_all(starting).await?.into_iter().collect())
}

/// The most bytes of a function's variables (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const ENVIRONMENT: usize = 4096;

/// Whether Lambda would create the function. It measures the variables of the template as one JSON text. What [`environment`]
/// adds, Lambda has of its own.
fn fits(function: &Function) -> Result<(), StackError> {
    let bytes = serde_json::json!(function.environment).to_string().len();
    if bytes <= ENVIRONMENT {
        return Ok(());
    }
    let switch = SWITCHES.iter().find(|switch| switch.behaviour == Behaviour::EnvironmentLimit);
    let switch = switch.map_or("", |switch| switch.name);
    Err(StackError::Environment { function: function.logical_id.clone(), bytes, most: ENVIRONMENT, switch })
}

/// The most processes of a function: enough for all that its event sources may invoke at once, and for whatever else
/// invokes it. So a queue whose invocations hang takes no process from another one, as on Lambda. A concurrency of one is
/// one process in all: what it has read once, it knows from then on, so that calls can be counted.
fn maximum(function: &Function, concurrency: usize) -> usize {
    if concurrency == 1 {
        return 1;
    }
    let sources = function.queue_sources.iter();
    let at_once = sources.map(|source| source.maximum_concurrency.unwrap_or(concurrency).min(concurrency));
    concurrency + at_once.sum::<usize>()
}

/// The function with which the fault proxies kill a calling process. It holds only weak references to the pools.
pub fn killer(pools: &Pools) -> Kill {
    let pools: BTreeMap<_, _> = pools.iter().map(|(name, pool)| (name.clone(), Arc::downgrade(pool))).collect();
    Arc::new(move |app_id| {
        let environment = environment_of(app_id)
            .and_then(|(name, environment)| Some(pools.get(name)?.upgrade()?.kill_environment(environment)));
        async move {
            if let Some(environment) = environment {
                environment.await;
            }
        }
        .boxed()
    })
}

fn logs(wanted: &FunctionLogs, name: &str) -> Result<Logs, StackError> {
    Ok(match wanted {
        FunctionLogs::Nowhere => Logs::Discard,
        FunctionLogs::Directory(folder) => {
            let path = folder.join(format!("{name}.log"));
            std::fs::write(&path, "").map_err(|source| logs_error(&path, source))?;
            Logs::File(path)
        }
    })
}

fn logs_error(path: &Path, source: std::io::Error) -> StackError {
    StackError::Logs { path: path.to_owned(), source }
}

/// The environment of every function, by its logical id.
pub fn environments(template: &Template, place: &Place<'_>) -> BTreeMap<String, BTreeMap<String, String>> {
    let functions = template.functions.iter();
    functions.map(|function| (function.logical_id.clone(), environment(function, place))).collect()
}

/// The environment of the template, and the endpoints of this stack instead of AWS's. The SDKs read the endpoints; the
/// functions' code does not.
fn environment(function: &Function, place: &Place<'_>) -> BTreeMap<String, String> {
    let mut environment = function.environment.clone();
    let own = [
        ("AWS_REGION", place.region),
        ("AWS_DEFAULT_REGION", place.region),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL_DYNAMODB", place.dynamodb),
        ("AWS_ENDPOINT_URL_SQS", place.sqs),
        ("AWS_ENDPOINT_URL_SESV2", place.ses),
        ("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2", place.sms),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", place.secrets),
        ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", place.account),
        ("AWS_ENDPOINT_URL_LAMBDA", place.account),
    ];
    environment.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    environment
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn function(value: usize) -> Function {
        Function {
            logical_id: "UsersFunction".to_owned(),
            binary: "users".to_owned(),
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            environment: [("A".to_owned(), "x".repeat(value))].into(),
            grants: Vec::new(),
            routes: Vec::new(),
            queue_sources: Vec::new(),
            schedules: Vec::new(),
        }
    }

    #[test]
    fn variables_of_more_than_4_kb_are_refused_with_their_function_and_their_switch() {
        let own = r#"{"A":""}"#.len();
        assert!(fits(&function(ENVIRONMENT - own)).is_ok());
        let error = fits(&function(ENVIRONMENT - own + 1)).unwrap_err().to_string();
        for word in ["UsersFunction", "4097 bytes", "4096", "environment-limit"] {
            assert!(error.contains(word), "{error}");
        }
    }
}
