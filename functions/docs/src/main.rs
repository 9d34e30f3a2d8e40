//! The Lambda function `docs`.

use docs::handle;
use lambda_http::Error;
use shared::{http::serve, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    serve((), handle).await
}
