//! Users. Also the function behind `$default`: what no route takes ends here.

mod contract1;

use std::sync::Arc;

use lambda_http::Request;
use shared::{
    http::{Reply, auth::Bearer, contract1::Problem, path},
    store::Store,
};

/// What the function works with.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Who calls.
    pub bearer: Bearer,
}

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Request) -> Reply {
    let path = path::segments(&request).unwrap_or_default();
    match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["api", "v1", "users"] => contract1::users(&app, &request).await,
        ["api", "v1", "users", id] if !id.is_empty() => contract1::user(&app, &request, id).await,
        _ => Problem::NotFound("There is nothing at this path").reply(),
    }
}
