use super::*;

fn function(policies: &str) -> String {
    with(&format!(
        "  Queue: {{ Type: AWS::SQS::Queue }}\n  F:\n    Type: AWS::Serverless::Function\n    \
         Metadata: {{ BuildProperties: {{ Binary: f }} }}\n    Properties: {{ Policies: {policies} }}\n"
    ))
}

#[test]
fn a_function_may_do_what_its_policies_say() {
    let policies = "[{ Statement: [{ Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn }, \
                    { Effect: Allow, Action: [dynamodb:GetItem, dynamodb:Query], Resource: [!GetAtt Table.Arn], \
                    Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['USER#*'] } } }] }]";
    let grants = read(&function(policies), &[]).expect("understood").functions[0].grants.clone();
    let expected = [
        Grant {
            actions: vec!["sqs:SendMessage".to_owned()],
            resources: vec!["arn:aws:sqs:eu-central-1:000000000000:tidings-Queue".to_owned()],
            leading_keys: None,
        },
        Grant {
            actions: vec!["dynamodb:GetItem".to_owned(), "dynamodb:Query".to_owned()],
            resources: vec!["arn:aws:dynamodb:eu-central-1:000000000000:table/tidings-Table".to_owned()],
            leading_keys: Some(vec!["USER#*".to_owned()]),
        },
    ];
    assert_eq!(grants, expected);
    assert_eq!(read(&function("[]"), &[]).expect("understood").functions[0].grants, []);
}

const ROLE: &str = "
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      Policies:
        - PolicyName: own
          PolicyDocument:
            Statement: [{ Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn }]
        - PolicyName: logs
          PolicyDocument: { Statement: { Effect: Allow, Action: logs:PutLogEvents, Resource: !GetAtt Logs.Arn } }
  Logs: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !Sub '/aws/lambda/${AWS::StackName}/f' } }
";

#[test]
fn a_function_with_a_role_may_do_what_that_says() {
    let with_role = |properties: &str| function("[]").replace("Policies: []", properties) + ROLE;
    let grants = read(&with_role("Role: !GetAtt Role.Arn"), &[]).expect("understood").functions[0].grants.clone();
    let granted: Vec<_> = grants.iter().map(|grant| (&*grant.actions[0], &*grant.resources[0])).collect();
    let logs = "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/tidings/f:*";
    let queue = "arn:aws:sqs:eu-central-1:000000000000:tidings-Queue";
    assert_eq!(granted, [("sqs:SendMessage", queue), ("logs:PutLogEvents", logs)]);
    for (properties, sentence) in [
        ("Role: !GetAtt Role.Arn, Policies: []", "Resources.F.Properties: expected either a Role or Policies"),
        (
            "Role: !GetAtt Queue.Arn",
            "Resources.F.Properties.Role: expected the Arn of an AWS::IAM::Role of this template",
        ),
        (
            "Role: 'arn:aws:iam::0:role/r'",
            "Resources.F.Properties.Role: expected the Arn of an AWS::IAM::Role of this template",
        ),
    ] {
        assert_eq!(read(&with_role(properties), &[]).map(drop), Err(sentence.to_owned()));
    }
    let managed = with_role("Role: !GetAtt Role.Arn").replace("AssumeRolePolicyDocument: {}", "ManagedPolicyArns: [a]");
    let at = "Resources.Role.Properties.ManagedPolicyArns";
    let sentence = "the local stack has no stand-in for policies whose permissions are not known here";
    assert_eq!(read(&managed, &[]).map(drop), Err(format!("{at}: {sentence}")));
}

#[test]
fn a_policy_that_could_not_be_kept_to_here_is_refused() {
    let at = "Resources.F.Properties.Policies";
    let allow = |rest: &str| format!("[{{ Statement: {{ Effect: Allow, {rest} }} }}]");
    for (policies, sentence) in [
        ("[AmazonDynamoDBFullAccess]".to_owned(), "expected policies with a Statement"),
        (allow("Action: dynamodb:*, Resource: x"), "expected actions by name"),
        (allow("Action: dynamodb:GetItem"), "expected texts"),
        (
            allow("Action: dynamodb:GetItem, Resource: x, Condition: { Bool: { a: b } }"),
            "the local stack has no stand-in for this condition",
        ),
        (
            "[{ Statement: { Effect: Deny, Action: a, Resource: x } }]".to_owned(),
            "the local stack has no stand-in for statements that deny",
        ),
    ] {
        assert_eq!(read(&function(&policies), &[]).map(drop), Err(format!("{at}: {sentence}")));
    }
}
