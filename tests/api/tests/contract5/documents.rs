//! Generated JSON documents of every kind, and the merge as RFC 7396 §2 defines it.

use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
};
use shared::domain::{Json, decimal::Decimal, json::Object};

/// RFC 7396's pseudocode of `MergePatch(Target, Patch)`, line by line. It uses nothing of the product's own merge.
pub fn merge_patch(target: Option<Json>, patch: &Json) -> Json {
    let Json::Object(patch) = patch else { return patch.clone() };
    let mut target = match target {
        Some(Json::Object(target)) => target,
        _ => Object::new(),
    };
    for (name, value) in patch {
        if *value == Json::Null {
            target.remove(name);
        } else {
            let inner = target.remove(name);
            target.insert(name.clone(), merge_patch(inner, value));
        }
    }
    Json::Object(target)
}

/// A document. It uses few names, so that two documents have names in common at every depth.
pub fn object() -> impl Strategy<Value = Object> {
    let narrow = btree_map(name(), value(), 0..5);
    // More fields than one update expression can hold.
    let wide = (250..400usize, value()).prop_map(|(count, value)| {
        (0..count).map(|n| (format!("wide-{n}"), if n % 7 == 0 { Json::Null } else { value.clone() })).collect()
    });
    prop_oneof![30 => narrow, 1 => wide]
}

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        2 => Just(Json::Null),
        1 => any::<bool>().prop_map(Json::Bool),
        3 => number().prop_map(Json::Number),
        2 => text().prop_map(Json::String),
        1 => Just(Json::Array(Vec::new())),
        1 => Just(Json::Object(Object::new())),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..4).prop_map(Json::Array),
            4 => btree_map(name(), inner, 0..4).prop_map(Json::Object),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    let common = select(vec!["a", "b", "a.b", "#n0", ":v0", "size", "🙂", "\u{0}", " ", "settings"]);
    prop_oneof![12 => common.prop_map(str::to_owned), 1 => vec(any::<char>(), 1..6).prop_map(String::from_iter)]
}

fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..12).prop_map(String::from_iter)
}

/// A number of up to 38 digits in the range that DynamoDB can store.
fn number() -> impl Strategy<Value = Decimal> {
    let digits = vec(0..10u8, 1..=38).prop_map(|digits| digits.iter().map(ToString::to_string).collect::<String>());
    (any::<bool>(), digits, option::of(-130..=125i32)).prop_map(|(negative, digits, power)| {
        let sign = if negative { "-" } else { "" };
        let text = match power {
            None => format!("{sign}{digits}"),
            Some(power) => format!("{sign}{}.{}e{power}", &digits[..1], &format!("{digits}0")[1..]),
        };
        // With a leading zero the number may be smaller than the smallest that DynamoDB can store.
        Decimal::parse(&text).or_else(|_| Decimal::parse("-0.1")).unwrap()
    })
}
