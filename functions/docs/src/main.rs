//! The Lambda function `docs`.

use docs::{handle, out_of_time};
use lambda_http::Error;
use shared::{clock::Clock, http::Server, random::Randomness, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    #[expect(clippy::disallowed_methods, reason = "here they are made, to be handed in")]
    let (clock, random) = (Clock::system(), Randomness::system());
    Server { app: (), clock, random, out_of_time }.serve(handle).await
}
