//! Creates the queues.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use super::ProvisionError;
use crate::aws::clients;
use crate::template::Queue;

/// Creates the queues that do not exist, and then sets their redrive policies.
pub(super) async fn provision(queues: &[Queue], endpoint: &str) -> Result<(), ProvisionError> {
    let client = Client::from_conf(clients::sqs(endpoint).build());
    let mut created = Vec::new();
    for queue in queues {
        if client.get_queue_url().queue_name(&queue.name).send().await.is_ok() {
            continue;
        }
        let attributes = attributes(queue, |name| *name != QueueAttributeName::RedrivePolicy);
        let made = client.create_queue().queue_name(&queue.name).set_attributes(attributes).send().await;
        let url = made.map_err(|error| ProvisionError::call(&queue.name, error))?.queue_url.unwrap_or_default();
        created.push((queue, url));
    }
    // The policies are set last, because a policy names a queue that must exist.
    for (queue, url) in created {
        let redrive = attributes(queue, |name| *name == QueueAttributeName::RedrivePolicy);
        if redrive.is_some() {
            let set = client.set_queue_attributes().queue_url(url).set_attributes(redrive).send().await;
            set.map_err(|error| ProvisionError::call(&queue.name, error))?;
        }
    }
    Ok(())
}

fn attributes(
    queue: &Queue,
    wanted: impl Fn(&QueueAttributeName) -> bool,
) -> Option<HashMap<QueueAttributeName, String>> {
    let attributes = queue.attributes.iter().map(|(name, value)| (QueueAttributeName::from(name.as_str()), value));
    let attributes: HashMap<_, _> =
        attributes.filter(|(name, _)| wanted(name)).map(|(name, value)| (name, value.clone())).collect();
    (!attributes.is_empty()).then_some(attributes)
}
