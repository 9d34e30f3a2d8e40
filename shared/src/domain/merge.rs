//! Deep merge into free-form settings (RFC 7396), also without a read of the stored settings.

use super::json::{Json, Object};

/// A path in an object: one key for each level, from the outermost object on.
pub type Keys = Vec<String>;

/// A change of free-form settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsChange {
    /// Merges a patch: objects are merged at every depth, `null` removes a member, any other value replaces it.
    Merge(Object),
    /// Removes each member that is `null` in this tree. A member whose path does not exist needs no removal.
    Remove(Object),
    /// Replaces all settings.
    Replace(Object),
}

/// The writes of a change, and the conditions under which they are the whole change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Condition: these paths are objects. (The objects around them then are objects, too.)
    pub objects: Vec<Keys>,
    /// Condition: these paths do not exist, or are not objects.
    pub no_objects: Vec<Keys>,
    /// Write: these paths get these values.
    pub set: Vec<(Keys, Json)>,
    /// Write: these paths are removed, if they exist.
    pub remove: Vec<Keys>,
}

/// What is known about an object on the path of a change.
#[derive(Clone, Copy)]
enum Known<'a> {
    /// Nothing is known. The plan assumes that every path exists.
    Nothing,
    /// The object was read.
    Seen(&'a Object),
}

impl SettingsChange {
    /// The change that removes the members at `paths`.
    pub fn removing<'a>(paths: impl IntoIterator<Item = Vec<&'a str>>) -> Self {
        let mut tree = Object::new();
        for path in paths {
            if let Some((last, way)) = path.split_last() {
                plant(&mut tree, way, last);
            }
        }
        Self::Remove(tree)
    }

    /// Makes the change in `settings`.
    pub fn apply(&self, settings: &mut Object) {
        match self {
            Self::Merge(patch) => merge(settings, patch),
            Self::Remove(tree) => remove(settings, tree),
            Self::Replace(new) => settings.clone_from(new),
        }
    }

    /// The change as writes to single paths, for settings that were not read. Its conditions demand that every object
    /// on the paths exists. `None` if the change replaces everything.
    pub fn optimistic(&self) -> Option<Plan> {
        self.plan(Known::Nothing)
    }

    /// The change as writes to single paths, for the settings in `seen`. Its conditions demand that the same places on
    /// the paths are objects as in `seen`; all other members may have changed. `None` if the change replaces
    /// everything.
    pub fn exact(&self, seen: &Object) -> Option<Plan> {
        self.plan(Known::Seen(seen))
    }

    fn plan(&self, known: Known<'_>) -> Option<Plan> {
        let mut plan = Plan::default();
        match self {
            Self::Merge(patch) => plan.walk(patch, &mut Keys::new(), known, true),
            Self::Remove(tree) => plan.walk(tree, &mut Keys::new(), known, false),
            Self::Replace(_) => return None,
        }
        Some(plan)
    }
}

impl Plan {
    /// A merge as [`SettingsChange::optimistic`] plans it.
    pub fn merging(patch: &Object) -> Self {
        let mut plan = Self::default();
        plan.walk(patch, &mut Keys::new(), Known::Nothing, true);
        plan
    }

    fn walk(&mut self, patch: &Object, keys: &mut Keys, known: Known<'_>, creates: bool) {
        let mut goes_deeper = false;
        for (key, value) in patch {
            keys.push(key.clone());
            match (value, known) {
                (Json::Null, _) => self.remove.push(keys.clone()),
                (Json::Object(inner), Known::Nothing) => {
                    goes_deeper = true;
                    self.walk(inner, keys, known, creates);
                }
                (Json::Object(inner), Known::Seen(seen)) => match seen.get(key) {
                    Some(Json::Object(seen)) => {
                        goes_deeper = true;
                        self.walk(inner, keys, Known::Seen(seen), creates);
                    }
                    _ => {
                        self.no_objects.push(keys.clone());
                        if creates {
                            let mut new = Object::new();
                            merge(&mut new, inner);
                            self.set.push((keys.clone(), Json::Object(new)));
                        }
                    }
                },
                (value, _) => self.set.push((keys.clone(), value.clone())),
            }
            keys.pop();
        }
        if !goes_deeper {
            self.objects.push(keys.clone());
        }
    }
}

/// Merges a patch by RFC 7396: objects are merged at every depth, `null` removes a member, any other value replaces it.
pub fn merge(target: &mut Object, patch: &Object) {
    for (key, value) in patch {
        match value {
            Json::Null => drop(target.remove(key)),
            Json::Object(patch) => {
                let slot = target.entry(key.clone()).or_insert(Json::Null);
                if let Json::Object(inner) = slot {
                    merge(inner, patch);
                } else {
                    let mut new = Object::new();
                    merge(&mut new, patch);
                    *slot = Json::Object(new);
                }
            }
            value => drop(target.insert(key.clone(), value.clone())),
        }
    }
}

fn remove(target: &mut Object, tree: &Object) {
    for (key, node) in tree {
        match (node, target.get_mut(key)) {
            (Json::Object(tree), Some(Json::Object(inner))) => remove(inner, tree),
            (Json::Object(_), _) => {}
            _ => drop(target.remove(key)),
        }
    }
}

/// Puts a `null` into the tree at a path, unless the tree already removes an object around it.
fn plant(tree: &mut Object, way: &[&str], last: &str) {
    match way.split_first() {
        None => drop(tree.insert(last.to_owned(), Json::Null)),
        Some((first, way)) => {
            let node = tree.entry((*first).to_owned()).or_insert_with(|| Json::Object(Object::new()));
            if let Json::Object(inner) = node {
                plant(inner, way, last);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        Json::object(text, "it").unwrap()
    }

    fn keys(path: &str) -> Keys {
        if path.is_empty() { Keys::new() } else { path.split('/').map(str::to_owned).collect() }
    }

    /// The cases of RFC 7396, Appendix A, whose target and patch are both objects, because settings are an object. The
    /// case whose target is an array stands one level deeper.
    const APPENDIX_A: [(&str, &str, &str); 11] = [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        (r#"{"x":[1,2]}"#, r#"{"x":{"a":"b","c":null}}"#, r#"{"x":{"a":"b"}}"#),
    ];

    #[test]
    fn rfc_7396_appendix_a() {
        for (target, patch, result) in APPENDIX_A {
            let mut settings = object(target);
            SettingsChange::Merge(object(patch)).apply(&mut settings);
            assert_eq!(settings, object(result), "{target} + {patch}");
        }
    }

    #[test]
    fn nothing_known_every_object_on_the_way_must_be_there() {
        let change = SettingsChange::Merge(object(r#"{"a":{"b":{"x":1,"y":null},"c":{}},"d":[{}]}"#));
        let plan = change.optimistic().unwrap();
        assert_eq!(plan.objects, [keys("a/b"), keys("a/c")]);
        assert_eq!(plan.set, [(keys("a/b/x"), Json::Number(one())), (keys("d"), object(r#"{"d":[{}]}"#)["d"].clone())]);
        assert_eq!((plan.remove, plan.no_objects), (vec![keys("a/b/y")], vec![]));
        assert_eq!(SettingsChange::Merge(Object::new()).optimistic().unwrap().objects, [keys("")]);
    }

    #[test]
    fn what_was_seen_is_made_whole_where_the_way_is_missing() {
        let change = SettingsChange::Merge(object(r#"{"a":{"b":{"x":1,"y":null}},"c":{"z":1},"d":{"e":1}}"#));
        let plan = change.exact(&object(r#"{"a":{"b":7},"d":{"o":1}}"#)).unwrap();
        assert_eq!(plan.objects, [keys("a"), keys("d")]);
        assert_eq!(plan.no_objects, [keys("a/b"), keys("c")]);
        let x = Json::Object(object(r#"{"x":1}"#));
        let z = Json::Object(object(r#"{"z":1}"#));
        assert_eq!(plan.set, [(keys("a/b"), x), (keys("c"), z), (keys("d/e"), Json::Number(one()))]);
        assert_eq!(plan.remove, Vec::<Keys>::new());
    }

    #[test]
    fn removing_creates_nothing_and_a_whole_object_includes_its_parts() {
        let change = SettingsChange::removing([vec!["a", "b", "c"], vec!["a"], vec!["d", "e"], vec!["a", "f"]]);
        assert_eq!(change, SettingsChange::Remove(object(r#"{"a":null,"d":{"e":null}}"#)));
        let plan = change.exact(&object(r#"{"a":1}"#)).unwrap();
        assert_eq!((plan.set, plan.remove, plan.no_objects), (vec![], vec![keys("a")], vec![keys("d")]));
        let mut settings = object(r#"{"a":{"b":1},"d":[1],"k":1}"#);
        change.apply(&mut settings);
        assert_eq!(settings, object(r#"{"d":[1],"k":1}"#));
    }

    fn one() -> crate::domain::decimal::Decimal {
        crate::domain::decimal::Decimal::parse("1").unwrap()
    }
}
