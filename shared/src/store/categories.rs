//! Categories. They are in one partition, so one query reads all of them. The bounds below keep them within one page of a query,
//! which is 1 MB (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html>).

use super::{
    Condition, Item, Key, Precondition, Refused, Store, StoreError,
    reads::text,
    records::{self, CategoryItem, UNVERSIONED, digest_version},
    size, table,
};
use crate::{
    domain::{Categories, Category},
    telemetry,
};

/// The most categories. Every worker reads all of them each minute.
pub const MAX_CATEGORIES: usize = 200;
/// The most bytes of a category's item.
pub const MAX_CATEGORY_BYTES: usize = 5000;

/// Why a category was not written or removed.
#[derive(Debug, thiserror::Error)]
pub enum CategoryError {
    /// There is no such category.
    #[error("there is no such category")]
    NotFound,
    /// There are [`MAX_CATEGORIES`] others.
    #[error("there are too many categories")]
    TooMany,
    /// It has more than [`MAX_CATEGORY_BYTES`].
    #[error("the category is too large")]
    TooLarge,
    /// The precondition does not hold.
    #[error("the category has changed since it was read")]
    Stale,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A category that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenCategory {
    /// Whether it is new.
    pub is_new: bool,
    /// Its version.
    pub version: u64,
}

impl Store {
    /// The catalogue, strongly consistent. One item that cannot be read must not stop every batch: the catalogue names its handle.
    pub async fn categories(&self) -> Result<Categories, StoreError> {
        Ok(catalogue(self.partition(table::CATEGORIES).await?))
    }

    /// The category of this handle, and its version.
    pub async fn category(&self, handle: &str) -> Result<Option<(Category, u64)>, StoreError> {
        let Some(item) = self.get(&Key::category(handle)).await? else { return Ok(None) };
        read(item).map(Some)
    }

    /// Creates or replaces a category. Of several callers who do it at the same time some may pass [`MAX_CATEGORIES`]: there is room
    /// for some more, and the bound need not be exact.
    pub async fn put_category(
        &self,
        category: &Category,
        precondition: Option<&Precondition>,
    ) -> Result<WrittenCategory, CategoryError> {
        let mut item = item(category);
        let version = digest_version(&item);
        item.version = Some(version);
        let item = records::write(&item)?;
        if size::of_item(&item) > MAX_CATEGORY_BYTES {
            return Err(CategoryError::TooLarge);
        }
        let all = self.categories().await?;
        if all.in_order().iter().filter(|other| other.handle != category.handle).count() >= MAX_CATEGORIES {
            return Err(CategoryError::TooMany);
        }
        match self.put_over(item, precondition.map(condition).as_ref()).await {
            Ok(is_new) => Ok(WrittenCategory { is_new, version }),
            Err(Refused::Condition(_)) => Err(CategoryError::Stale),
            Err(Refused::Error(error)) => Err(error.into()),
        }
    }

    /// Removes a category. What users have chosen about it stays, and counts as for any group.
    pub async fn delete_category(
        &self,
        handle: &str,
        precondition: Option<&Precondition>,
    ) -> Result<(), CategoryError> {
        let exists = Condition::Exists(table::PK.into());
        let condition = Condition::All([exists].into_iter().chain(precondition.map(condition)).collect());
        match self.delete_on(&Key::category(handle), &condition).await {
            Ok(()) => Ok(()),
            Err(Refused::Condition(item)) if item.is_empty() => Err(CategoryError::NotFound),
            Err(Refused::Condition(_)) => Err(CategoryError::Stale),
            Err(Refused::Error(error)) => Err(error.into()),
        }
    }
}

fn catalogue(items: Vec<Item>) -> Categories {
    let mut unreadable = Vec::new();
    let mut readable = |item: Item| {
        let handle = text(&item, table::SK).and_then(|sk| sk.strip_prefix(table::CATEGORY_PREFIX)).map(str::to_owned);
        match read(item) {
            Ok((category, _)) => Some(category),
            Err(error) => {
                tracing::error!(handle, error = telemetry::chain(&error), "a category of the catalogue cannot be read");
                unreadable.extend(handle);
                None
            }
        }
    };
    let all: Categories = items.into_iter().filter_map(&mut readable).collect();
    all.with_unreadable(unreadable)
}

/// A category and its version.
fn read(item: Item) -> Result<(Category, u64), StoreError> {
    let item = records::read::<CategoryItem>(item)?;
    let version = item.version.unwrap_or(UNVERSIONED);
    Ok((item.into(), version))
}

/// The condition of a write. Every category has a version.
fn condition(precondition: &Precondition) -> Condition {
    precondition.condition().unwrap_or_else(|| Condition::Exists(table::PK.into()))
}

/// The item, without its version.
fn item(category: &Category) -> CategoryItem {
    let Category {
        handle,
        name,
        description,
        channels,
        template_code,
        critical,
        required,
        default_in,
        hidden,
        position,
    } = category.clone();
    let Key { pk, sk } = Key::category(&handle);
    let (opt_in, version) = (!default_in, None);
    CategoryItem {
        pk,
        sk,
        handle,
        name,
        description,
        channels,
        template_code,
        critical,
        required,
        opt_in,
        hidden,
        position,
        version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Channel, category::MAX_HANDLE},
        store::{number, stored, string},
    };

    fn full() -> Category {
        let texts =
            |all: &[(&str, &str)]| all.iter().map(|(tag, text)| ((*tag).to_owned(), (*text).to_owned())).collect();
        Category {
            name: texts(&[("default", "Security"), ("de", "Sicherheit")]),
            description: Some(texts(&[("default", "Sign-ins from new devices")])),
            channels: Some(vec![Channel::Push, Channel::Email]),
            template_code: Some("security".into()),
            critical: true,
            required: true,
            hidden: true,
            position: 7,
            ..Category::new("security.alerts")
        }
    }

    fn minimal() -> Category {
        Category {
            name: [("default".to_owned(), "Offers".to_owned())].into(),
            default_in: false,
            ..Category::new("offers")
        }
    }

    #[test]
    fn a_category_that_this_version_has_stored_is_read_and_written() {
        for (name, category) in [("category_full", full()), ("category_minimal", minimal())] {
            let mut written = item(&category);
            let version = digest_version(&written);
            written.version = Some(version);
            assert_eq!(read(stored::item(name)).unwrap(), (category, version), "{name}");
            stored::is_written(name, &written);
        }
        stored::is_read_but_for("category_full", read, &[]);
        // The stored position equals the default.
        stored::is_read_but_for("category_minimal", read, &["position"]);
    }

    #[test]
    fn one_item_that_cannot_be_read_hides_no_other_category_and_is_not_taken_for_none() {
        let Key { pk, sk } = Key::category("of#tomorrow");
        let unreadable = Item::from([("pk".into(), string(pk)), ("sk".into(), string(sk)), ("name".into(), number(1))]);
        let all = catalogue(vec![unreadable, stored::item("category_full"), stored::item("category_minimal")]);
        let readable: Categories = [full(), minimal()].into_iter().collect();
        assert_eq!(all, readable.with_unreadable(["of#tomorrow".to_owned()]));
        assert_eq!(["of#tomorrow", "offers", "free"].map(|one| all.is_unreadable(one)), [true, false, false]);
    }

    #[test]
    fn the_largest_catalogue_is_one_page_of_a_query_with_room_for_writers_at_the_same_time() {
        const PAGE: usize = 1 << 20;
        const { assert!((MAX_CATEGORIES + 9) * MAX_CATEGORY_BYTES <= PAGE) };
        let Key { pk, sk } = Key::category(&"é".repeat(MAX_HANDLE));
        assert!(pk.len() + sk.len() + 4 * MAX_HANDLE < MAX_CATEGORY_BYTES, "a handle leaves room for a name");
    }

    #[test]
    fn a_precondition_is_one_of_a_thing_that_has_a_version_or_is_not_there() {
        let item = |version: u64| Item::from([("pk".into(), string("a")), ("version".into(), number(version))]);
        let items = [Item::new(), item(7), item(8)];
        for (precondition, holds) in [
            (Precondition::Any, [false, true, true]),
            (Precondition::Versions(vec![7]), [false, true, false]),
            (Precondition::Versions(vec![]), [false, false, false]),
            (Precondition::NotVersions(vec![7]), [true, false, true]),
            (Precondition::Absent, [true, false, false]),
        ] {
            let condition = condition(&precondition);
            assert_eq!(items.each_ref().map(|item| condition.holds(item)), holds, "{precondition:?}");
        }
    }
}
