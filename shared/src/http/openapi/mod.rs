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
mod forms;
mod operation;
mod refusals;
mod shapes;

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

pub use operation::Operation;
pub use refusals::Dialect;
pub use shapes::{
    CategoryHandle, ChannelId, Channels, DateTimeFormat, Email, ExternalId, Language, Line, MeasurementUnit, Open,
    Phone, PushToken, Theme, TopicName, Zone, not_null,
};

/// Where references to schemas lead.
const SCHEMAS: &str = "/components/schemas";

/// The group of the native API's tags.
const NATIVE: &str = "Tidings";
/// The group of the tags of other products' dialects. The page shows them folded.
const COMPATIBILITY: &str = "Compatibility";

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
    /// The tags of other products' dialects.
    compatibility: Vec<Value>,
    paths: BTreeMap<String, Map<String, Value>>,
    webhooks: BTreeMap<&'static str, Value>,
    responses: BTreeMap<String, Value>,
}

/// A document, with its members in the order in which people read them.
#[derive(Clone, Debug, Serialize)]
pub struct OpenApi {
    openapi: &'static str,
    info: Value,
    servers: Value,
    tags: Vec<Value>,
    /// The native API's tags, and those of other products' dialects, which readers rarely need.
    #[serde(rename = "x-tagGroups")]
    tag_groups: Value,
    /// Operations, by path and by method. Those of the native API are first.
    #[serde(serialize_with = "native_first")]
    pub paths: BTreeMap<String, Map<String, Value>>,
    /// Requests that the product makes, by their type.
    webhooks: BTreeMap<&'static str, Value>,
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
            compatibility: Vec::new(),
            paths: BTreeMap::new(),
            webhooks: BTreeMap::new(),
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

    /// The operations that follow are another product's wire format.
    pub fn compatibility_tag(&mut self, name: &'static str, description: &str) {
        self.tag = name;
        self.compatibility.push(json!({"name": name, "description": description}));
    }

    /// A request that the product makes of a client's own URL, with a JSON body of the type.
    pub fn webhook<T: JsonSchema>(&mut self, name: &'static str, mut operation: Map<String, Value>, example: Value) {
        let content = json!({"application/json": {"schema": self.answer::<T>(), "example": example}});
        operation.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
        operation.insert("tags".to_owned(), json!([self.tag]));
        self.webhooks.insert(name, json!({"post": operation}));
    }

    /// The whole document.
    pub fn finish(mut self) -> OpenApi {
        self.describe_native_reads();
        let mut schemas = self.answers.take_definitions(true);
        schemas.extend(self.requests.take_definitions(true));
        schemas.values_mut().for_each(forms::plain);
        self.responses.values_mut().for_each(forms::plain);
        self.paths.values_mut().flat_map(|methods| methods.values_mut()).for_each(forms::plain);
        let names = |tags: &[Value]| tags.iter().map(|tag| tag["name"].clone()).collect::<Vec<_>>();
        let tag_groups = json!([
            {"name": NATIVE, "tags": names(&self.tags)},
            {"name": COMPATIBILITY, "tags": names(&self.compatibility)},
        ]);
        self.tags.append(&mut self.compatibility);
        OpenApi {
            openapi: "3.1.0",
            info: common::info(),
            servers: common::servers(),
            tags: self.tags,
            tag_groups,
            paths: self.paths,
            webhooks: self.webhooks,
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

/// Writes the paths with an operation of the native API before all others.
fn native_first<S: Serializer>(paths: &BTreeMap<String, Map<String, Value>>, serializer: S) -> Result<S::Ok, S::Error> {
    // A dialect's tag begins with the product's name and a colon.
    let of_a_dialect =
        |operation: &Value| operation.pointer("/tags/0").and_then(Value::as_str).is_some_and(|tag| tag.contains(": "));
    let (others, native): (Vec<_>, Vec<_>) = paths.iter().partition(|(_, methods)| methods.values().all(of_a_dialect));
    serializer.collect_map(native.into_iter().chain(others))
}

#[cfg(test)]
mod tests;
