//! What the SDK does not repeat by itself.

use std::{future::Future, time::Duration};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// How often a call is made that keeps meeting transactions.
const ROUNDS: u32 = 6;

/// Makes a call again that met a running transaction on its item: nothing was done, and the transaction is soon over.
pub(super) async fn past_conflicts<T, E, F>(call: impl Fn() -> F) -> Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    for round in 1..ROUNDS {
        match call().await {
            Err(error) if error.code() == Some("TransactionConflictException") => pause(round).await,
            result => return result,
        }
    }
    call().await
}

/// A pause that grows with `round`, with full jitter: up to 20 ms, 40 ms, 80 ms, …
pub(super) async fn pause(round: u32) {
    let most = Duration::from_millis(10 << round.min(8));
    tokio::time::sleep(most.mul_f64(rand::random())).await;
}
