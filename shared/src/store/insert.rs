//! Writes many items by one call.

use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementErrorCodeEnum as Code, BatchStatementRequest};
use futures::FutureExt;

use super::{Item, Store, StoreError, retry};

/// The most statements of one call.
pub const MAX_INSERTS: usize = 25;

/// The most calls for some items, if the table has no room for them.
const ROUNDS: u32 = 6;

/// A statement was refused for a reason that does not pass by itself.
#[derive(Debug, thiserror::Error)]
#[error("a statement was refused: {0}")]
struct StatementRefused(String);

impl Store {
    /// Writes new items by one call. Each item is written or refused by itself. The result has one value for each item,
    /// in the same order: `true` if this call has written it, `false` if it exists already or the table could not write
    /// it now. If the SDK repeats a call, the second try finds the items of the first one, and their values are
    /// `false`: the caller must find out who has written them.
    ///
    /// After an error, some items may have been written.
    pub(super) async fn insert(&self, items: impl IntoIterator<Item = Item>) -> Result<Vec<bool>, StoreError> {
        let answers = self.insert_each(items).await?.into_iter();
        Ok(answers.map(|answer| answer == Executed::Done).collect())
    }

    /// [`Self::insert`], which tells an item that exists from one that the table could not write now.
    pub(super) async fn insert_each(&self, items: impl IntoIterator<Item = Item>) -> Result<Vec<Executed>, StoreError> {
        let statements = items.into_iter().map(|item| statement(&self.table, item));
        self.execute(statements).await?.into_iter().collect()
    }

    /// [`Self::insert`], but what the table could not write is tried again, until it keeps having no room. So `false` means that the item
    /// exists.
    pub(super) async fn insert_all(&self, items: Vec<Item>) -> Result<Vec<bool>, StoreError> {
        let (mut is_new, mut left) = (vec![false; items.len()], items.into_iter().enumerate().collect::<Vec<_>>());
        for round in 0..ROUNDS {
            if round > 0 {
                retry::pause(round, &self.clock, &self.random).await;
            }
            let items: Vec<_> = left.iter().map(|(_, item)| item.clone()).collect();
            let answers = self.insert_each(items).await?;
            let mut undone = Vec::new();
            for ((place, item), answer) in left.into_iter().zip(answers) {
                match answer {
                    Executed::Done => is_new.iter_mut().skip(place).take(1).for_each(|is_new| *is_new = true),
                    Executed::Refused => {}
                    Executed::NotNow => undone.push((place, item)),
                }
            }
            left = undone;
            if left.is_empty() {
                return Ok(is_new);
            }
        }
        Err(StoreError::Unavailable("the table keeps having no room for new items".into()))
    }

    /// Executes PartiQL statements that write, at most [`MAX_INSERTS`], by one call. Each is done or refused by itself. The result
    /// has one value for each statement, in the same order; an error for a refusal that does not pass by itself.
    pub(super) async fn execute(
        &self,
        statements: impl IntoIterator<Item = (String, Vec<AttributeValue>)>,
    ) -> Result<Vec<Result<Executed, StoreError>>, StoreError> {
        let statements = statements.into_iter().map(|(statement, parameters)| {
            BatchStatementRequest::builder().statement(statement).set_parameters(Some(parameters)).build()
        });
        let statements = statements.collect::<Result<Vec<_>, _>>().map_err(StoreError::build)?;
        let call = self.client.batch_execute_statement().set_statements(Some(statements));
        let answer = call.send().boxed().await.map_err(StoreError::from_sdk)?;
        let answers = answer.responses.unwrap_or_default().into_iter();
        Ok(answers.map(|answer| answer.error.map_or(Ok(Executed::Done), |error| refusal(error.code))).collect())
    }
}

/// The answer to one statement of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Executed {
    /// It was done.
    Done,
    /// The item that it inserts exists, or its condition does not hold.
    Refused,
    /// The table could not do it now.
    NotNow,
}

/// An error for a refusal that does not pass by itself.
fn refusal(code: Option<Code>) -> Result<Executed, StoreError> {
    match code {
        Some(Code::DuplicateItem | Code::ConditionalCheckFailed) => Ok(Executed::Refused),
        Some(
            Code::InternalServerError
            | Code::ProvisionedThroughputExceeded
            | Code::RequestLimitExceeded
            | Code::ThrottlingError
            | Code::TransactionConflict,
        ) => Ok(Executed::NotNow),
        other => {
            let code = other.map_or_else(|| "no code".to_owned(), |code| code.as_str().to_owned());
            Err(StoreError::Failed(Box::new(StatementRefused(code))))
        }
    }
}

/// The statement that inserts an item, and its parameters. Our code chooses the names of the attributes, and none of
/// them has a quote in it.
fn statement(table: &str, item: Item) -> (String, Vec<AttributeValue>) {
    let mut fields: Vec<_> = item.into_iter().collect();
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let fields: Vec<_> = names.iter().map(|name| format!("'{name}': ?")).collect();
    (format!("INSERT INTO \"{table}\" VALUE {{{}}}", fields.join(", ")), values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{number, string};

    #[test]
    fn a_statement_names_its_attributes_and_binds_their_values() {
        let item = Item::from([("sk".to_owned(), string("it's")), ("attempts".to_owned(), number(1))]);
        let text = r#"INSERT INTO "a-table" VALUE {'attempts': ?, 'sk': ?}"#.to_owned();
        assert_eq!(statement("a-table", item), (text, vec![number(1), string("it's")]));
    }

    #[test]
    fn what_passes_by_itself_is_no_error_and_what_is_wrong_is_one() {
        for (code, expected) in [
            ("DuplicateItem", Executed::Refused),
            ("ConditionalCheckFailed", Executed::Refused),
            ("ThrottlingError", Executed::NotNow),
            ("TransactionConflict", Executed::NotNow),
            ("ProvisionedThroughputExceeded", Executed::NotNow),
        ] {
            assert_eq!(refusal(Some(code.into())).unwrap(), expected, "{code}");
        }
        for code in [Some("AccessDenied".into()), Some("ValidationError".into()), Some("New".into()), None] {
            assert!(matches!(refusal(code.clone()), Err(StoreError::Failed(_))), "{code:?}");
        }
    }
}
