use super::*;

const FEEDBACK: &str = r#"
  Feedback: { Type: AWS::SQS::Queue }
  Topic: { Type: AWS::SNS::Topic }
  Set: { Type: AWS::SES::ConfigurationSet }
  Destination:
    Type: AWS::SES::ConfigurationSetEventDestination
    Properties:
      ConfigurationSetName: !Ref Set
      EventDestination:
        Enabled: true
        MatchingEventTypes: [BOUNCE, renderingFailure]
        SnsDestination: { TopicARN: !Ref Topic }
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: { Protocol: sqs, TopicArn: !Ref Topic, Endpoint: !GetAtt Feedback.Arn, RawMessageDelivery: false }
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties: { Queues: [!Ref Feedback], PolicyDocument: {} }
  F:
    Type: AWS::Serverless::Function
    Metadata: { BuildProperties: { Binary: f } }
    Properties:
      Environment:
        Variables:
          SET: !Ref Set
          TOPIC: !Ref Topic
          SAME: !GetAtt Topic.TopicArn
          NAME: !GetAtt Topic.TopicName
          OTHERS: !Sub "${Subscription} ${Policy} ${Destination}"
"#;
const TOPIC: &str = "arn:aws:sns:eu-central-1:000000000000:tidings-Topic";

#[test]
fn topics_and_configuration_sets_have_names() {
    let template = read(&with(FEEDBACK), &[]).expect("understood");
    let environment = &template.functions[0].environment;
    assert_eq!((environment["SET"].as_str(), environment["NAME"].as_str()), ("tidings-Set", "tidings-Topic"));
    assert_eq!((environment["TOPIC"].as_str(), environment["SAME"].as_str()), (TOPIC, TOPIC));
    assert_eq!(environment["OTHERS"], "tidings-Subscription tidings-Policy tidings-Destination");
}

#[test]
fn events_find_their_way_to_the_queue() {
    let publishing = read(&with(FEEDBACK), &[]).expect("understood").publishing;
    let way = Subscription { topic: TOPIC.to_owned(), queue: "Feedback".to_owned() };
    assert_eq!(publishing.ways("tidings-Set", "bounce"), [&way]);
    assert!(publishing.ways("tidings-Set", "complaint").is_empty(), "not among its events");
    assert!(publishing.ways("other", "bounce").is_empty(), "another configuration set");
}

#[test]
fn a_topic_may_list_its_subscriptions_itself() {
    let (own, _) = FEEDBACK.split_once("  Subscription:").expect("a part");
    let list = "Topic: { Type: AWS::SNS::Topic, Properties: { Subscription: [{ Protocol: sqs, Endpoint: !GetAtt Feedback.Arn }] } }";
    let own = own.replace("Topic: { Type: AWS::SNS::Topic }", list);
    let publishing = read(&with(&own), &[]).expect("understood").publishing;
    assert_eq!(publishing.ways("tidings-Set", "bounce").len(), 1);
    let people = own.replace("Protocol: sqs, Endpoint: !GetAtt Feedback.Arn", "Protocol: email, Endpoint: a@b");
    let publishing = read(&with(&people), &[]).expect("understood").publishing;
    assert!(publishing.ways("tidings-Set", "bounce").is_empty(), "people are no queue");
}

#[test]
fn what_is_not_enabled_publishes_nothing() {
    let disabled = FEEDBACK.replace("        Enabled: true\n", "");
    let publishing = read(&with(&disabled), &[]).expect("understood").publishing;
    assert!(publishing.ways("tidings-Set", "bounce").is_empty());
}

#[test]
fn a_subscription_that_is_stood_in_for_by_nothing_is_refused() {
    let at = "Resources.Subscription.Properties";
    let cases = [
        (
            "Protocol: sqs",
            "Protocol: email",
            format!("{at}.Protocol: the local stack has no stand-in for subscriptions by email"),
        ),
        (
            "RawMessageDelivery: false",
            "RawMessageDelivery: true",
            format!("{at}.RawMessageDelivery: the local stack has no stand-in for this kind of subscription"),
        ),
        (
            "Endpoint: !GetAtt Feedback.Arn",
            "Endpoint: x",
            format!("{at}.Endpoint: expected the ARN of a queue of this template"),
        ),
    ];
    for (good, bad, sentence) in cases {
        assert_eq!(read(&with(&FEEDBACK.replace(good, bad)), &[]).unwrap_err(), sentence);
    }
}
