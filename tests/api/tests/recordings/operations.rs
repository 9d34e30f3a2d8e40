//! The operations of the OpenAPI document.

use local::stack::Stack;
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    /// The names of parameters, or of the document's components that describe them.
    pub parameters: Vec<String>,
    pub has_body: bool,
    /// Whether the operation belongs to contract 2, which refuses a request for an answer in another media type.
    pub is_akana: bool,
}

/// All operations. Those that list records of all users come first, before others make records; then the operations are
/// sorted by name.
pub fn all() -> Vec<Operation> {
    let document = serde_json::to_value(::docs::document()).unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Some(id) = operation["operationId"].as_str() else { continue };
            let name = |parameter: &Value| {
                let named = parameter["name"].as_str().or_else(|| parameter["$ref"].as_str()?.rsplit('/').next());
                named.unwrap_or_default().to_owned()
            };
            all.push(Operation {
                id: id.to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                parameters: operation["parameters"].as_array().into_iter().flatten().map(name).collect(),
                has_body: operation["requestBody"].is_object(),
                is_akana: operation["responses"].get("406").is_some(),
            });
        }
    }
    all.sort_by_key(|operation| (!operation.id.starts_with("list"), operation.id.clone()));
    all
}

impl Operation {
    /// Whether the operation has a parameter of this name.
    pub fn takes(&self, name: &str) -> bool {
        self.parameters.iter().any(|known| known == name)
    }

    /// The function that answers the operation.
    pub fn function(&self, stack: &Stack) -> String {
        let routes =
            |function: &&local::template::Function| function.routes.iter().any(|route| route.path == self.path);
        let found = stack.template().functions.iter().find(routes);
        found.unwrap_or_else(|| panic!("no route for {}", self.path)).binary.clone()
    }
}
