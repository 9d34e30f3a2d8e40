use super::*;

mod cors;
mod policies;
mod publishing;
mod rules;
mod schedules;

fn deployed() -> Deployed {
    Deployed {
        api_endpoint: "http://127.0.0.1:8".to_owned(),
        sqs_endpoint: "http://127.0.0.1:9".to_owned(),
        region: "eu-central-1".to_owned(),
        account: "000000000000".to_owned(),
        stack: "tidings".to_owned(),
    }
}

fn read(yaml: &str, given: &[(&str, &str)]) -> Result<Template, String> {
    let given = given.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Template::read(yaml, &given, &deployed()).map_err(|error| error.to_string())
}

/// A template with a table and these `resources`.
fn with(resources: &str) -> String {
    let table =
        "  Table:\n    Type: AWS::DynamoDB::Table\n    Properties: { AttributeDefinitions: [], KeySchema: [] }\n";
    format!("Resources:\n{table}{resources}")
}

const EVERYTHING: &str = r#"
Parameters:
  Seconds: { Type: String, Default: "30" }
  Stage: { Type: String, Default: test }
Mappings:
  Visibility:
    "30": { Seconds: 180 }
    "2": { Seconds: 12 }
Conditions:
  IsLive: !Equals [!Ref Stage, live]
  IsNotLive: !Not [!Condition IsLive]
Globals:
  Function:
    MemorySize: 256
    Timeout: 10
    Environment: { Variables: { TABLE_NAME: !Ref Table, LEVEL: info } }
Resources:
  Api: { Type: AWS::Serverless::HttpApi }
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      DeletionProtectionEnabled: !If [IsLive, true, !Ref AWS::NoValue]
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: !FindInMap [Visibility, !Ref Seconds, Seconds]
      RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: "5" }
  Dead: { Type: AWS::SQS::Queue }
  LiveOnly: { Type: AWS::SQS::Queue, Condition: IsLive }
  Alarm: { Type: AWS::CloudWatch::Alarm, Properties: { Odd: !Cidr [a, b] } }
  Worker:
    Type: AWS::Serverless::Function
    Metadata: { BuildProperties: { Binary: worker } }
    Properties:
      Timeout: !Ref Seconds
      Environment:
        Variables:
          LEVEL: debug
          QUEUE_URL: !Ref Queue
          COUNT: 5
          STAGE: !If [IsNotLive, "no", "yes"]
          TEXT: !Sub ["${Mark}:${!Kept}:${Queue.QueueName}:${AWS::Region}:${Stage}", { Mark: !Select [1, !Split ["-", a-b]] }]
          API: !If [IsLive, "https://live", !GetAtt Api.ApiEndpoint]
          JOINED: { "Fn::Join": ["/", [!GetAtt Table.Arn, "index"]] }
      Events:
        Any: { Type: HttpApi, Properties: { ApiId: !Ref Api } }
        One: { Type: HttpApi, Properties: { ApiId: !Ref Api, Path: "/a/{id}", Method: any } }
        Batch:
          Type: SQS
          Properties:
            Queue: !GetAtt Queue.Arn
            MaximumBatchingWindowInSeconds: 1
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: { MaximumConcurrency: 50 }
"#;

#[test]
fn a_function_has_the_globals_with_its_own_on_top() {
    let template = read(EVERYTHING, &[]).expect("a good template");
    let function = &template.functions[0];
    assert_eq!((function.binary.as_str(), function.timeout.as_secs(), function.memory_mb), ("worker", 30, 256));
    let expected = [
        ("API", "http://127.0.0.1:8"),
        ("COUNT", "5"),
        ("JOINED", "arn:aws:dynamodb:eu-central-1:000000000000:table/tidings-Table/index"),
        ("LEVEL", "debug"),
        ("QUEUE_URL", "http://127.0.0.1:9/000000000000/tidings-Queue"),
        ("STAGE", "no"),
        ("TABLE_NAME", "tidings-Table"),
        ("TEXT", "b:${Kept}:tidings-Queue:eu-central-1:test"),
    ];
    let environment = function.environment.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>();
    assert_eq!(environment, expected);
}

#[test]
fn events_become_routes_and_queue_sources() {
    let template = read(EVERYTHING, &[]).expect("a good template");
    let function = &template.functions[0];
    let routes = function.routes.iter().map(|r| (r.method.as_str(), r.path.as_str())).collect::<Vec<_>>();
    assert_eq!(routes, [("ANY", "$default"), ("ANY", "/a/{id}")]);
    let source = QueueSource {
        queue: "Queue".to_owned(),
        batch_size: 10,
        window: std::time::Duration::from_secs(1),
        reports_batch_item_failures: true,
        maximum_concurrency: Some(50),
    };
    assert_eq!(function.queue_sources, [source]);
}

fn two_queues(feedback: &str) -> String {
    let queues = format!("  Queue: {{ Type: AWS::SQS::Queue }}\n  Feedback: {{ Type: AWS::SQS::Queue{feedback} }}\n");
    let function = "  F:\n    Type: AWS::Serverless::Function\n    Metadata: { BuildProperties: { Binary: f } }\n    \
        Properties:\n      Timeout: 30\n      Events:\n        A: { Type: SQS, Properties: { Queue: !GetAtt Queue.Arn } }\n        \
        B: { Type: SQS, Properties: { Queue: !GetAtt Feedback.Arn, BatchSize: 1 } }\n";
    with(&format!("{queues}{function}"))
}

#[test]
fn a_function_may_have_several_queues_each_with_its_own_mapping() {
    let template = read(&two_queues(""), &[]).expect("a good template");
    let sources = template.functions[0].queue_sources.iter();
    let sources = sources.map(|source| (source.queue.as_str(), source.batch_size)).collect::<Vec<_>>();
    assert_eq!(sources, [("Queue", 10), ("Feedback", 1)]);
}

#[test]
fn a_queue_that_lambda_would_not_map_is_refused() {
    let error = read(&two_queues(", Properties: { VisibilityTimeout: 29 }"), &[]).unwrap_err();
    let at = "Resources.Feedback.Properties.VisibilityTimeout";
    assert_eq!(error, format!("{at}: expected at least the 30 seconds that F may take"));
}

#[test]
fn queues_follow_parameters_and_conditions() {
    let template = read(EVERYTHING, &[("Seconds", "2")]).expect("a good template");
    let queue = template.queue("Queue").expect("the queue");
    assert_eq!(queue.attributes["VisibilityTimeout"], "12");
    let policy: Value = serde_json::from_str(&queue.attributes["RedrivePolicy"]).expect("JSON");
    let dead = template.queue("Dead").expect("the dead-letter queue");
    assert_eq!(policy, serde_json::json!({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 5}));
    assert!(template.queue("LiveOnly").is_none());
    assert!(template.table.properties.get("DeletionProtectionEnabled").is_none());

    let live = read(EVERYTHING, &[("Stage", "live")]).expect("a good template");
    assert!(live.queue("LiveOnly").is_some());
    assert_eq!(live.table.properties["DeletionProtectionEnabled"], true);
}

#[test]
fn what_is_not_understood_is_said() {
    let function = |properties: &str| {
        with(&format!(
            "  F:\n    Type: AWS::Serverless::Function\n    Metadata: {{ BuildProperties: {{ Binary: f }} }}\n    Properties: {{ {properties} }}\n"
        ))
    };
    let environment = |value: &str| function(&format!("Environment: {{ Variables: {{ A: {value} }} }}"));
    let at = "Resources.F.Properties.Environment.Variables.A";
    let cases = [
        (environment("!Cidr [a, b]"), format!("{at}: the local stack does not understand Fn::Cidr")),
        (environment("!Ref Nobody"), format!("{at}: Nobody is neither a parameter nor a resource of the template")),
        (
            environment("!GetAtt Table.StreamArn"),
            format!("{at}: Table.StreamArn is no attribute of AWS::DynamoDB::Table that the local stack knows"),
        ),
        (environment("[a]"), format!("{at}: expected a text")),
        (
            function("Events: { E: { Type: Kinesis } }"),
            "Resources.F.Properties.Events.E: the local stack has no stand-in for event type Kinesis".to_owned(),
        ),
        (
            function("Events: { E: { Type: HttpApi, Properties: { Path: /a } } }"),
            "Resources.F.Properties.Events.E: expected both Path and Method, or neither".to_owned(),
        ),
        (
            with("  M: { Type: AWS::Lambda::EventSourceMapping }\n"),
            "Resources.M: the local stack has no stand-in for AWS::Lambda::EventSourceMapping".to_owned(),
        ),
        (
            with("  Q: { Type: AWS::SQS::Queue, Properties: { QueueName: !Ref Q } }\n"),
            "Resources.Q.Properties.QueueName: the name of Q needs itself".to_owned(),
        ),
        ("Resources: {}".to_owned(), "Resources: expected exactly one AWS::DynamoDB::Table".to_owned()),
    ];
    for (yaml, sentence) in cases {
        assert_eq!(read(&yaml, &[]).map(|_| ()), Err(sentence));
    }
}

#[test]
fn the_template_of_this_repository_is_understood() {
    let yaml = include_str!("../../../../template.yaml");
    let given = ["JwtIssuer", "JwtAudience", "SenderAddress"].map(|name| (name, "x@x.example"));
    let given = [given.as_slice(), &[("Jwks", "https://x.example")]].concat();
    let template = read(yaml, &given).expect("understood");
    assert!(!template.functions.is_empty() && !template.queues.is_empty());
    for function in &template.functions {
        let sources = function.routes.len() + function.queue_sources.len() + function.schedules.len();
        assert!(sources > 0, "nothing invokes {}", function.logical_id);
        assert_eq!(function.environment["TABLE_NAME"], template.table.name);
    }
}

const FUNCTION: &str = "  F:\n    Type: AWS::Serverless::Function\n    Metadata: { BuildProperties: { Binary: f } }\n    \
    Properties: { Environment: { Variables: { SECRET: !Ref Hush } } }\n";

#[test]
fn a_made_up_secret_is_known_by_its_arn_and_listed_by_its_name() {
    let secret = "  Hush:\n    Type: AWS::SecretsManager::Secret\n    Properties: { GenerateSecretString: {} }\n";
    let template = read(&with(&format!("{secret}{FUNCTION}")), &[]).unwrap();
    assert_eq!(template.secrets, ["tidings-Hush"]);
    let arn = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:tidings-Hush-local0";
    assert_eq!(template.functions[0].environment["SECRET"], arn);
}

#[test]
fn a_secret_whose_value_nobody_makes_up_is_refused() {
    let error = read(&with("  Hush: { Type: AWS::SecretsManager::Secret }\n"), &[]).unwrap_err();
    assert!(error.contains("GenerateSecretString"), "{error}");
}
