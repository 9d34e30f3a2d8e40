//! The OpenAPI document, built beside the handlers: shapes out of the code's own types, refusals out of its own answers.
//!
//! ```text
//! doc.put("/api/v1/users/{id}", "changeUser", "Change a user, partially")
//!     .bearer("self, admin")
//!     .path::<UserId>("id", "The user's id")
//!     .if_match()
//!     .once()
//!     .body::<ChangeBody>(json!({"name": "John"}))
//!     .answers::<UserView>(200, "The user", example())
//!     .refuses::<native::Refusals>(&[400, 401, 403, 404, 409, 412, 413, 500, 503]);
//! ```

mod common;
mod operation;
mod refusals;
mod shapes;

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use operation::Operation;
pub use refusals::Dialect;
pub use shapes::{ChannelId, Channels, Email, ExternalId, Language, Line, Open, Phone, PushToken, Zone, not_null};

/// Where references to schemas lead.
const SCHEMAS: &str = "/components/schemas";

/// A document under construction.
#[derive(Debug)]
pub struct Document {
    /// Shapes of answers.
    answers: SchemaGenerator,
    /// Shapes of requests. They are apart from those of answers, since a field that may be left out is described
    /// differently.
    requests: SchemaGenerator,
    tag: &'static str,
    tags: Vec<Value>,
    paths: BTreeMap<String, Map<String, Value>>,
    responses: BTreeMap<String, Value>,
}

/// A document, with its members in the order in which people read them.
#[derive(Clone, Debug, Serialize)]
pub struct OpenApi {
    openapi: &'static str,
    info: Value,
    servers: Value,
    tags: Vec<Value>,
    /// Operations, by path and by method.
    pub paths: BTreeMap<String, Map<String, Value>>,
    components: Value,
}

impl Default for Document {
    fn default() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = SCHEMAS.into();
                settings.meta_schema = None;
            })
        };
        Self {
            answers: settings().for_serialize().into_generator(),
            requests: settings().for_deserialize().into_generator(),
            tag: "",
            tags: Vec::new(),
            paths: BTreeMap::new(),
            responses: BTreeMap::new(),
        }
    }
}

impl Document {
    /// The operations that follow belong to this part of the API.
    pub fn tag(&mut self, name: &'static str, description: &str) {
        self.tag = name;
        if !self.tags.iter().any(|tag| tag["name"] == name) {
            self.tags.push(json!({"name": name, "description": description}));
        }
    }

    /// The whole document.
    pub fn finish(mut self) -> OpenApi {
        self.describe_native_reads();
        let mut schemas = self.answers.take_definitions(true);
        schemas.extend(self.requests.take_definitions(true));
        OpenApi {
            openapi: "3.1.0",
            info: common::info(),
            servers: common::servers(),
            tags: self.tags,
            paths: self.paths,
            components: json!({
                "schemas": schemas,
                "responses": self.responses,
                "parameters": common::parameters(),
                "headers": common::headers(),
                "securitySchemes": common::security_schemes(),
            }),
        }
    }

    fn answer<T: JsonSchema>(&mut self) -> Schema {
        self.answers.subschema_for::<T>()
    }

    fn request<T: JsonSchema>(&mut self) -> Schema {
        self.requests.subschema_for::<T>()
    }

    /// Each dialect's refusals are kept once, and operations refer to them.
    fn refusal<D: Dialect>(&mut self, status: u16) -> Value {
        let name = format!("{}{status}", D::NAME);
        if !self.responses.contains_key(&name) {
            let schema = D::schema(&mut self.answers);
            self.responses.insert(name.clone(), refusals::response(&D::samples(), status, &schema));
        }
        json!({"$ref": format!("#/components/responses/{name}")})
    }
}

#[cfg(test)]
mod tests;
