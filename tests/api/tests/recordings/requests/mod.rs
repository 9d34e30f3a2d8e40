//! A request that succeeds for each operation. Everything that it needs is created first.

pub mod notifications;
mod preferences;
mod templates;
mod users;

use serde_json::Value;

use super::{
    operations::Operation,
    stage::{Request, Stage, Who},
};

/// The body of a request.
#[derive(Clone, Debug)]
pub enum Body {
    None,
    Json(Value),
    Form(&'static str),
}

/// A request that succeeds. A test can replace each of its parts.
#[derive(Clone, Debug)]
pub struct Good {
    pub who: Who,
    /// The values for the names in the path's braces.
    pub path: Vec<(&'static str, String)>,
    pub query: Vec<(&'static str, String)>,
    pub body: Body,
}

impl Good {
    pub fn by(who: Who) -> Self {
        Self { who, path: Vec::new(), query: Vec::new(), body: Body::None }
    }

    pub fn at(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.path.push((name, value.into()));
        self
    }

    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    pub fn form(mut self, body: &'static str) -> Self {
        self.body = Body::Form(body);
        self
    }

    /// The request for this operation.
    pub async fn request(&self, stage: &Stage, operation: &Operation) -> Request {
        let mut path = operation.path.clone();
        for (name, value) in &self.path {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let query: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let request = stage.by(&self.who, &operation.method, path).await;
        match &self.body {
            Body::None => request,
            Body::Json(body) => request.json(body),
            Body::Form(body) => request.bytes("application/x-www-form-urlencoded", *body),
        }
    }
}

/// The request that succeeds for an operation.
pub async fn good(stage: &Stage, operation: &str) -> Good {
    match operation {
        "showDocument" | "readDocument" | "listErrors" | "listReasons" | "listGuides" => return Good::by(Who::Nobody),
        "readPart" => return Good::by(Who::Nobody).at("file", "start.js"),
        "showReason" => return Good::by(Who::Nobody).at("reason", "channel_off"),
        // A short one, which changes seldom.
        "showGuide" => return Good::by(Who::Nobody).at("guide", "comparison"),
        "showError" => return Good::by(Who::Nobody).at("code", "not_found"),
        _ => {}
    }
    if let Some(good) = users::good(stage, operation).await {
        return good;
    }
    if let Some(good) = preferences::good(stage, operation).await {
        return good;
    }
    if let Some(good) = notifications::good(stage, operation).await {
        return good;
    }
    let good = templates::good(stage, operation).await;
    good.unwrap_or_else(|| panic!("nobody has said how to ask for {operation}"))
}
