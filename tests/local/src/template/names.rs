//! The values of `Ref` and `Fn::GetAtt`: parameters, pseudo parameters, and the names and addresses of resources.

use serde_json::{Value, json};

use super::TemplateError;
use super::scope::Scope;

impl Scope<'_> {
    /// The logical ids of all resources.
    pub(super) fn resource_ids(&self) -> impl Iterator<Item = &str> {
        self.resources.keys().map(String::as_str)
    }

    /// The resource's CloudFormation type.
    pub(super) fn resource_type(&self, id: &str) -> Result<&str, TemplateError> {
        let kind = self.resources.get(id).and_then(|resource| resource.get("Type")).and_then(Value::as_str);
        kind.ok_or_else(|| TemplateError::shape(&format!("Resources.{id}.Type"), "a resource type"))
    }

    /// Whether the resource's `Condition`, if it has one, holds.
    pub(super) fn is_present(&self, id: &str) -> Result<bool, TemplateError> {
        match self.resources.get(id).and_then(|resource| resource.get("Condition")) {
            Some(Value::String(name)) => self.condition(name, &format!("Resources.{id}.Condition")),
            Some(_) => Err(TemplateError::shape(&format!("Resources.{id}.Condition"), "a condition's name")),
            None => Ok(true),
        }
    }

    /// A resolved property of the resource; `None` if it is absent or `AWS::NoValue`.
    pub(super) fn property(&self, id: &str, name: &str) -> Result<Option<Value>, TemplateError> {
        match self.resources.get(id).and_then(|resource| resource.get("Properties")?.get(name)) {
            Some(node) => self.resolve(node, &format!("Resources.{id}.Properties.{name}")),
            None => Ok(None),
        }
    }

    /// The value of `Ref name`.
    pub(super) fn reference(&self, name: &str, at: &str) -> Result<Option<Value>, TemplateError> {
        let deployed = self.deployed;
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        let value = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Region" => json!(deployed.region),
            "AWS::AccountId" => json!(deployed.account),
            "AWS::StackName" => json!(deployed.stack),
            "AWS::StackId" => {
                json!(self.arn("cloudformation", &format!("stack/{}/local", deployed.stack)))
            }
            "AWS::Partition" => json!("aws"),
            "AWS::URLSuffix" => json!("amazonaws.com"),
            "AWS::NotificationARNs" => json!([]),
            id => match self.present(id, at)? {
                "AWS::SQS::Queue" => json!(self.queue_url(&self.name(id, at)?)),
                "AWS::SNS::Topic" => json!(self.topic_arn(&self.name(id, at)?)),
                "AWS::SecretsManager::Secret" => json!(self.secret_arn(&self.name(id, at)?)),
                _ => json!(self.name(id, at)?),
            },
        };
        Ok(Some(value))
    }

    /// The value of `Fn::GetAtt [id, attribute]`.
    pub(super) fn attribute(&self, id: &str, attribute: &str, at: &str) -> Result<String, TemplateError> {
        let kind = self.present(id, at)?;
        let name = self.name(id, at)?;
        match (kind, attribute) {
            ("AWS::SQS::Queue", "Arn") => Ok(self.queue_arn(&name)),
            ("AWS::SQS::Queue", "QueueName") => Ok(name),
            ("AWS::SQS::Queue", "QueueUrl") => Ok(self.queue_url(&name)),
            ("AWS::SNS::Topic", "TopicArn") => Ok(self.topic_arn(&name)),
            ("AWS::SNS::Topic", "TopicName") => Ok(name),
            ("AWS::DynamoDB::Table", "Arn") => Ok(self.arn("dynamodb", &format!("table/{name}"))),
            ("AWS::Logs::LogGroup", "Arn") => Ok(self.arn("logs", &format!("log-group:{name}:*"))),
            ("AWS::IAM::Role", "Arn") => Ok(format!("arn:aws:iam::{}:role/{name}", self.deployed.account)),
            ("AWS::Serverless::Function", "Arn") => Ok(self.arn("lambda", &format!("function:{name}"))),
            ("AWS::Serverless::HttpApi", "ApiEndpoint") => Ok(self.deployed.api_endpoint.clone()),
            _ => Err(TemplateError::reference(
                at,
                &format!("{id}.{attribute}"),
                &format!("is no attribute of {kind} that the local stack knows"),
            )),
        }
    }

    /// The resource's name: its own, or the name that CloudFormation would generate, without the random end.
    pub(super) fn name(&self, id: &str, at: &str) -> Result<String, TemplateError> {
        let key = match self.resource_type(id)? {
            "AWS::SQS::Queue" => "QueueName",
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::SNS::Topic" => "TopicName",
            "AWS::SES::ConfigurationSet" | "AWS::SecretsManager::Secret" => "Name",
            // These types have no name, only an id that CloudFormation generates.
            "AWS::SES::ConfigurationSetEventDestination" | "AWS::SNS::Subscription" | "AWS::SQS::QueuePolicy" => {
                return Ok(format!("{}-{id}", self.deployed.stack));
            }
            "AWS::IAM::Role" => "RoleName",
            "AWS::Logs::LogGroup" => "LogGroupName",
            "AWS::Logs::LogStream" => "LogStreamName",
            "AWS::Serverless::Function" => "FunctionName",
            "AWS::Serverless::HttpApi" => {
                return Ok(format!("{}-{id}", self.deployed.stack).to_lowercase());
            }
            kind => {
                return Err(TemplateError::unsupported(at, format!("the name of {id}, {kind}")));
            }
        };
        self.guarded(format!("the name of {id}"), at, || {
            match self.property(id, key)? {
                Some(Value::String(name)) => Ok(name),
                Some(_) => Err(TemplateError::shape(&format!("Resources.{id}.Properties.{key}"), "a name")),
                None => {
                    // SQS demands this end of the name for a FIFO queue.
                    let fifo = self.property(id, "FifoQueue")?.and_then(|value| super::text(&value));
                    let end = if fifo.as_deref() == Some("true") { ".fifo" } else { "" };
                    Ok(format!("{}-{id}{end}", self.deployed.stack))
                }
            }
        })
    }

    /// The URL of the queue with this name.
    pub(super) fn queue_url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.deployed.sqs_endpoint.trim_end_matches('/'), self.deployed.account)
    }

    /// The ARN of the queue with this name.
    pub(super) fn queue_arn(&self, name: &str) -> String {
        self.arn("sqs", name)
    }

    /// The ARN of the topic with this name.
    pub(super) fn topic_arn(&self, name: &str) -> String {
        self.arn("sns", name)
    }

    /// The ARN of the secret with this name. Its six random characters are fixed here.
    fn secret_arn(&self, name: &str) -> String {
        self.arn("secretsmanager", &format!("secret:{name}-local0"))
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.deployed.region, self.deployed.account)
    }

    /// The type of a resource that exists under the template's conditions.
    fn present(&self, id: &str, at: &str) -> Result<&str, TemplateError> {
        if !self.resources.contains_key(id) {
            return Err(TemplateError::reference(at, id, "is neither a parameter nor a resource of the template"));
        }
        if !self.is_present(id)? {
            return Err(TemplateError::reference(at, id, "is left out by its condition"));
        }
        self.resource_type(id)
    }
}
