//! One operation.

#![expect(
    clippy::indexing_slicing,
    reason = "the document is made of what is written here, and no request has a part in it"
)]

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{Dialect, Document};
use crate::http::conditional::is_native;

/// An operation under construction; each method adds to it.
#[derive(Debug)]
pub struct Operation<'a> {
    document: &'a mut Document,
    path: String,
    method: &'static str,
}

impl Document {
    /// Each `GET` of the native API carries an entity tag and may be answered 412 or 304: `conditional::of_native` does that for all of
    /// them.
    pub(super) fn describe_native_reads(&mut self) {
        let native = |path: &&String| is_native(path.split('/').skip(1));
        let paths: Vec<_> = self.paths.keys().filter(native).cloned().collect();
        for path in paths {
            if let Some(read) = Operation::read_at(self, &path) {
                read.parameter(json!({"$ref": "#/components/parameters/IfUnchanged"}))
                    .if_none_match()
                    .header(200, "ETag", "ETag")
                    .answers_empty(304, "It has not changed.")
                    .header(304, "ETag", "ETag");
            }
        }
    }

    /// An operation that reads.
    pub fn get(&mut self, path: &str, id: &str, summary: &str) -> Operation<'_> {
        self.operation("get", path, id, summary)
    }

    /// An operation that writes.
    pub fn put(&mut self, path: &str, id: &str, summary: &str) -> Operation<'_> {
        self.operation("put", path, id, summary)
    }

    /// An operation that creates something.
    pub fn post(&mut self, path: &str, id: &str, summary: &str) -> Operation<'_> {
        self.operation("post", path, id, summary)
    }

    /// A partial change.
    pub fn patch(&mut self, path: &str, id: &str, summary: &str) -> Operation<'_> {
        self.operation("patch", path, id, summary)
    }

    /// An operation that removes something.
    pub fn delete(&mut self, path: &str, id: &str, summary: &str) -> Operation<'_> {
        self.operation("delete", path, id, summary)
    }

    fn operation(&mut self, method: &'static str, path: &str, id: &str, summary: &str) -> Operation<'_> {
        let head = json!({"operationId": id, "summary": summary, "tags": [self.tag], "responses": {}});
        self.paths.entry(path.to_owned()).or_default().insert(method.to_owned(), head);
        Operation::new(self, path, method)
    }
}

impl<'a> Operation<'a> {
    fn new(document: &'a mut Document, path: &str, method: &'static str) -> Self {
        Self { document, path: path.to_owned(), method }
    }

    /// The path's operation that reads, if it has one.
    fn read_at(document: &'a mut Document, path: &str) -> Option<Self> {
        document.paths.get(path)?.get("get")?;
        Some(Self::new(document, path, "get"))
    }

    /// A description besides the summary.
    pub fn says(self, description: &str) -> Self {
        self.with("description", json!(description))
    }

    /// The request carries a bearer token; `who` says whose.
    pub fn bearer(self, who: &str) -> Self {
        self.by(json!([{"bearer": []}]), &format!("Who may: {who}."))
    }

    /// The request carries a bearer token, or none where the deployment allows it.
    pub fn bearer_or_nobody(self, who: &str) -> Self {
        self.by(json!([{"bearer": []}, {}]), &format!("Who may: {who}."))
    }

    /// The request carries an application's key pair, which has that scope.
    pub fn key_pair(self, scope: &str) -> Self {
        let pair = json!([{"notiflowsApiKey": [], "notiflowsSecretKey": []}]);
        self.by(pair, &format!("The key pair needs the scope `{scope}`."))
    }

    /// The request carries an application's public key and a user's own key.
    pub fn user_key(self) -> Self {
        self.by(json!([{"notiflowsApiKey": [], "notiflowsUserKey": []}]), "By the user whom the user key names.")
    }

    /// The request carries a session of contract 2.
    pub fn session(self, who: &str) -> Self {
        self.by(json!([{"akanaSession": []}]), &format!("Who may: {who}."))
    }

    /// The request carries a session of contract 2 and repeats its CSRF value.
    pub fn session_with_csrf(self, who: &str) -> Self {
        self.by(json!([{"akanaSession": [], "akanaCsrf": []}]), &format!("Who may: {who}."))
    }

    /// The request carries a signed link.
    pub fn link(self) -> Self {
        self.by(json!([{"unsubscribeToken": []}]), "By who has the link.")
    }

    /// The request carries a signed link to the preference centre.
    pub fn preference_link(self) -> Self {
        self.by(json!([{"preferencesToken": []}]), "By who has the link.")
    }

    /// Anybody may send the request.
    pub fn open(self) -> Self {
        self.by(json!([]), "By anybody.")
    }

    /// A part of the path.
    pub fn path<T: JsonSchema>(self, name: &str, description: &str, example: &str) -> Self {
        let schema = self.document.request::<T>();
        self.path_as(schema, name, description, example)
    }

    /// A part of the path, with a schema of its own.
    pub fn path_as(self, schema: Schema, name: &str, description: &str, example: impl Into<Value>) -> Self {
        let example = example.into();
        self.parameter(json!({
            "name": name, "in": "path", "required": true, "description": description, "schema": schema, "example": example,
        }))
    }

    /// The request may name the version that it is to change, or say that there is to be nothing yet.
    pub fn if_match(self) -> Self {
        self.parameter(json!({"$ref": "#/components/parameters/IfMatch"}))
            .parameter(json!({"$ref": "#/components/parameters/IfAbsent"}))
    }

    /// The request may name the version that the client has. If it is still the current one, the answer
    /// has no body.
    pub fn if_none_match(self) -> Self {
        self.parameter(json!({"$ref": "#/components/parameters/IfNoneMatch"}))
    }

    /// The request may carry an idempotency key.
    pub fn once(self) -> Self {
        self.parameter(json!({"$ref": "#/components/parameters/IdempotencyKey"}))
    }

    /// The request may carry an idempotency key, also under contract 4's own name.
    pub fn once_valara(self) -> Self {
        self.parameter(json!({"$ref": "#/components/parameters/ValaraIdempotencyKey"})).once()
    }

    /// A JSON body of the type, with an example.
    pub fn body<T: JsonSchema>(self, example: Value) -> Self {
        self.body_as::<T>(&["application/json"], example)
    }

    /// A body of the type, under each of these content types.
    pub fn body_as<T: JsonSchema>(self, content_types: &[&str], example: Value) -> Self {
        let schema = json!(self.document.request::<T>());
        let body = json!({"required": true, "content": content(content_types, schema, Some(example))});
        self.with("requestBody", body)
    }

    /// The body described so far is optional.
    pub fn or_no_body(mut self) -> Self {
        if let Some(operation) = self.operation_mut() {
            operation["requestBody"]["required"] = json!(false);
        }
        self
    }

    /// An answer with a JSON body of the type, with an example.
    pub fn answers<T: JsonSchema>(self, status: u16, description: &str, example: Value) -> Self {
        self.answers_as::<T>(&["application/json"], status, description, example)
    }

    /// An answer with a body of the type, under each of these content types.
    pub fn answers_as<T: JsonSchema>(
        self,
        content_types: &[&str],
        status: u16,
        description: &str,
        example: Value,
    ) -> Self {
        let schema = json!(self.document.answer::<T>());
        self.response(status, description, Some(content(content_types, schema, Some(example))))
    }

    /// An answer in text of that content type, without a schema.
    pub fn answers_text(self, content_type: &str, status: u16, description: &str) -> Self {
        self.answers_texts(&[content_type], status, description)
    }

    /// An answer in text of one of these content types, without a schema.
    pub fn answers_texts(self, content_types: &[&str], status: u16, description: &str) -> Self {
        self.response(status, description, Some(content(content_types, json!({"type": "string"}), None)))
    }

    /// The answer of that status may also be text of that content type: `Accept` decides.
    pub fn or_text(mut self, status: u16, content_type: &str) -> Self {
        let content = self.operation_mut().map(|operation| &mut operation["responses"][status.to_string()]["content"]);
        if let Some(Value::Object(content)) = content {
            content.insert(content_type.to_owned(), json!({"schema": {"type": "string"}}));
        }
        self
    }

    /// An answer without a body.
    pub fn answers_empty(self, status: u16, description: &str) -> Self {
        self.response(status, description, None)
    }

    /// A header of the answers of that status so far, among `components.headers`.
    pub fn header(self, status: u16, header: &str, component: &str) -> Self {
        let reference = json!({"$ref": format!("#/components/headers/{component}")});
        if let Some(Value::Object(headers)) = self.document.paths.get_mut(&self.path).and_then(|methods| {
            methods.get_mut(self.method)?.get_mut("responses")?.get_mut(status.to_string())?.get_mut("headers")
        }) {
            headers.insert(header.to_owned(), reference);
        }
        self
    }

    /// The dialect's own answers of these statuses. Each read of the native API may also be answered 412, whichever dialect the read
    /// belongs to.
    pub fn refuses<D: Dialect>(mut self, statuses: &[u16]) -> Self {
        let is_native_read = self.method == "get" && is_native(self.path.split('/').skip(1));
        for status in statuses.iter().copied().chain(is_native_read.then_some(412)) {
            let reference = self.document.refusal::<D>(status);
            self = self.status(status, reference);
        }
        self
    }

    fn by(self, security: Value, who: &str) -> Self {
        let before = self.operation().and_then(|operation| operation["description"].as_str().map(str::to_owned));
        let description = before.map_or_else(|| who.to_owned(), |before| format!("{before}\n\n{who}"));
        self.with("security", security).with("description", json!(description))
    }

    fn response(self, status: u16, description: &str, content: Option<Value>) -> Self {
        let mut headers = Map::new();
        let mut has = |header: &str, component: &str| {
            headers.insert(header.to_owned(), json!({"$ref": format!("#/components/headers/{component}")}));
        };
        has("x-request-id", "RequestId");
        if self.takes("IdempotencyKey") {
            has("X-Idempotency-Replayed", "Replayed");
        }
        if self.takes("IfMatch") && status != 204 {
            has("ETag", "ETag");
        }
        let mut response = json!({"description": description, "headers": headers});
        if let Some(content) = content {
            response["content"] = content;
        }
        self.status(status, response)
    }

    fn takes(&self, component: &str) -> bool {
        let reference = json!({"$ref": format!("#/components/parameters/{component}")});
        let parameters = self.operation().and_then(|operation| operation["parameters"].as_array());
        parameters.is_some_and(|parameters| parameters.contains(&reference))
    }

    /// The document's schemas of what requests contain.
    pub(in crate::http) fn request_schemas(&mut self) -> &mut SchemaGenerator {
        &mut self.document.requests
    }

    /// A parameter of any place, as the document has it.
    pub(in crate::http) fn parameter(mut self, parameter: Value) -> Self {
        if let Some(Value::Object(operation)) = self.operation_mut()
            && let Value::Array(parameters) = operation.entry("parameters").or_insert_with(|| json!([]))
        {
            parameters.push(parameter);
        }
        self
    }

    fn status(mut self, status: u16, response: Value) -> Self {
        if let Some(operation) = self.operation_mut() {
            operation["responses"][status.to_string()] = response;
        }
        self
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        if let Some(operation) = self.operation_mut() {
            operation[key] = value;
        }
        self
    }

    fn operation(&self) -> Option<&Value> {
        self.document.paths.get(&self.path)?.get(self.method)
    }

    fn operation_mut(&mut self) -> Option<&mut Value> {
        self.document.paths.get_mut(&self.path)?.get_mut(self.method)
    }
}

fn content(content_types: &[&str], schema: Value, example: Option<Value>) -> Value {
    let mut media = json!({"schema": schema});
    if let Some(example) = example {
        media["example"] = example;
    }
    content_types.iter().map(|content_type| ((*content_type).to_owned(), media.clone())).collect::<Map<_, _>>().into()
}
