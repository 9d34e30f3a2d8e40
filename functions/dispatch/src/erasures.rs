//! Goes on with erasures whose request had no time for all of a large user, or whose process died, and looks once more at those that
//! ended half an hour ago.

use std::time::Duration;

use shared::{domain::Timestamp, metrics::MetricEvent, telemetry};

use crate::{
    App,
    release::{Run, is_time_to_go_on},
    share::Share,
};

/// A request has ended by this time after it began, so that nobody is at work on its erasure any more.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);
/// The time that is kept at the end of a run to count an erasure that the run does not finish.
const TO_COUNT: Duration = Duration::from_millis(250);
/// How many users are read at once from one part.
const PAGE: usize = 100;

/// Goes on with the erasures of this share, one after the other. What it does not finish, the next invocation goes on with.
pub async fn all(app: &App, share: Share, deadline: Timestamp, run: &Run) {
    for part in share.parts() {
        let until = app.clock.now().minus(LONGEST_REQUEST);
        let users = match app.store.unfinished_erasures(part, until, PAGE).await {
            Ok(users) => users,
            Err(error) => {
                tracing::error!(part, error = telemetry::chain(&error), "erasures cannot be read");
                run.failed();
                continue;
            }
        };
        for user in users {
            if !is_time_to_go_on(app, deadline) {
                return;
            }
            let erasing = app.store.resume_erasure(user, app.clock.now());
            // It ends before the run does, so that it is counted also if it does nothing but wait for a table that is busy.
            let left = app.time_left(deadline).saturating_sub(TO_COUNT);
            match app.clock.timeout(left, erasing).await {
                Ok(Ok(())) => tracing::info!(user_id = %user, "an erasure is finished"),
                // The run is counted all the same: the deliveries are released, and one item that cannot be read must not hide that.
                // An erasure that keeps failing has an alarm of its own.
                Ok(Err(error)) => {
                    app.metrics.note(MetricEvent::ErasureFailed);
                    tracing::error!(user_id = %user, error = telemetry::chain(&error), "an erasure is not finished yet");
                }
                Err(_) => {
                    app.metrics.note(MetricEvent::ErasureFailed);
                    tracing::error!(user_id = %user, "an erasure is not finished yet: the run is over");
                }
            }
        }
    }
}
