//! Goes on with erasures whose request had no time for all of a large user, or whose process died, and looks once more at those that
//! ended half an hour ago.

use std::time::Duration;

use futures::{StreamExt, stream};
use shared::{
    domain::{Timestamp, UserId},
    metrics::MetricEvent,
    store::StoreError,
    telemetry,
};

use crate::{
    App,
    release::{Run, is_time_to_go_on},
    share::Share,
};

/// A request has ended by this time after it began, so that nobody is at work on its erasure any more.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);
/// The time that is kept at the end of a run to count an erasure that the run does not finish.
const TO_COUNT: Duration = Duration::from_millis(250);
/// How many users are read at once from one part, whose erasure is not finished.
const PAGE: usize = 100;
/// The same for second looks. Each is four short calls, and mostly finds nothing.
const LOOKS: usize = 1000;
/// How many second looks are taken at once.
const LOOKS_AT_ONCE: usize = 8;

/// Goes on with the erasures of this share, one after the other. What it does not finish, the next invocation goes on with.
pub async fn all(app: &App, share: Share, deadline: Timestamp, run: &Run) {
    for part in share.parts() {
        if !is_time_to_go_on(app, deadline) {
            return;
        }
        let until = app.clock.now().minus(LONGEST_REQUEST);
        for user in read(part, run, app.store.unfinished_erasures(part, until, PAGE)).await {
            go_on(app, user, deadline, "an erasure is finished").await;
        }
    }
}

/// Takes the second looks of this share that are due. What it has no time for, the next invocation does.
pub async fn look_again(app: &App, share: Share, deadline: Timestamp, run: &Run) {
    for part in share.parts() {
        if !is_time_to_go_on(app, deadline) {
            return;
        }
        let due = read(part, run, app.store.second_looks(part, app.clock.now(), LOOKS)).await;
        let looks = stream::iter(due).map(|user| go_on(app, user, deadline, "an erasure is looked at once more"));
        looks.buffer_unordered(LOOKS_AT_ONCE).collect::<()>().await;
    }
}

/// The users of a part of a list. If it cannot be read, the run has failed, and goes on with the next part.
async fn read(part: usize, run: &Run, list: impl Future<Output = Result<Vec<UserId>, StoreError>>) -> Vec<UserId> {
    list.await.unwrap_or_else(|error| {
        tracing::error!(part, error = telemetry::chain(&error), "erasures cannot be read");
        run.failed();
        Vec::new()
    })
}

/// Goes on with one erasure, if there is time.
async fn go_on(app: &App, user: UserId, deadline: Timestamp, done: &str) {
    if !is_time_to_go_on(app, deadline) {
        return;
    }
    let erasing = app.store.resume_erasure(user, app.clock.now());
    // It ends before the run does, so that it is counted also if it does nothing but wait for a table that is busy.
    let left = app.time_left(deadline).saturating_sub(TO_COUNT);
    match app.clock.timeout(left, erasing).await {
        Ok(Ok(())) => tracing::info!(user_id = %user, "{done}"),
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
