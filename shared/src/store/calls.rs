//! The calls to DynamoDB that everything here is made of.

use aws_sdk_dynamodb::{
    operation::{
        delete_item::{DeleteItem, DeleteItemInput},
        get_item::{GetItem, GetItemInput},
        put_item::{PutItem, PutItemInput},
        query::{Query, QueryInput, builders::QueryInputBuilder},
        update_item::{UpdateItem, UpdateItemInput},
    },
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{
    Item, Store,
    error::{Refused, StoreError},
    expression::{self, Action, Condition, Rendered},
    records, retry, string,
    table::{self, Key},
};

/// A part of the table or of an index.
pub(super) struct Stretch<'a> {
    pub index: Option<&'a str>,
    /// The partition: the attribute and its value.
    pub hash: (&'a str, &'a str),
    /// The attribute that it is in the order of.
    pub sort: &'a str,
    pub low: &'a str,
    pub high: &'a str,
}

impl Store {
    /// One conditional `UpdateItem`; the item as it is afterwards, or as it stood where the condition failed.
    pub(super) async fn update(&self, key: &Key, actions: &[Action], condition: &Condition) -> Result<Item, Refused> {
        self.update_rendered(key, expression::render(actions, Some(condition)), ReturnValue::AllNew).await
    }

    /// The same for expressions as text; what `returning` asks for.
    pub(super) async fn update_rendered(
        &self,
        key: &Key,
        rendered: Rendered,
        returning: ReturnValue,
    ) -> Result<Item, Refused> {
        let call = UpdateItemInput::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .set_update_expression(rendered.update)
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .return_values(returning)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let updated = retry::past_conflicts(|| self.call::<UpdateItem>(call.clone().build())).await?;
        Ok(updated.attributes.unwrap_or_default())
    }

    /// One unconditional write of a whole item; whether it was new.
    pub(super) async fn put(&self, record: &impl serde::Serialize) -> Result<bool, StoreError> {
        let put = PutItemInput::builder().table_name(&self.table).set_item(Some(records::write(record)?));
        let put = put.return_values(ReturnValue::AllOld).build();
        let old = self.call::<PutItem>(put).await.map_err(StoreError::from_sdk)?;
        Ok(old.attributes.is_none_or(|item| item.is_empty()))
    }

    /// One conditional write of a whole item; the item as it stood where the condition failed.
    pub(super) async fn put_on(&self, item: Item, condition: &Condition) -> Result<(), Refused> {
        let rendered = expression::render(&[], Some(condition));
        let call = PutItemInput::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        retry::past_conflicts(|| self.call::<PutItem>(call.clone().build())).await?;
        Ok(())
    }

    /// The same where only whether the condition held matters.
    pub(super) async fn put_if(&self, item: Item, condition: &Condition) -> Result<bool, StoreError> {
        match self.put_on(item, condition).await {
            Ok(()) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// One unconditional deletion of an item; whether it was there.
    pub(super) async fn delete(&self, key: &Key) -> Result<bool, StoreError> {
        let delete = DeleteItemInput::builder().table_name(&self.table).set_key(Some(key.attributes()));
        let delete = delete.return_values(ReturnValue::AllOld).build();
        let old = self.call::<DeleteItem>(delete).await.map_err(StoreError::from_sdk)?;
        Ok(old.attributes.is_some_and(|item| !item.is_empty()))
    }

    /// One strongly consistent read.
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let get = GetItemInput::builder().table_name(&self.table).set_key(Some(key.attributes())).consistent_read(true);
        let got = self.call::<GetItem>(get.build()).await.map_err(StoreError::from_sdk)?;
        Ok(got.item)
    }

    /// All items of a partition, by sort key, strongly consistent.
    pub(super) async fn partition(&self, pk: &str) -> Result<Vec<Item>, StoreError> {
        self.query(QueryInput::builder().consistent_read(true), table::PK, pk).await
    }

    /// The keys of everything that `owner` has in the index, oldest first. The index follows the table a moment later.
    pub(super) async fn timeline(&self, owner: &str) -> Result<Vec<Item>, StoreError> {
        self.query(QueryInput::builder().index_name(table::TIMELINE), table::OWNER, owner).await
    }

    /// At most so many items of a stretch of the table or an index, both ends included, in this direction.
    pub(super) async fn stretch(
        &self,
        wanted: Stretch<'_>,
        forward: bool,
        most: usize,
    ) -> Result<Vec<Item>, StoreError> {
        let Stretch { index, hash, sort, low, high } = wanted;
        if low > high {
            return Ok(Vec::new());
        }
        let within = Condition::All(vec![
            Condition::Equals(hash.0.into(), string(hash.1)),
            Condition::Between(sort.into(), string(low), string(high)),
        ]);
        let rendered = expression::render(&[], Some(&within));
        let query = QueryInput::builder()
            .table_name(&self.table)
            .set_index_name(index.map(str::to_owned))
            .consistent_read(index.is_none())
            .set_key_condition_expression(rendered.condition.map(|text| text.trim_matches(['(', ')']).to_owned()))
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .scan_index_forward(forward);
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let limit = i32::try_from(most - items.len()).unwrap_or(i32::MAX);
            let page = query.clone().limit(limit).set_exclusive_start_key(start.take());
            let page = self.call::<Query>(page.build()).await.map_err(StoreError::from_sdk)?;
            items.extend(page.items.unwrap_or_default());
            // A page also ends at 1 MB.
            match page.last_evaluated_key {
                Some(key) if items.len() < most => start = Some(key),
                _ => return Ok(items),
            }
        }
    }

    /// All items of a partition, page by page.
    async fn query(&self, query: QueryInputBuilder, hash: &str, value: &str) -> Result<Vec<Item>, StoreError> {
        let rendered = expression::render(&[], Some(&Condition::Equals(hash.into(), string(value))));
        let query = query
            .table_name(&self.table)
            .set_key_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values);
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let page = query.clone().set_exclusive_start_key(start).build();
            let page = self.call::<Query>(page).await.map_err(StoreError::from_sdk)?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}
