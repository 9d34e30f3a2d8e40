//! What the SDK does not repeat by itself, and what it must not.

use std::{error::Error, future::Future, time::Duration};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tokio::time::timeout;

use super::error::is_passing;
use crate::{
    aws::{FIRST_PAUSE, MAX_ATTEMPTS, MAX_CALL},
    clock::Clock,
    net::SendError,
    random::Randomness,
};

/// How often a call is made that keeps meeting transactions.
const ROUNDS: u32 = 6;

/// What became of a write that was made once or several times.
pub(super) struct Tried<T, E> {
    /// How the last try ended.
    pub result: Result<T, SdkError<E>>,
    /// Whether an earlier try may have been done although its answer was lost: a refusal may be that try's own doing.
    pub in_doubt: bool,
}

/// Makes a call again that met a running transaction on its item: nothing was done, and the transaction is soon over.
pub(super) async fn past_conflicts<T, E, F>(random: &Randomness, call: impl Fn() -> F) -> Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    for round in 1..ROUNDS {
        match call().await {
            Err(error) if is_conflict(&error) => pause(round, random).await,
            result => return result,
        }
    }
    call().await
}

/// Makes a conditional write again as the SDK's standard mode would, where the SDK itself must not: a write that went through
/// and whose answer was lost is refused by what it has written, and only who knows that it was repeated can tell that
/// refusal from another. `call` makes one attempt.
pub(super) async fn knowingly<T, E, F>(clock: &Clock, random: &Randomness, call: impl Fn() -> F) -> Tried<T, E>
where
    E: ProvideErrorMetadata + Error + 'static,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let stopwatch = clock.stopwatch();
    let (mut conflicts, mut attempts, mut in_doubt) = (1, 1, false);
    loop {
        let left = MAX_CALL.saturating_sub(stopwatch.elapsed());
        let result = match timeout(left, call()).await {
            Ok(result) => result,
            Err(late) => Err(SdkError::timeout_error(late)),
        };
        match &result {
            Err(error) if is_conflict(error) && conflicts < ROUNDS => {
                pause(conflicts, random).await;
                conflicts += 1;
            }
            Err(error) if is_passing(error) && attempts < MAX_ATTEMPTS && stopwatch.elapsed() < MAX_CALL => {
                in_doubt |= may_be_done(error);
                // Full jitter, as in the SDK: who was refused together does not come back together.
                let most = FIRST_PAUSE * (1 << (attempts - 1));
                tokio::time::sleep(most.mul_f64(random.fraction())).await;
                attempts += 1;
            }
            _ => return Tried { result, in_doubt },
        }
    }
}

/// A pause that grows with `round`, with full jitter: up to 20 ms, 40 ms, 80 ms, …
pub(super) async fn pause(round: u32, random: &Randomness) {
    let most = Duration::from_millis(10 << round.min(8));
    tokio::time::sleep(most.mul_f64(random.fraction())).await;
}

fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("TransactionConflictException")
}

/// Whether a write may have been done that ended like this. A refusal is none; after a fault of the server DynamoDB leaves it
/// open (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>).
fn may_be_done<E: Error + 'static>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ServiceError(refusal) => refusal.raw().status().is_server_error(),
        error => !SendError::within(error).is_some_and(SendError::is_not_sent),
    }
}
