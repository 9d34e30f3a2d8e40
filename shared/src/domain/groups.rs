//! Notification groups of contract 2. A user who never chose about a group is in it.

use std::collections::BTreeMap;

use super::text;

/// The prefix of the product's own groups.
const PREFIX: &str = "com.soa.notification.type.";
/// The product's own groups, in the order of its documents.
const OWN: [&str; 10] = [
    "api.auto.connect",
    "app.alert",
    "app.lifecycle",
    "app.post",
    "appteam",
    "contract.state.change",
    "news.update",
    "post.comment",
    "privateapi",
    "ticket.change",
];
/// The most groups that a deployment can add. One update expression writes all of them, and DynamoDB limits its size.
const MAX_CUSTOM: usize = 90;
/// The longest name of a group, in characters.
const LONGEST: usize = 128;

/// The groups that a user can be in: the product's own, then the deployment's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownGroups(Vec<String>);

/// The error of a deployment's list of groups that is not valid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be at most {MAX_CUSTOM} names of 1 to {LONGEST} characters, separated by commas")]
pub struct InvalidGroups;

impl KnownGroups {
    /// The product's groups and the deployment's own (`CustomGroups`: names separated by commas, or an empty text).
    pub fn with_custom(custom: &str) -> Result<Self, InvalidGroups> {
        let mut all: Vec<_> = OWN.iter().map(|name| format!("{PREFIX}{name}")).collect();
        let names = custom.split(',').map(str::trim);
        for name in names.filter(|_| !custom.trim().is_empty()) {
            if !text::is_line(name, LONGEST) {
                return Err(InvalidGroups);
            }
            if !all.iter().any(|known| known == name) {
                all.push(name.to_owned());
            }
        }
        if all.len() > OWN.len() + MAX_CUSTOM { Err(InvalidGroups) } else { Ok(Self(all)) }
    }

    /// The same groups without those of the deployment's own that `is_taken` names.
    #[must_use]
    pub fn without(&self, is_taken: impl Fn(&str) -> bool) -> Self {
        let own = OWN.len();
        let left = self.0.iter().enumerate().filter(|(at, name)| *at < own || !is_taken(name));
        Self(left.map(|(_, name)| name.clone()).collect())
    }

    /// The product's own groups, in the order of its documents.
    pub fn own(&self) -> &[String] {
        self.0.get(..OWN.len()).unwrap_or_default()
    }

    /// Every known group.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The choices that a list of wanted groups means: each known group is in or out. The error holds the names that
    /// are not known.
    pub fn replacement(&self, wanted: &[String]) -> Result<BTreeMap<String, bool>, Vec<String>> {
        let unknown: Vec<_> = wanted.iter().filter(|name| !self.0.contains(name)).cloned().collect();
        if unknown.is_empty() {
            Ok(self.0.iter().map(|group| (group.clone(), wanted.contains(group))).collect())
        } else {
            Err(unknown)
        }
    }

    /// The known groups that a user with these choices has not opted out of.
    pub fn not_out<'a>(&'a self, chosen: &BTreeMap<String, bool>) -> Vec<&'a str> {
        self.0.iter().map(String::as_str).filter(|group| chosen.get(*group) != Some(&false)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(custom: &str) -> KnownGroups {
        KnownGroups::with_custom(custom).unwrap()
    }

    #[test]
    fn a_deployment_adds_its_own() {
        assert_eq!(known("").names().len(), 10);
        assert_eq!(known("").names()[9], "com.soa.notification.type.ticket.change");
        let own = known(" billing , com.soa.notification.type.appteam,digest.weekly");
        assert_eq!(own.names()[10..], ["billing", "digest.weekly"]);
    }

    #[test]
    fn a_list_that_cannot_be_used_is_refused() {
        let many: Vec<_> = (0..91).map(|n| n.to_string()).collect();
        let long = "x".repeat(129);
        for bad in ["a,,b", ",", "a\nb", many.join(",").as_str(), long.as_str()] {
            assert_eq!(KnownGroups::with_custom(bad), Err(InvalidGroups), "{bad}");
        }
        assert_eq!(known(&many[..90].join(",")).names().len(), 100);
    }

    #[test]
    fn a_group_left_out_is_out_and_one_never_written_is_in() {
        let before = known("");
        let wanted = ["com.soa.notification.type.appteam".to_owned(), "com.soa.notification.type.appteam".to_owned()];
        let chosen = before.replacement(&wanted).unwrap();
        assert_eq!((chosen.len(), chosen.values().filter(|is_in| **is_in).count()), (10, 1));
        assert_eq!(known("later").not_out(&chosen), ["com.soa.notification.type.appteam", "later"]);
        assert_eq!(before.not_out(&BTreeMap::new()).len(), 10);
        assert!(before.not_out(&before.replacement(&[]).unwrap()).is_empty());
    }

    #[test]
    fn only_a_group_of_the_deployment_s_own_can_be_taken() {
        let groups = known("billing,offers");
        let left = groups.without(|name| name == "offers" || name.ends_with("appteam"));
        assert_eq!((left.own(), &left.names()[10..]), (groups.own(), &["billing".to_owned()][..]));
    }

    #[test]
    fn unknown_groups_are_named() {
        let wanted = ["appteam".to_owned(), "com.soa.notification.type.appteam".to_owned()];
        assert_eq!(known("").replacement(&wanted), Err(vec!["appteam".to_owned()]));
    }
}
