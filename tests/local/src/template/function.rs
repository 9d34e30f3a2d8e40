//! Reads functions. `Globals` and a function's own properties are merged as in SAM.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::scope::Scope;
use super::{Function, Queue, TemplateError, events, policies, text, whole};

/// The defaults of SAM and Lambda.
const DEFAULT_TIMEOUT_SECONDS: u64 = 3;
const DEFAULT_MEMORY_MB: u64 = 128;

/// The function with this logical id.
pub(super) fn read(scope: &Scope<'_>, id: &str, queues: &[Queue]) -> Result<Function, TemplateError> {
    let at = format!("Resources.{id}");
    let binary = scope.resources[id].pointer("/Metadata/BuildProperties/Binary").and_then(Value::as_str);
    let Some(binary) = binary else {
        return Err(TemplateError::shape(&format!("{at}.Metadata.BuildProperties.Binary"), "a cargo binary's name"));
    };
    let timeout = number(scope, id, "Timeout", DEFAULT_TIMEOUT_SECONDS, 1..=900)?;
    let memory = number(scope, id, "MemorySize", DEFAULT_MEMORY_MB, 128..=10_240)?;
    let events = events::read(scope, id, queues)?;
    for source in &events.queue_sources {
        let queue = queues.iter().filter(|queue| queue.logical_id == source.queue);
        let short = queue.map(|queue| queue.attributes.get("VisibilityTimeout").map_or("30", String::as_str));
        // Lambda refuses such a mapping, but only at the deployment.
        if short.filter_map(|seconds| seconds.parse::<u64>().ok()).any(|seconds| seconds < timeout) {
            let at = format!("Resources.{}.Properties.VisibilityTimeout", source.queue);
            return Err(TemplateError::shape(&at, format!("at least the {timeout} seconds that {id} may take")));
        }
    }
    Ok(Function {
        logical_id: id.to_owned(),
        binary: binary.to_owned(),
        timeout: Duration::from_secs(timeout),
        memory_mb: u32::try_from(memory).unwrap_or(u32::MAX),
        environment: environment(scope, id)?,
        grants: policies::read(scope, id)?,
        routes: events.routes,
        queue_sources: events.queue_sources,
        schedules: events.schedules,
    })
}

/// A property of the function, or else of `Globals`, and its path; `None` if both do not have it.
fn merged(scope: &Scope<'_>, id: &str, name: &str) -> Result<Option<(Value, String)>, TemplateError> {
    if let Some(value) = scope.property(id, name)? {
        return Ok(Some((value, format!("Resources.{id}.Properties.{name}"))));
    }
    let at = format!("Globals.Function.{name}");
    let Some(node) = scope.document.pointer(&format!("/Globals/Function/{name}")) else {
        return Ok(None);
    };
    Ok(scope.resolve(node, &at)?.map(|value| (value, at)))
}

fn number(
    scope: &Scope<'_>,
    id: &str,
    name: &str,
    default: u64,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, TemplateError> {
    match merged(scope, id, name)? {
        Some((value, at)) => whole(&value, &at, range),
        None => Ok(default),
    }
}

fn environment(scope: &Scope<'_>, id: &str) -> Result<BTreeMap<String, String>, TemplateError> {
    let mut environment = BTreeMap::new();
    let own = scope.resources[id].pointer("/Properties/Environment/Variables");
    let sources = [
        (scope.document.pointer("/Globals/Function/Environment/Variables"), "Globals.Function".to_owned()),
        (own, format!("Resources.{id}.Properties")),
    ];
    for (node, at) in sources {
        let at = format!("{at}.Environment.Variables");
        let Some(node) = node else { continue };
        let Some(Value::Object(variables)) = scope.resolve(node, &at)? else {
            return Err(TemplateError::shape(&at, "a mapping of variables"));
        };
        for (name, value) in variables {
            let value = text(&value).ok_or_else(|| TemplateError::shape(&format!("{at}.{name}"), "a text"))?;
            environment.insert(name, value);
        }
    }
    Ok(environment)
}
