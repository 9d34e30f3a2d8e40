//! One exchange: the request, the answer, the function's calls to DynamoDB and SQS, and the items that it wrote.

use std::{collections::BTreeMap, time::Duration};

use api::{Answer, dynamodb};
use local::aws::proxy::TranscriptCall;
use serde_json::{Map, Value, json};

use super::{
    expression,
    normal::{Normal, now},
    stage::{Request, Stage},
};

/// An answer's body that is longer, in bytes, is recorded only once in each file.
const MAX_REPEATED: usize = 400;
/// Of a request's body that is longer, in bytes, only the length is recorded.
const MAX_SENT: usize = 4000;

/// The exchanges of one file.
pub struct Recording<'s> {
    stage: &'s Stage,
    function: String,
    normal: Normal,
    exchanges: Vec<Value>,
    /// Each long body, with the name of the exchange in which it was first recorded.
    bodies: BTreeMap<String, String>,
}

impl<'s> Recording<'s> {
    /// Begins a recording, which keeps the calls of `function`. What happens until the first exchange is the part
    /// "preparation".
    pub fn begin(stage: &'s Stage, name: &str, function: &str) -> Self {
        stage.begin(name);
        let mut normal = Normal::default();
        normal.part("preparation", now(), now());
        Self { stage, function: function.to_owned(), normal, exchanges: Vec::new(), bodies: BTreeMap::new() }
    }

    /// Sends a request, and records its exchange.
    pub async fn exchange(&mut self, name: &str, request: &Request) -> Answer {
        let stage = self.stage;
        let mut whole = None;
        self.observe(name, async || {
            let answer = stage.send(request).await;
            let parts = vec![("request", sent(request)), ("answer", got(&answer))];
            whole = Some(answer);
            parts
        })
        .await;
        whole.unwrap()
    }

    /// Records the parts that `act` returns, the function's calls during `act`, and the items that the calls wrote.
    pub async fn observe(&mut self, name: &str, act: impl AsyncFnOnce() -> Vec<(&'static str, Value)>) {
        let (dynamodb_proxy, sqs_proxy) = (self.stage.stack.dynamodb_proxy(), self.stage.stack.sqs_proxy());
        // A list shows everything that was written before, in each run.
        dynamodb_proxy.index_catches_up().await;
        // The pause makes sure that two parts never share a millisecond.
        tokio::time::sleep(Duration::from_millis(2)).await;
        dynamodb_proxy.begin_transcript();
        sqs_proxy.begin_transcript();
        let start = now();
        let mut parts = act().await;
        if !sqs_proxy.transcript().is_empty() {
            // The work that `act` started must end before its items are read.
            self.stage.client.queues_empty().await;
        }
        self.normal.part(name, start, now());
        let mut calls = [dynamodb_proxy.transcript(), sqs_proxy.transcript()].concat();
        calls.retain(|call| call.caller.rsplit_once('-').is_some_and(|(function, _)| function == self.function));
        calls.sort_by_key(|call| call.sequence);
        parts.push(("calls", ordered(&calls).into()));
        parts.push(("items", self.items(&calls).await));
        let mut exchange = Map::from_iter([("name".to_owned(), json!(name))]);
        for (part, value) in parts {
            let value = self.normal.value(&value);
            let empty = [json!([]), json!({}), Value::Null].contains(&value);
            if !empty {
                exchange.insert(part.to_owned(), value);
            }
        }
        if let Some(body) = exchange.get_mut("answer").and_then(|answer| answer.get_mut("body")) {
            self.shorten(body, name);
        }
        self.exchanges.push(exchange.into());
    }

    /// All recorded exchanges.
    pub fn exchanges(self) -> Vec<Value> {
        self.exchanges
    }

    fn shorten(&mut self, body: &mut Value, name: &str) {
        let text = body.to_string();
        if text.len() <= MAX_REPEATED {
            return;
        }
        match self.bodies.get(&text) {
            Some(first) => *body = json!({"same as in": first}),
            None => drop(self.bodies.insert(text, name.to_owned())),
        }
    }

    /// The present items under all keys that the calls wrote to; null if there is no item.
    async fn items(&self, calls: &[TranscriptCall]) -> Value {
        let mut keys = Vec::new();
        for call in calls {
            written(&call.body, call.target.rsplit('.').next().unwrap_or_default(), &mut keys);
        }
        let mut items = Vec::<Value>::new();
        for (pk, sk) in keys {
            let key = json!({"pk": {"S": pk}, "sk": {"S": sk}});
            let found = dynamodb(&self.stage.stack, "GetItem", json!({"Key": key, "ConsistentRead": true})).await;
            let item = found["Item"].as_object().map_or(Value::Null, expression::attributes);
            items.push(json!({"key": [pk, sk], "item": item}));
        }
        items.into()
    }
}

/// Adds the keys that a call writes to, unless they are in `keys` already.
fn written(body: &Value, operation: &str, keys: &mut Vec<(String, String)>) {
    let mut note = |key: &Value| {
        let part = |name: &str| key[name]["S"].as_str().map(str::to_owned);
        let key = part("pk").zip(part("sk")).filter(|key| !keys.contains(key));
        keys.extend(key);
    };
    match operation {
        "UpdateItem" | "DeleteItem" => note(&body["Key"]),
        "PutItem" => note(&body["Item"]),
        "TransactWriteItems" => {
            for one in body["TransactItems"].as_array().into_iter().flatten() {
                [&one["Put"]["Item"], &one["Update"]["Key"], &one["Delete"]["Key"]].into_iter().for_each(&mut note);
            }
        }
        "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            for one in tables.flat_map(|(_, requests)| requests.as_array().into_iter().flatten()) {
                [&one["PutRequest"]["Item"], &one["DeleteRequest"]["Key"]].into_iter().for_each(&mut note);
            }
        }
        "BatchExecuteStatement" => {
            for one in expression::canonical(body)["Statements"].as_array().into_iter().flatten() {
                let item = &one["Item"];
                note(&json!({"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}));
            }
        }
        _ => {}
    }
}

/// The calls in their order. Reads that follow each other may run at the same time, so they are sorted.
fn ordered(calls: &[TranscriptCall]) -> Vec<Value> {
    let is_read = |call: &TranscriptCall| {
        let name = call.target.rsplit('.').next().unwrap_or_default();
        ["BatchGetItem", "GetItem", "Query", "Scan"].contains(&name)
    };
    let mut all = Vec::new();
    for together in calls.chunk_by(|one, other| is_read(one) && is_read(other)) {
        let mut together: Vec<_> = together.iter().map(asked).collect();
        together.sort_by_key(Value::to_string);
        all.extend(together);
    }
    all
}

fn asked(call: &TranscriptCall) -> Value {
    let mut asked = json!({"call": call.target, "request": expression::canonical(&call.body)});
    if call.status != Some(200) {
        asked["status"] = json!(call.status);
    }
    asked
}

fn sent(request: &Request) -> Value {
    let headers: BTreeMap<_, _> = request.headers.iter().cloned().collect();
    let mut sent = json!({"method": request.method, "path": request.path, "headers": headers});
    if let Some(body) = &request.body {
        sent["body"] = match serde_json::from_slice(body) {
            _ if body.len() > MAX_SENT => json!(format!("<{} bytes>", body.len())),
            Ok(body) => body,
            Err(_) => json!(String::from_utf8_lossy(body)),
        };
    }
    sent
}

fn got(answer: &Answer) -> Value {
    let mut headers = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in &answer.headers {
        // These headers belong to the transport, not to the product.
        if !["connection", "content-length", "date", "transfer-encoding"].contains(&name.as_str()) {
            headers.entry(name.as_str()).or_default().push(value.to_str().unwrap_or("<bytes>"));
        }
    }
    let headers: Map<_, _> = headers
        .into_iter()
        .map(|(name, all)| (name.to_owned(), if let [one] = all[..] { json!(one) } else { json!(all) }))
        .collect();
    let json = answer.header("content-type").contains("json");
    let body = match serde_json::from_str::<Value>(&answer.text) {
        Ok(body) if json && body["openapi"].is_string() => {
            assert_eq!(body, serde_json::to_value(::docs::document()).unwrap());
            json!("<openapi.yaml as JSON>")
        }
        Ok(body) if json => body,
        _ if answer.text.contains('\n') => answer.text.lines().collect(),
        _ => json!(answer.text),
    };
    json!({"status": answer.status.as_u16(), "headers": headers, "body": body})
}
