//! SES's own list of suppressed addresses, one for the whole account. SES accepts a message to an address of it, and does not
//! send it (<https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html>).

use aws_sdk_sesv2::{
    Client, error::SdkError, operation::delete_suppressed_destination::DeleteSuppressedDestinationError as Refused,
};
use futures::FutureExt;

use crate::aws::Aws;

/// The account's list.
#[derive(Clone, Debug)]
pub struct SuppressionList {
    client: Client,
}

/// SES did not remove an address. It is not known whether the address was on the list.
#[derive(Debug, thiserror::Error)]
#[error("SES's list of suppressed addresses cannot be changed")]
pub struct SuppressionListError(#[source] Box<SdkError<Refused>>);

impl SuppressionList {
    /// The list of the account whose credentials `aws` has.
    pub fn new(aws: &Aws) -> Self {
        Self { client: Client::new(&aws.retrying()) }
    }

    /// Removes an address. Returns `false` if it was not on the list
    /// (<https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DeleteSuppressedDestination.html>).
    pub async fn lift(&self, address: &str) -> Result<bool, SuppressionListError> {
        let removed = self.client.delete_suppressed_destination().email_address(address).send().boxed().await;
        match removed {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_not_found_exception() => Ok(false),
            Err(error) => Err(SuppressionListError(Box::new(error))),
        }
    }
}
