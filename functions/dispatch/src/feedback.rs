//! The mail provider's feedback on mail that it accepted: no mail is sent any more to an address that mail bounced
//! from, or whose owner complained.

use aws_lambda_events::event::sqs::SqsMessage;
use shared::{
    delivery::feedback::{self, Feedback},
    domain::{Suppression, Timestamp},
    suppressions::SuppressionsError,
    telemetry,
};

use crate::{App, batch::set_aside};

/// Takes feedback in until `deadline`. Returns the ids of the messages that must come back.
pub async fn handle(app: &App, records: Vec<SqsMessage>, deadline: Timestamp) -> Vec<String> {
    let mut failures = Vec::new();
    for record in records {
        let taken = match feedback::read(record.body.as_deref().unwrap_or_default()) {
            Ok(None) => continue,
            Ok(Some(feedback)) => app.in_time(deadline, suppress(app, &feedback)).await,
            Err(error) => {
                failures.extend(set_aside(app, &record, &error.to_string(), deadline).await);
                continue;
            }
        };
        match taken {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => tracing::error!(error = telemetry::chain(&error), "an address is not suppressed yet"),
            Err(_) => tracing::error!("out of time: an address is not suppressed yet"),
        }
        failures.extend(record.message_id);
    }
    failures
}

/// Suppresses the addresses.
pub async fn suppress(app: &App, feedback: &Feedback) -> Result<(), SuppressionsError> {
    let Feedback { user_id, addresses, cause } = feedback;
    for address in addresses {
        app.suppressions.add(address, Suppression { cause: *cause, at: app.clock.now() }).await?;
        tracing::warn!(%user_id, ?cause, "an address is suppressed");
    }
    Ok(())
}
