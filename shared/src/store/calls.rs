//! The writes to DynamoDB that this module's other parts use.

use aws_sdk_dynamodb::{
    operation::{
        delete_item::DeleteItemInput,
        put_item::PutItemInput,
        update_item::{UpdateItemInput, builders::UpdateItemInputBuilder},
    },
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use futures::FutureExt;

use super::{
    Item, Store,
    error::{Refused, StoreError},
    expression::{self, Action, Condition, Rendered},
    retry,
    table::Key,
};

/// Whether a write itself has made the item that refuses the write.
pub(super) type IsOwn<'a> = &'a (dyn Fn(&Item) -> bool + Sync);

impl Store {
    /// One conditional `UpdateItem` that may be done twice: after it was done, its condition still holds, and a second
    /// time changes nothing. Returns the item after the update. If the condition fails, the error holds the item as it
    /// was.
    pub(super) async fn update(&self, key: &Key, actions: &[Action], condition: &Condition) -> Result<Item, Refused> {
        debug_assert!(!actions.iter().any(|action| matches!(action, Action::Add(..))), "a second time would add again");
        let rendered = expression::render(actions, Some(condition));
        let call = self.update_input(key, rendered, ReturnValue::AllNew);
        let updated =
            retry::past_conflicts(&self.clock, &self.random, || call.clone().send_with(&self.client).boxed()).await?;
        Ok(updated.attributes.unwrap_or_default())
    }

    /// One conditional `UpdateItem` that must not be done twice: after it was done, its condition does not hold any
    /// more. If its answer was lost, the update is repeated. If the repeated update is refused and `is_own` recognises
    /// the item, then the first try has made that item: the update is a success, and this returns the item.
    pub(super) async fn update_own(
        &self,
        key: &Key,
        actions: &[Action],
        condition: &Condition,
        is_own: IsOwn<'_>,
    ) -> Result<Item, Refused> {
        self.update_rendered(key, expression::render(actions, Some(condition)), ReturnValue::AllNew, is_own).await
    }

    /// [`Self::update_own`] for expressions that are text already. Returns the attributes that `returning` asks for. If
    /// `is_own` recognised the item, returns the whole item.
    pub(super) async fn update_rendered(
        &self,
        key: &Key,
        rendered: Rendered,
        returning: ReturnValue,
        is_own: IsOwn<'_>,
    ) -> Result<Item, Refused> {
        let call = self.update_input(key, rendered, returning);
        let tried = retry::knowingly(&self.clock, &self.random, || call.clone().send_with(&self.single).boxed()).await;
        match tried.result.map_err(Refused::from) {
            Ok(updated) => Ok(updated.attributes.unwrap_or_default()),
            Err(Refused::Condition(item)) if tried.in_doubt && is_own(&item) => Ok(item),
            Err(refused) => Err(refused),
        }
    }

    fn update_input(&self, key: &Key, rendered: Rendered, returning: ReturnValue) -> UpdateItemInputBuilder {
        UpdateItemInput::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .set_update_expression(rendered.update)
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .return_values(returning)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// One unconditional write of a whole item. Returns whether the item is new. If an answer was lost and the write
    /// then finds an equal item, an earlier try has written that item, and the item counts as new.
    pub(super) async fn put(&self, item: Item) -> Result<bool, StoreError> {
        match self.put_over(item, None).await {
            Ok(is_new) => Ok(is_new),
            Err(Refused::Condition(_)) => Err(StoreError::Failed("a write without a condition was refused".into())),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// [`Self::put`] under a condition, if there is one. If an answer was lost and an equal item then refuses the write, an
    /// earlier try has written that item.
    pub(super) async fn put_over(&self, item: Item, condition: Option<&Condition>) -> Result<bool, Refused> {
        Ok(self.replace(item, condition).await?.is_empty())
    }

    /// [`Self::put_over`], but it returns the item that was there before; an empty one if there was none, or if that was an equal
    /// item, which an earlier try has written.
    pub(super) async fn replace(&self, item: Item, condition: Option<&Condition>) -> Result<Item, Refused> {
        let rendered = expression::render(&[], condition);
        let put = PutItemInput::builder()
            .table_name(&self.table)
            .set_item(Some(item.clone()))
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let tried = retry::knowingly(&self.clock, &self.random, || put.clone().send_with(&self.single).boxed()).await;
        match tried.result.map_err(Refused::from) {
            Ok(put) => {
                let old = put.attributes.unwrap_or_default();
                Ok(if tried.in_doubt && old == item { Item::new() } else { old })
            }
            Err(Refused::Condition(old)) if tried.in_doubt && old == item => Ok(Item::new()),
            Err(refused) => Err(refused),
        }
    }

    /// One conditional write of a whole item. If the condition fails, the error holds the item as it was. If an answer
    /// was lost and an equal item then refuses the write, an earlier try has written that item: the write is a success.
    pub(super) async fn put_on(&self, item: Item, condition: &Condition) -> Result<(), Refused> {
        let rendered = expression::render(&[], Some(condition));
        let call = PutItemInput::builder()
            .table_name(&self.table)
            .set_item(Some(item.clone()))
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let tried = retry::knowingly(&self.clock, &self.random, || call.clone().send_with(&self.single).boxed()).await;
        match tried.result.map_err(Refused::from) {
            Ok(_) => Ok(()),
            Err(Refused::Condition(old)) if tried.in_doubt && old == item => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    /// [`Self::put_on`] without the item that refuses the write. Returns whether the item was written.
    pub(super) async fn put_if(&self, item: Item, condition: &Condition) -> Result<bool, StoreError> {
        match self.put_on(item, condition).await {
            Ok(()) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// One unconditional deletion of an item. Returns whether the item was there. If an answer was lost and the item is
    /// then gone, an earlier try has deleted it, and this returns `true`.
    pub(super) async fn delete(&self, key: &Key) -> Result<bool, StoreError> {
        let delete = DeleteItemInput::builder().table_name(&self.table).set_key(Some(key.attributes()));
        let delete = delete.return_values(ReturnValue::AllOld);
        let tried =
            retry::knowingly(&self.clock, &self.random, || delete.clone().send_with(&self.single).boxed()).await;
        let old = tried.result.map_err(StoreError::from_sdk)?.attributes.unwrap_or_default();
        Ok(!old.is_empty() || tried.in_doubt)
    }

    /// One conditional deletion. Returns whether this call has deleted the item. If an answer was lost and the repeated
    /// deletion is refused, this returns `true`: an earlier try has probably deleted the item, and the refusal comes
    /// from the empty place, or from an item that somebody else has put there since.
    pub(super) async fn delete_if(&self, key: &Key, condition: &Condition) -> Result<bool, StoreError> {
        match self.delete_on(key, condition).await {
            Ok(()) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// [`Self::delete_if`], but the error holds the item that refuses the deletion.
    pub(super) async fn delete_on(&self, key: &Key, condition: &Condition) -> Result<(), Refused> {
        let rendered = expression::render(&[], Some(condition));
        let delete = DeleteItemInput::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let tried =
            retry::knowingly(&self.clock, &self.random, || delete.clone().send_with(&self.single).boxed()).await;
        match tried.result.map_err(Refused::from) {
            Ok(_) => Ok(()),
            Err(Refused::Condition(_)) if tried.in_doubt => Ok(()),
            Err(refused) => Err(refused),
        }
    }
}
