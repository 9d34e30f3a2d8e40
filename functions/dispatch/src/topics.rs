//! Removes the subscriptions of topics that were deleted. They count for nothing since then: a run reads only those of its topic's own
//! generation. So this may take as long as it takes.

use shared::{domain::Timestamp, telemetry};

use crate::{
    App,
    release::{Run, is_time_to_go_on},
    share::Share,
};

/// How many deleted topics are read at once from one part.
const PAGE: usize = 100;

/// Goes on with the deleted topics of this share, one after the other. What it does not finish, the next invocation goes on with.
pub async fn all(app: &App, share: Share, deadline: Timestamp, run: &Run) {
    for part in share.parts() {
        let topics = match app.store.ended_topics(part, PAGE).await {
            Ok(topics) => topics,
            Err(error) => {
                tracing::error!(part, error = telemetry::chain(&error), "deleted topics cannot be read");
                run.failed();
                continue;
            }
        };
        for topic in topics {
            if !is_time_to_go_on(app, deadline) {
                return;
            }
            match app.store.remove_ended(topic, || is_time_to_go_on(app, deadline)).await {
                Ok(true) => {
                    tracing::info!(generation = %topic.generation, "a deleted topic's subscriptions are removed")
                }
                Ok(false) => {}
                // The run is counted all the same: nobody waits for this.
                Err(error) => {
                    let error = telemetry::chain(&error);
                    tracing::error!(generation = %topic.generation, error, "subscriptions of a deleted topic cannot be removed yet");
                }
            }
        }
    }
}
