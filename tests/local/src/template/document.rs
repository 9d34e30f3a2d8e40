//! The template's YAML as JSON, with the short forms (`!Ref x`) written out (`{"Ref": "x"}`).

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use super::TemplateError;

/// Parses the template's text. It resolves nothing.
pub fn parse(yaml: &str) -> Result<Value, TemplateError> {
    let document = convert(serde_yaml_ng::from_str(yaml)?, "the template")?;
    if !document.is_object() {
        return Err(TemplateError::shape("the template", "a mapping with Resources"));
    }
    Ok(document)
}

fn convert(node: Yaml, at: &str) -> Result<Value, TemplateError> {
    Ok(match node {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(flag),
        Yaml::String(text) => Value::String(text),
        Yaml::Number(number) => {
            serde_json::to_value(&number).map_err(|_| TemplateError::shape(at, "a finite number"))?
        }
        Yaml::Sequence(items) => {
            Value::Array(items.into_iter().map(|item| convert(item, at)).collect::<Result<_, _>>()?)
        }
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let key = convert(key, at)?;
                let key = super::text(&key).ok_or_else(|| TemplateError::shape(at, "plain keys"))?;
                let value = convert(value, &format!("{at}, {key}"))?;
                map.insert(key, value);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let argument = convert(tagged.value, at)?;
            long_form(tag.trim_start_matches('!'), argument)
        }
    })
}

/// Turns a tag into the long form of its function. The resolver refuses unknown functions in the parts that it reads.
fn long_form(tag: &str, argument: Value) -> Value {
    match tag {
        "Ref" | "Condition" => json!({ tag: argument }),
        "GetAtt" => {
            let parts = match &argument {
                Value::String(dotted) => dotted.split_once('.').map(|(id, attribute)| json!([id, attribute])),
                _ => None,
            };
            json!({ "Fn::GetAtt": parts.unwrap_or(argument) })
        }
        _ => json!({ format!("Fn::{tag}"): argument }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_written_out() -> Result<(), TemplateError> {
        let document = parse("a: !Ref B\nb: !GetAtt C.D.E\nc: !Join [',', [!Ref F, g]]\n2: {Seconds: 12}")?;
        assert_eq!(
            document,
            json!({
                "a": {"Ref": "B"},
                "b": {"Fn::GetAtt": ["C", "D.E"]},
                "c": {"Fn::Join": [",", [{"Ref": "F"}, "g"]]},
                "2": {"Seconds": 12},
            })
        );
        Ok(())
    }

    #[test]
    fn a_list_is_no_template() {
        assert!(matches!(parse("[a, b]"), Err(TemplateError::Shape { .. })));
    }
}
