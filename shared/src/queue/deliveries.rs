//! The queues of deliveries: one for each channel.

use futures::future::join_all;

use super::{Outbound, Queue, QueueError, name};
use crate::{
    aws::Aws,
    config::{self, ConfigError},
    domain::Channel,
};

/// The queues of deliveries, one for each channel. Messages that wait for the provider of one channel stand in no other
/// channel's way.
#[derive(Clone, Debug)]
pub struct DeliveryQueues {
    email: Queue,
    push: Queue,
    sms: Queue,
    slack: Queue,
    in_app: Queue,
}

/// The environment variable with the URL of a channel's queue, for example `IN_APP_QUEUE_URL`.
pub fn url_variable(channel: Channel) -> String {
    format!("{}_QUEUE_URL", channel.as_str().to_uppercase())
}

impl DeliveryQueues {
    /// The queues whose URLs stand in the environment, see [`url_variable`].
    pub fn from_env(aws: &Aws) -> Result<Self, ConfigError> {
        Self::new(aws, |channel| config::text(&url_variable(channel)))
    }

    /// The queues at the URLs that `url` returns.
    pub fn new<E>(aws: &Aws, url: impl Fn(Channel) -> Result<String, E>) -> Result<Self, E> {
        let email = Queue::new(aws, url(Channel::Email)?);
        // All of them share one client.
        let other = |channel| Ok(Queue { url: url(channel)?, ..email.clone() });
        Ok(Self {
            push: other(Channel::Push)?,
            sms: other(Channel::Sms)?,
            slack: other(Channel::Slack)?,
            in_app: other(Channel::InApp)?,
            email,
        })
    }

    fn of(&self, channel: Channel) -> &Queue {
        match channel {
            Channel::Email => &self.email,
            Channel::Push => &self.push,
            Channel::Sms => &self.sms,
            Channel::Slack => &self.slack,
            Channel::InApp => &self.in_app,
        }
    }

    /// Sends each message to the queue of its channel, to all queues at once. After `Ok`, SQS has every message. After an
    /// error, SQS may have some of them: an error of one queue does not keep the messages of the others back.
    pub async fn send(&self, messages: &[Outbound]) -> Result<(), QueueError> {
        let sending = Channel::ALL.map(async |channel| {
            let messages = messages.iter().filter(|message| message.channel == channel);
            self.of(channel).send(&messages.cloned().collect::<Vec<_>>()).await
        });
        join_all(sending).await.into_iter().collect()
    }

    /// The queue that a message came from, by the queue's ARN. The message's channel would not tell: what was sent before
    /// each channel had a queue is in email's queue, whatever its channel. An event that was made by hand may name no
    /// queue, or an unknown one; then it is email's.
    pub fn source(&self, arn: Option<&str>) -> &Queue {
        let source = arn.map(name);
        let mut all = Channel::ALL.into_iter().map(|channel| self.of(channel));
        all.find(|queue| source == Some(name(&queue.url))).unwrap_or(&self.email)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, convert::Infallible, time::Duration};

    use serde_json::Value;

    use super::*;
    use crate::{
        aws::tests::{Act, Server},
        domain::{NotificationId, UserId},
        queue::Message,
    };

    const TAKEN: Act = Act::Answer(200, r#"{"Successful":[],"Failed":[]}"#);
    const REFUSED: Act =
        Act::Answer(200, r#"{"Successful":[],"Failed":[{"Id":"0","Code":"InternalError","SenderFault":false}]}"#);

    fn queues(server: &Server) -> DeliveryQueues {
        let url = |channel| Ok::<_, Infallible>(format!("http://sqs/1/stack-{channel}"));
        DeliveryQueues::new(&server.aws(), url).unwrap()
    }

    fn message(channel: Channel) -> Outbound {
        let (notification_id, user_id) = (NotificationId::random(), UserId::random());
        Outbound::delayed(&Message::Deliver { notification_id, user_id, channel }, Duration::ZERO)
    }

    /// The channels of the messages in each request, by the queue that it was sent to.
    fn sent(server: &Server) -> BTreeMap<String, Vec<Vec<String>>> {
        let mut sent = BTreeMap::<_, Vec<_>>::new();
        for body in server.bodies() {
            let request: Value = serde_json::from_str(&body).unwrap();
            let channel = |entry: &Value| {
                let body: Value = serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
                body["channel"].as_str().unwrap().to_owned()
            };
            let channels = request["Entries"].as_array().unwrap().iter().map(channel).collect();
            sent.entry(name(request["QueueUrl"].as_str().unwrap()).to_owned()).or_default().push(channels);
        }
        sent
    }

    #[test]
    fn each_channel_s_variable_has_its_name() {
        let names = Channel::ALL.map(url_variable);
        assert_eq!(
            names,
            ["EMAIL_QUEUE_URL", "PUSH_QUEUE_URL", "SMS_QUEUE_URL", "SLACK_QUEUE_URL", "IN_APP_QUEUE_URL"]
        );
    }

    #[tokio::test]
    async fn each_message_goes_to_its_channel_s_queue_by_one_call_a_queue() {
        let server = Server::start(&[TAKEN; 5]).await;
        let messages: Vec<_> = [Channel::ALL, Channel::ALL].concat().into_iter().map(message).collect();
        queues(&server).send(&messages).await.unwrap();
        let expected = Channel::ALL.map(|channel| (format!("stack-{channel}"), vec![vec![channel.to_string(); 2]]));
        assert_eq!(sent(&server), expected.into());
    }

    #[tokio::test]
    async fn a_channel_without_a_message_costs_no_call() {
        let server = Server::start(&[TAKEN]).await;
        queues(&server).send(&[message(Channel::Sms)]).await.unwrap();
        assert_eq!(sent(&server), [("stack-sms".to_owned(), vec![vec!["sms".to_owned()]])].into());
    }

    #[tokio::test]
    async fn what_a_queue_refused_is_sent_to_the_same_queue_again() {
        let server = Server::start(&[REFUSED, TAKEN]).await;
        queues(&server).send(&[message(Channel::Push)]).await.unwrap();
        assert_eq!(sent(&server), [("stack-push".to_owned(), vec![vec!["push".to_owned()]; 2])].into());
    }

    #[tokio::test]
    async fn a_queue_that_takes_nothing_is_an_error_and_the_others_have_theirs() {
        // One of the two is asked once and takes its message, the other one is asked three times.
        let server = Server::start(&[TAKEN, REFUSED, REFUSED, REFUSED]).await;
        let error = queues(&server).send(&[Channel::Push, Channel::Slack].map(message)).await;
        assert!(error.is_err());
        let mut calls: Vec<_> = sent(&server).into_values().map(|calls| calls.len()).collect();
        calls.sort_unstable();
        assert_eq!(calls, [1, 3]);
    }

    #[tokio::test]
    async fn a_pause_reaches_the_queue_that_the_message_came_from() {
        let server = Server::start(&[Act::Answer(200, "{}"); 3]).await;
        let queues = queues(&server);
        for (arn, url) in [
            (Some("arn:aws:sqs:us-east-1:1:stack-slack"), "http://sqs/1/stack-slack"),
            (Some("arn:aws:sqs:us-east-1:1:unknown"), "http://sqs/1/stack-email"),
            (None, "http://sqs/1/stack-email"),
        ] {
            queues.source(arn).retry_after("handle", Duration::from_millis(1500)).await.unwrap();
            let request: Value = serde_json::from_str(server.bodies().last().unwrap()).unwrap();
            assert_eq!((&request["QueueUrl"], &request["VisibilityTimeout"]), (&url.into(), &2.into()), "{arn:?}");
        }
    }

    #[test]
    fn a_message_that_is_sent_again_keeps_its_channel_and_one_that_nobody_can_read_may_go_anywhere() {
        let Outbound { body, channel, .. } = message(Channel::InApp);
        assert_eq!((Outbound::again(&body).channel, channel), (Channel::InApp, Channel::InApp));
        assert_eq!(Outbound::again("?").channel, Channel::Email);
    }
}
