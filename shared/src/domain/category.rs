//! Categories: the kinds of notification that a deployment sends and that a user can opt out of. A category's handle is a
//! notification's group: Akana's group and Notiflows' handle are the same thing by other names.
//!
//! A group needs no category. Akana's ten have none in many deployments, and neither had any group from before there was a catalogue. So a
//! notification is accepted under whatever handle it names, and what has no category is a free group: everybody is in until they opt out.
//! Only Notiflows' `run` refuses a handle that is no category.

use std::collections::{BTreeMap, BTreeSet};

use super::{Channel, Notification, User, notification::MAX_GROUP, text};

/// The most characters of a handle.
pub const MAX_HANDLE: usize = MAX_GROUP;
/// The most characters of a name in one language.
pub const MAX_NAME: usize = 100;
/// The most characters of a description in one language.
pub const MAX_DESCRIPTION: usize = 300;
/// The handles that [`is_handle`] accepts, as a pattern.
pub const HANDLE_PATTERN: &str =
    r"^[^/?#%\u0000-\u001f\u007f-\u009f]*[^\s/?#%\u0000-\u001f\u007f-\u009f][^/?#%\u0000-\u001f\u007f-\u009f]*$";
/// The language of readers for whose own language there is no text.
pub const DEFAULT: &str = "default";

/// Whether `handle` can name a category: a group's name that can stand in a path.
pub fn is_handle(handle: &str) -> bool {
    text::is_line(handle, MAX_HANDLE) && !handle.contains(['/', '?', '#', '%'])
}

/// A text in several languages, by canonical BCP 47 tags. It always has one by the tag [`DEFAULT`].
pub type Texts = BTreeMap<String, String>;

/// A category, as an operator has written it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its handle.
    pub handle: String,
    /// The name that users see.
    pub name: Texts,
    /// What it is about, for users.
    pub description: Option<Texts>,
    /// The channels of a notification that names none itself, in this order. `None`: each that has a provider.
    pub channels: Option<Vec<Channel>>,
    /// The template of a notification that has no content of its own.
    pub template_code: Option<String>,
    /// Whether a notification that does not say so itself is critical.
    pub critical: bool,
    /// Whether nobody can opt out.
    pub required: bool,
    /// Whether a user who never chose is in. If not, the category is opt-in.
    pub default_in: bool,
    /// Whether the preference centre leaves it out.
    pub hidden: bool,
    /// The lowest comes first where categories are listed.
    pub position: u16,
}

impl Category {
    /// A category of this handle, which is its name too. Users can opt out of it, and are in until they do.
    pub fn new(handle: impl Into<String>) -> Self {
        let handle = handle.into();
        Self {
            name: [(DEFAULT.to_owned(), handle.clone())].into(),
            handle,
            description: None,
            channels: None,
            template_code: None,
            critical: false,
            required: false,
            default_in: true,
            hidden: false,
            position: 0,
        }
    }
}

/// What a user has chosen about a group as a whole. `None`: the user never chose. An opt-out by either dialect counts.
pub fn chosen(user: &User, group: &str) -> Option<bool> {
    let enabled = user.handles.get(group).and_then(|handle| handle.enabled);
    match (user.groups.get(group).copied(), enabled) {
        (None, None) => None,
        (in_groups, enabled) => Some(in_groups != Some(false) && enabled != Some(false)),
    }
}

/// Whether a user is in a group as a whole. `category` is the group's, if it has one. A single channel may still be off.
pub fn is_in(user: &User, group: &str, category: Option<&Category>) -> bool {
    let default_in = category.is_none_or(|category| category.default_in);
    category.is_some_and(|category| category.required) || chosen(user, group).unwrap_or(default_in)
}

/// The catalogue: every category of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categories {
    all: BTreeMap<String, Category>,
    /// The handles of those that are stored and cannot be read: a later version may have written them.
    unreadable: BTreeSet<String>,
}

/// A catalogue without categories.
pub static NO_CATEGORIES: Categories = Categories { all: BTreeMap::new(), unreadable: BTreeSet::new() };

impl Categories {
    /// The category of this handle.
    pub fn get(&self, handle: &str) -> Option<&Category> {
        self.all.get(handle)
    }

    /// Whether this handle is that of a category that cannot be read. Nobody knows who is in: it may be opt-in or required.
    pub fn is_unreadable(&self, handle: &str) -> bool {
        self.unreadable.contains(handle)
    }

    /// The same catalogue, with these handles as those of categories that cannot be read.
    #[must_use]
    pub fn with_unreadable(self, handles: impl IntoIterator<Item = String>) -> Self {
        Self { unreadable: handles.into_iter().collect(), ..self }
    }

    /// The category of a notification, if its group has one.
    pub fn of(&self, notification: &Notification) -> Option<&Category> {
        self.get(notification.group.as_deref()?)
    }

    /// Whether a notification has a group that is no category here.
    pub fn lacks(&self, notification: &Notification) -> bool {
        notification.group.is_some() && self.of(notification).is_none()
    }

    /// Whether nobody can opt out of this group.
    pub fn is_required(&self, handle: &str) -> bool {
        self.get(handle).is_some_and(|category| category.required)
    }

    /// All categories, in the order in which they are listed: by position, then by handle.
    pub fn in_order(&self) -> Vec<&Category> {
        let mut all: Vec<_> = self.all.values().collect();
        // A stable sort: the map's own order is that of the handles.
        all.sort_by_key(|category| category.position);
        all
    }

    /// Those that users see, in order.
    pub fn shown(&self) -> Vec<&Category> {
        let mut all = self.in_order();
        all.retain(|category| !category.hidden);
        all
    }
}

impl FromIterator<Category> for Categories {
    fn from_iter<I: IntoIterator<Item = Category>>(all: I) -> Self {
        let all = all.into_iter().map(|category| (category.handle.clone(), category)).collect();
        Self { all, unreadable: BTreeSet::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Content, Handle, NotificationId, Timestamp, UserId};

    fn user(in_groups: Option<bool>, enabled: Option<bool>) -> User {
        let mut user = User::new(UserId::from_bytes([1; 16]), Timestamp::EPOCH);
        user.groups.extend(in_groups.map(|is_in| ("news".to_owned(), is_in)));
        user.handles.extend(enabled.map(|on| ("news".to_owned(), Handle { enabled: Some(on), ..Handle::default() })));
        user
    }

    #[test]
    fn an_opt_out_by_either_dialect_counts_and_a_category_decides_for_who_never_chose() {
        let plain = Category::new("news");
        let opt_in = Category { default_in: false, ..Category::new("news") };
        let required = Category { required: true, ..Category::new("news") };
        let (yes, no) = (Some(true), Some(false));
        for (in_groups, enabled, free, by_opt_in) in [
            (None, None, true, false),
            (yes, None, true, true),
            (None, yes, true, true),
            (no, yes, false, false),
            (yes, no, false, false),
            (no, None, false, false),
            (None, no, false, false),
        ] {
            let user = user(in_groups, enabled);
            let said = |category| is_in(&user, "news", category);
            assert_eq!((said(None), said(Some(&plain))), (free, free), "{in_groups:?} {enabled:?}");
            assert_eq!((said(Some(&opt_in)), said(Some(&required))), (by_opt_in, true), "{in_groups:?} {enabled:?}");
        }
    }

    #[test]
    fn a_catalogue_lacks_the_group_of_a_notification_that_is_no_category() {
        let all: Categories = [Category::new("news")].into_iter().collect();
        let lacks = |group: Option<&str>| {
            let content = Content::Inline { subject: None, title: None, body: "Hello".into() };
            let (id, user) = (NotificationId::random(), UserId::from_bytes([1; 16]));
            let plain = Notification::new(id, user, Vec::new(), content, Timestamp::EPOCH);
            all.lacks(&Notification { group: group.map(str::to_owned), ..plain })
        };
        assert_eq!([None, Some("news"), Some("offers")].map(lacks), [false, false, true]);
    }

    #[test]
    fn the_catalogue_is_in_order_of_position_and_users_do_not_see_what_is_hidden() {
        let at = |handle: &str, position| Category { position, ..Category::new(handle) };
        let hidden = Category { hidden: true, ..at("c", 0) };
        let all: Categories = [at("b", 2), at("a", 2), at("z", 1), hidden].into_iter().collect();
        let handles = |all: Vec<&Category>| all.iter().map(|one| one.handle.clone()).collect::<Vec<_>>().join("");
        assert_eq!((handles(all.in_order()), handles(all.shown())), ("czab".to_owned(), "zab".to_owned()));
    }

    #[test]
    fn a_handle_can_stand_in_a_path() {
        assert!(
            is_handle("com.soa.notification.type.app.alert") && is_handle("größe 2") && is_handle(&"é".repeat(128))
        );
        for bad in ["", " ", "a/b", "a?", "a#b", "100%", "a\nb", &"x".repeat(129)] {
            assert!(!is_handle(bad), "{bad:?}");
        }
    }
}
