//! The Lambda function `docs`.

use docs::{handle, unserved};
use lambda_http::Error;
use shared::{clock::Clock, http::Server, random::Randomness, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    #[expect(clippy::disallowed_methods, reason = "here they are made, to be handed in")]
    let (clock, random) = (Clock::system(), Randomness::system());
    Server { app: (), clock, random, unserved }.serve(handle).await
}
