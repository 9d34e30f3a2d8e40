use super::*;

#[derive(JsonSchema, Serialize)]
struct Body {
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    nick: Option<String>,
}

#[test]
fn what_may_be_left_out_need_not_be_null() {
    let mut doc = Document::default();
    let example = json!(Body { name: None, nick: None });
    doc.put("/a", "a", "A").answers::<Body>(200, "Done", example);
    let whole = serde_json::to_value(doc.finish()).unwrap();
    let body = &whole["components"]["schemas"]["Body"];
    assert_eq!(body["properties"], json!({"name": {"type": "string"}, "nick": {"type": ["string", "null"]}}));
    assert_eq!(body["required"], json!(["nick"]));
}

#[test]
fn an_operation_says_what_its_parameters_bring() {
    let mut doc = Document::default();
    doc.tag("T", "t");
    doc.put("/a", "a", "A").bearer("admin").if_match().once().answers::<Open>(200, "Done", json!({}));
    let whole = serde_json::to_value(doc.finish()).unwrap();
    let answer = &whole["paths"]["/a"]["put"]["responses"]["200"];
    let headers: Vec<_> = answer["headers"].as_object().unwrap().keys().collect();
    assert_eq!(headers, ["ETag", "X-Idempotency-Replayed", "x-request-id"]);
    assert_eq!(whole["paths"]["/a"]["put"]["description"], "Who may: admin.");
}
