//! The environment of a function fits into Lambda's 4 KB, whatever the parameters are. Lambda refuses a larger one at the
//! deployment, with a message that names no parameter.
//!
//! It measures the variables as one JSON text (`String measured: {"NAME":"value"}`, as its error says:
//! <https://github.com/github-aws-runners/terraform-aws-github-runner/issues/3594>), in which a quotation mark of a value
//! counts twice. The quota: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{document, read, resources};

/// The most bytes.
const MAX: usize = 4096;
/// More characters than any region's name has.
const REGION: usize = 20;
const ACCOUNT: usize = 12;
/// The longest name of a stack, and of what CloudFormation names after it.
const STACK: usize = 128;
const QUEUE: usize = 80;
const TABLE: usize = 255;
const CONFIGURATION_SET: usize = 64;
/// More characters than CloudFormation makes up for a log group: the stack's name, the logical id, and 12 of its own.
const LOG_GROUP: usize = STACK + 40;
/// More than the ARN of a key has; the pattern of the parameter takes nothing that counts twice.
const KEY_ARN: usize = 128;
const URL_SUFFIX: usize = "amazonaws.com.cn".len() + 10;
/// More characters than CloudFormation gives a secret's name, with the six that Secrets Manager adds.
const SECRET: usize = 80;

/// The most bytes of a value, without its quotation marks. `template` is the template as it is written. `known` are the
/// parameters that were measured already.
fn largest(value: &Value, template: &Value, known: &mut BTreeMap<String, usize>) -> usize {
    if let Some(text) = value.as_str() {
        return Value::from(text).to_string().len() - 2;
    }
    if value.is_number() || value.is_boolean() {
        return value.to_string().len();
    }
    if let Some(choices) = value.get("Fn::If").and_then(Value::as_array) {
        return choices[1..].iter().map(|choice| largest(choice, template, known)).max().unwrap();
    }
    if let Some(parts) = value.get("Fn::Join").and_then(|join| join[1].as_array()) {
        let between = value["Fn::Join"][0].as_str().unwrap().len() * (parts.len() - 1);
        return between + parts.iter().map(|part| largest(part, template, known)).sum::<usize>();
    }
    if let Some(name) = value.get("Ref").and_then(Value::as_str) {
        match name {
            "AWS::StackName" => return STACK,
            "AWS::URLSuffix" => return URL_SUFFIX,
            _ => {}
        }
        if let Some(parameter) = template["Parameters"].get(name) {
            return *known.entry(name.to_owned()).or_insert_with(|| largest_parameter(name, parameter));
        }
        return match template["Resources"][name]["Type"].as_str().unwrap_or_default() {
            "AWS::DynamoDB::Table" => TABLE,
            "AWS::SQS::Queue" => "https://sqs..amazonaws.com.cn//".len() + REGION + ACCOUNT + QUEUE,
            "AWS::SES::ConfigurationSet" => CONFIGURATION_SET,
            "AWS::Logs::LogGroup" => LOG_GROUP,
            "AWS::Logs::LogStream" => {
                template["Resources"][name]["Properties"]["LogStreamName"].as_str().unwrap().len()
            }
            "AWS::SecretsManager::Secret" => {
                "arn:aws-us-gov:secretsmanager:::secret:".len() + REGION + ACCOUNT + SECRET
            }
            other => panic!("say here how long a Ref of {name}, {other}, can be"),
        };
    }
    match (value["Fn::GetAtt"][0].as_str(), value["Fn::GetAtt"][1].as_str()) {
        (Some(queue), Some("Arn")) if template["Resources"][queue]["Type"] == "AWS::SQS::Queue" => {
            "arn:aws-us-gov:sqs:::".len() + REGION + ACCOUNT + QUEUE
        }
        (Some(_), Some("ApiEndpoint")) => "https://0123456789.execute-api..amazonaws.com.cn".len() + REGION,
        _ => panic!("say here how long {value} can be"),
    }
}

fn largest_parameter(name: &str, parameter: &Value) -> usize {
    if let Some(allowed) = parameter["AllowedValues"].as_array() {
        return allowed.iter().map(|value| value.as_str().map_or(value.to_string().len(), str::len)).max().unwrap();
    }
    if parameter["Type"] == "Number" {
        assert!(parameter["MaxValue"].is_u64(), "{name} has no MaxValue");
        return parameter["MaxValue"].to_string().len();
    }
    if name == "KeyArn" {
        return KEY_ARN;
    }
    let is_fixed = name == "UserNamespace";
    let longest = if is_fixed {
        36
    } else {
        parameter["MaxLength"].as_u64().unwrap_or_else(|| panic!("{name} has no MaxLength"))
    };
    let sample = match parameter["Default"].as_str() {
        Some(default) if !default.is_empty() => default,
        _ if ["PublicUrl", "WidgetOrigins", "BrandLogoUrl", "Jwks"].contains(&name) => "https://a.example",
        _ if name == "SenderAddress" => "a@b.example",
        _ if name == "TableName" => "abc",
        _ if name == "BrandColor" => "#3652d0",
        _ if name == "RoleNames" => "a=admin",
        _ => "a",
    };
    assert!(read(&[(name, sample)]).is_ok(), "{name}: {sample}");
    for more in ['"', '\\', '\n', '\t', '\u{1}', 'é'] {
        let longer = format!("{sample}{more}");
        assert!(read(&[(name, &longer)]).is_err(), "{name} takes {more:?}, which counts more than once");
    }
    usize::try_from(longest).unwrap() + if name == "Jwks" { most_quotation_marks() } else { 0 }
}

/// The most quotation marks that the parameter `Jwks` takes.
fn most_quotation_marks() -> usize {
    let takes = |marks: usize| read(&[("Jwks", &format!("{{{}}}", "\"".repeat(marks)))]).is_ok();
    let (mut taken, mut refused) = (0, MAX);
    assert!(takes(taken) && !takes(refused));
    while refused - taken > 1 {
        let middle = taken.midpoint(refused);
        if takes(middle) { taken = middle } else { refused = middle }
    }
    taken
}

#[test]
fn the_environment_of_every_function_fits_into_what_lambda_takes_whatever_the_parameters_are() {
    let template = document();
    let mut known = BTreeMap::new();
    let common = template["Globals"]["Function"]["Environment"]["Variables"].as_object().unwrap();
    for (id, function) in resources("AWS::Serverless::Function") {
        let none = Map::new();
        let own = function["Environment"]["Variables"].as_object().unwrap_or(&none);
        let variables = common.iter().filter(|(name, _)| !own.contains_key(*name)).chain(own);
        let entries =
            variables.map(|(name, value)| r#""":"","#.len() + name.len() + largest(value, &template, &mut known));
        let size = "{}".len() + entries.sum::<usize>();
        println!("{id}: {size}");
        assert!(size <= MAX, "{id}: {size} bytes");
    }
}

#[test]
fn a_document_of_keys_that_is_too_large_is_refused_with_the_remedy() {
    let key = |n: usize| {
        format!(r#"{{"kty":"RSA","kid":"{n:040}","alg":"RS256","use":"sig","n":"{}","e":"AQAB"}}"#, "x".repeat(342))
    };
    let document = |keys: &[String]| format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    let three = document(&[key(1), key(2), key(3)]);
    assert!(read(&[("Jwks", &three)]).is_ok(), "an issuer's keys while it changes them: {}", three.len());
    let certificate = format!(r#","x5c":["{}"]}}"#, "M".repeat(1500));
    let with_certificates = document(&[key(1), key(2)].map(|key| key.trim_end_matches('}').to_owned() + &certificate));
    let pretty = three.replace(',', ",\n");
    for large in [with_certificates, pretty] {
        let error = read(&[("Jwks", &large)]).unwrap_err().to_string();
        for remedy in ["https URL", "jq -c", "4 KB"] {
            assert!(error.contains(remedy), "{error}");
        }
    }
}
