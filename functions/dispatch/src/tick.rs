//! What the schedule asks for every minute.

use std::time::Duration;

use futures::future::join;
use shared::{domain::Timestamp, metrics::MetricEvent};

use crate::{
    App, erasures,
    release::{self, Run},
    resume,
    share::Share,
    topics,
};

/// The longest run. The next one begins a minute after this one, and two that work on the same parts would send the same messages.
const LONGEST: Duration = Duration::from_secs(55);

/// Releases deliveries that are due soon, and those whose pause has ended, and then goes on with erasures, looks once more at those
/// that have ended, and goes on with deleted topics: all of this share. Returns how many deliveries were released.
///
/// A run is counted unless something of it failed: an alarm goes off where a run is missing for minutes. A run that ends
/// because its time is over has worked until then, so it is counted.
pub async fn handle(app: &App, share: Share, deadline: Timestamp) -> usize {
    let deadline = deadline.min(app.clock.now().plus(LONGEST));
    let run = Run::default();
    let work = async {
        join(release::all(app, share, deadline, &run), resume::all(app, share, deadline, &run)).await;
        erasures::all(app, share, deadline, &run).await;
        erasures::look_again(app, share, deadline, &run).await;
        topics::all(app, share, deadline, &run).await;
    };
    if app.in_time(deadline, work).await.is_err() {
        tracing::error!("out of time: not all was released");
    }
    let (released, is_done) = run.end();
    if is_done {
        app.metrics.note(MetricEvent::Release { released });
    }
    tracing::info!(share = share.number, released, "released");
    released
}
