//! Releases what pauses held: all of it once the pause has ended, or drops what it stops; and of a pause that goes on holding, what
//! has to be decided now, because its notification expires or its record soon ends.

use std::collections::BTreeSet;

use futures::future::join_all;
use shared::{
    domain::{PauseKey, PauseMode, Timestamp},
    telemetry,
};

use crate::{
    App,
    release::{PAGE, Run, drain, is_time_to_go_on},
    share::Share,
};

/// Releases deliveries of this share whose pause has ended. The next invocation finds again those that failed.
///
/// The pauses are read first and strongly consistent, so nothing is released under a pause that was confirmed before. A pause that
/// comes while this works is seen by the workers that decide on the deliveries.
pub async fn all(app: &App, share: Share, deadline: Timestamp, run: &Run) {
    let pauses = match app.store.pauses(app.clock.now()).await {
        Ok(pauses) => pauses,
        Err(error) => {
            tracing::error!(
                error = telemetry::chain(&error),
                "pauses cannot be read: nothing that is paused is released"
            );
            return run.failed();
        }
    };
    let holding = pauses.iter().filter(|pause| pause.mode == PauseMode::Hold);
    let holding: BTreeSet<_> = holding.map(|pause| pause.target.key()).collect();
    join_all(share.parts().map(|part| resume(app, part, &holding, deadline, run))).await;
}

/// Goes through the pauses that hold something in this part, whether or not they are still there.
async fn resume(app: &App, part: usize, holding: &BTreeSet<PauseKey>, deadline: Timestamp, run: &Run) {
    let mut last = None;
    while is_time_to_go_on(app, deadline) {
        let pause = match app.store.next_pause(part, last).await {
            Ok(Some(pause)) => pause,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(part, error = telemetry::chain(&error), "what is paused cannot be read");
                return run.failed();
            }
        };
        let goes_on = holding.contains(&pause);
        drain(app, part, deadline, run, async |last| {
            let now = app.clock.now();
            app.store.held_by((part, pause), last, goes_on.then_some(now), PAGE, now).await
        })
        .await;
        last = Some(pause);
    }
}
