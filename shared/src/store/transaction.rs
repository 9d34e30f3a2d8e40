//! Transactions: several items are written together, or none is.

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{ConditionCheck, Delete, Put, TransactWriteItem, Update},
};
use futures::FutureExt;

use super::{Action, Condition, Item, Key, Store, StoreError, error::is_too_large, expression::render};

/// Why a transaction was cancelled: the condition of the part at this position did not hold, or another transaction was
/// at work on an item.
pub(super) enum Cancelled {
    Part(usize),
    Conflict,
}

impl Store {
    /// The part that writes a whole item.
    pub(super) fn put_part(&self, item: Item, condition: Option<&Condition>) -> Result<TransactWriteItem, StoreError> {
        let rendered = render(&[], condition);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .build()
            .map_err(StoreError::build)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The part that changes an item.
    pub(super) fn update_part(
        &self,
        key: &Key,
        actions: &[Action],
        condition: &Condition,
    ) -> Result<TransactWriteItem, StoreError> {
        let rendered = render(actions, Some(condition));
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .set_update_expression(rendered.update)
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .build()
            .map_err(StoreError::build)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The part that checks a condition on an item and does not change the item.
    pub(super) fn check_part(&self, key: &Key, condition: &Condition) -> Result<TransactWriteItem, StoreError> {
        let rendered = render(&[], Some(condition));
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .build()
            .map_err(StoreError::build)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// The part that removes an item.
    pub(super) fn delete_part(
        &self,
        key: &Key,
        condition: Option<&Condition>,
    ) -> Result<TransactWriteItem, StoreError> {
        let rendered = render(&[], condition);
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .build()
            .map_err(StoreError::build)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Runs a transaction.
    ///
    /// The outer result is an error of the table. The inner result says whether the transaction was done, or why
    /// DynamoDB has cancelled it.
    pub(super) async fn transact(&self, parts: Vec<TransactWriteItem>) -> Result<Result<(), Cancelled>, StoreError> {
        let call = self
            .client
            .transact_write_items()
            .set_transact_items(Some(parts))
            // DynamoDB recognises a repeated call by this token for ten minutes. So a call that the SDK repeats because
            // its answer was lost is not done twice and not refused
            // (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
            .client_request_token(self.random.uuid().to_string());
        let Err(error) = call.send().boxed().await else { return Ok(Ok(())) };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
            return Err(StoreError::from_sdk(error));
        };
        let reasons: Vec<_> = cancelled.cancellation_reasons().iter().map(|r| r.code().unwrap_or("None")).collect();
        if let Some(part) = reasons.iter().position(|code| *code == "ConditionalCheckFailed") {
            return Ok(Err(Cancelled::Part(part)));
        }
        if reasons.contains(&"TransactionConflict") {
            return Ok(Err(Cancelled::Conflict));
        }
        // A part that would be too large has no code of its own either, only words.
        let messages = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.message());
        if messages.into_iter().any(is_too_large) {
            return Err(StoreError::TooLarge);
        }
        let throttled = ["ThrottlingError", "ProvisionedThroughputExceeded"].iter().any(|code| reasons.contains(code));
        Err(if throttled { StoreError::Unavailable(error.into()) } else { StoreError::Failed(error.into()) })
    }
}
