//! The second part of an erasure, within the time of its request.

use std::time::Duration;

use lambda_http::Request;
use shared::{
    http::page::Bounds,
    store::{Erasure, StoreError},
    telemetry,
};

use crate::App;

/// Removes what is left of an erased user, as far as the request has time and the table has room for that. A user can have more than
/// one request can remove. The user is erased all the same: nobody reads or sends anything of it, and the function that runs every
/// minute removes the rest.
pub async fn end(app: &App, request: &Request, erasure: Option<Erasure>) -> Result<(), StoreError> {
    let Some(erasure) = erasure else { return Ok(()) };
    let left = Bounds::of(request).map_or(Duration::MAX, Bounds::left);
    match app.clock.timeout(left, app.store.end_erasure(&erasure)).await {
        Ok(Err(error @ StoreError::Unavailable(_))) => {
            let error = telemetry::chain(&error);
            tracing::warn!(user_id = %erasure.id, error, "a user is erased and the table is busy: the rest is removed later");
            Ok(())
        }
        Ok(ended) => ended,
        Err(_) => {
            tracing::warn!(user_id = %erasure.id, "a user is erased and has more than a request can remove: the rest is removed later");
            Ok(())
        }
    }
}
