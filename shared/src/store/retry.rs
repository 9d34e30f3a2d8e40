//! Repeats calls that the SDK does not repeat by itself, or must not repeat.

use std::{error::Error, future::Future, time::Duration};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::error::is_passing;
use crate::{
    aws::{FIRST_PAUSE, MAX_ATTEMPT, MAX_ATTEMPTS, MAX_CALL},
    clock::Clock,
    net::SendError,
    random::Randomness,
};

/// The most tries of a call, if transactions keep getting in its way.
const ROUNDS: u32 = 6;

/// The result of a write that was tried once or several times.
pub(super) struct Tried<T, E> {
    /// How the last try ended.
    pub result: Result<T, SdkError<E>>,
    /// Whether an earlier try may have been done although its answer was lost. Then that try's own work may be the
    /// cause of a refusal.
    pub in_doubt: bool,
}

/// Repeats a call that was refused because a transaction was at work on its item. The refused call has done nothing,
/// and the transaction is soon over.
pub(super) async fn past_conflicts<T, E, F>(
    clock: &Clock,
    random: &Randomness,
    call: impl Fn() -> F,
) -> Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    for round in 1..ROUNDS {
        match call().await {
            Err(error) if is_conflict(&error) => pause(round, clock, random).await,
            result => return result,
        }
    }
    call().await
}

/// Repeats a conditional write as the SDK's standard mode would. The SDK itself must not repeat it: if a write was done
/// and its answer was lost, its own work refuses the repeated write, and only code that knows of the first try can
/// recognise that refusal. `call` makes one try.
pub(super) async fn knowingly<T, E, F>(clock: &Clock, random: &Randomness, call: impl Fn() -> F) -> Tried<T, E>
where
    E: ProvideErrorMetadata + Error + 'static,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let stopwatch = clock.stopwatch();
    let (mut conflicts, mut attempts, mut in_doubt) = (1, 1, false);
    loop {
        let left = MAX_CALL.saturating_sub(stopwatch.elapsed());
        let result = match clock.timeout(left.min(MAX_ATTEMPT), call()).await {
            Ok(result) => result,
            Err(late) => Err(SdkError::timeout_error(late)),
        };
        match &result {
            Err(error) if is_conflict(error) && conflicts < ROUNDS => {
                pause(conflicts, clock, random).await;
                conflicts += 1;
            }
            Err(error) if is_passing(error) && attempts < MAX_ATTEMPTS && stopwatch.elapsed() < MAX_CALL => {
                in_doubt |= may_be_done(error);
                // Full jitter, as in the SDK: calls that were refused together are not repeated together.
                let most = FIRST_PAUSE * (1 << (attempts - 1));
                clock.sleep(most.mul_f64(random.fraction())).await;
                attempts += 1;
            }
            _ => return Tried { result, in_doubt },
        }
    }
}

/// A pause that grows with `round`, with full jitter: up to 20 ms, 40 ms, 80 ms, …
pub(super) async fn pause(round: u32, clock: &Clock, random: &Randomness) {
    let most = Duration::from_millis(10 << round.min(8));
    clock.sleep(most.mul_f64(random.fraction())).await;
}

fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("TransactionConflictException")
}

/// Whether a write that ended with this error may have been done. A refused write was not done. After an error of the
/// server, it may have been done or not
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>).
fn may_be_done<E: Error + 'static>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ServiceError(refusal) => refusal.raw().status().is_server_error(),
        error => !SendError::within(error).is_some_and(SendError::is_not_sent),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::atomic::{AtomicU32, Ordering},
        time::Instant,
    };

    use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

    use super::*;

    #[tokio::test]
    async fn an_attempt_without_an_answer_ends_and_is_repeated_in_doubt() {
        let (clock, random) = (Clock::system(), Randomness::seeded(1));
        let (calls, began) = (AtomicU32::new(0), Instant::now());
        let call = || async {
            if calls.fetch_add(1, Ordering::Relaxed) == 0 {
                pending::<()>().await;
            }
            Ok::<_, SdkError<UpdateItemError>>(())
        };
        let tried = knowingly(&clock, &random, call).await;
        assert!(tried.result.is_ok() && tried.in_doubt);
        assert_eq!(calls.into_inner(), 2);
        let took = began.elapsed();
        assert!(took >= MAX_ATTEMPT && took < MAX_CALL, "{took:?}");
    }
}
