//! Tests of the rules, on small trees that break them.

use super::*;

fn circles(files: &[(&str, &str)]) -> Vec<String> {
    Tree::of(files).graph().circles()
}

#[test]
fn an_arrow_that_runs_back_is_caught() {
    let tree = |domain: &str| {
        Tree::of(&[("", "pub mod domain; pub mod store;"), ("domain", domain), ("store", "use crate::domain::User;")])
    };
    assert_eq!(running_back(&tree("pub struct User;").graph()), [""; 0]);
    for domain in [
        "use crate::store::Store;",
        "use super::store::{self, Store};",
        "use crate::{store as table};",
        "fn f() { crate::store::open(); }",
        "fn f() { println!(\"{}\", super::store::open()); }",
    ] {
        assert_eq!(running_back(&tree(domain).graph()), ["domain -> store runs back: domain -> store"], "{domain}");
    }
    for domain in
        ["#[cfg(test)] mod tests { use crate::store::Store; }", "// crate::store\nconst A: &str = \"crate::store::x\";"]
    {
        assert_eq!(running_back(&tree(domain).graph()), [""; 0], "{domain}");
    }
}

#[test]
fn an_arrow_within_a_layer_and_a_module_without_one_are_caught() {
    let files = [
        ("", "mod queue; mod store; mod new;"),
        ("queue", "use crate::store::A;"),
        ("store", "use crate::new::B;"),
        ("new", ""),
    ];
    assert_eq!(
        running_back(&Tree::of(&files).graph()),
        ["queue -> store runs back: queue -> store", "store -> new: one of them has no layer"]
    );
}

#[test]
fn a_circle_is_caught_through_re_exports_and_folders() {
    let two = [
        ("", "mod a; mod b;"),
        ("a", "use super::b::B; pub struct A;"),
        ("b", "pub struct B; fn f(a: crate::a::A) {}"),
    ];
    assert_eq!(circles(&two), ["in the crate: a -> b -> a (a -> b)(b -> a)"]);
    // `shop` re-exports names that its children define. A child that uses such a name depends on its sibling that
    // defines the name, and not on `shop`.
    let shown = [
        ("", "mod shop;"),
        ("shop", "mod cart; mod till; pub use self::{cart::Cart, till::Till};"),
        ("shop::cart", "use super::Till; pub struct Cart;"),
        ("shop::till", "pub struct Till;"),
    ];
    assert_eq!(circles(&shown), [""; 0]);
    let mut both = shown;
    both[3].1 = "use crate::shop::Cart; pub struct Till;";
    assert_eq!(circles(&both), ["in shop: cart -> till -> cart (shop::cart -> shop::till)(shop::till -> shop::cart)"]);
    // A folder's own file uses its child, and the child uses a type that the file defines.
    let mut own = shown;
    own[1].1 = "mod cart; mod till; use self::{cart::Cart, till::Till}; pub struct Shop(Cart);";
    own[2].1 = "use super::Shop; pub struct Cart;";
    assert_eq!(circles(&own), ["in shop: (itself) -> cart -> (itself) (shop -> shop::cart)(shop::cart -> shop)"]);
}

#[test]
fn a_macro_of_the_whole_crate_stands_where_it_is_defined() {
    let exported = r"#[macro_export] macro_rules! body { () => {}; }";
    let files = [("", "mod a; mod b;"), ("a", exported), ("b", "crate::body!(); pub struct B;")];
    assert_eq!(Tree::of(&files).graph().lines(), ["the crate: b -> a"]);
    let back = r"#[macro_export] macro_rules! body { () => { $crate::b::B }; }";
    assert_eq!(circles(&[files[0], ("a", back), files[2]]), ["in the crate: a -> b -> a (a -> b)(b -> a)"]);
}

#[test]
fn a_crate_that_is_another_module_s_alone_is_caught() {
    let tree = Tree::of(&[
        ("", "mod http; mod store; mod domain;"),
        ("store", "use aws_sdk_dynamodb::types::AttributeValue; use std::sync::{Arc, Mutex as Lock};"),
        ("http", "fn f(value: aws_sdk_dynamodb::types::AttributeValue, error: aws_smithy_types::Error) {}"),
        (
            "domain",
            "use std::time::{Duration, Instant}; use jiff::Timestamp; fn f() { Timestamp::now(); Timestamp::new(); }",
        ),
    ]);
    let keeping = KEEPING.join(", ");
    assert_eq!(
        taken_from_others(&tree.outside()),
        [
            "http names aws_sdk_dynamodb::types::AttributeValue: only store may name aws_sdk_dynamodb",
            "http names aws_smithy_types::Error: only aws, delivery::aws may name aws_smithy*",
            &format!("store names std::sync::Mutex: only {keeping} may name std::sync::Mutex"),
        ]
    );
    assert_eq!(
        impure(&tree.outside()),
        [
            "domain names std::time::Instant: a pure module may not name std::time::Instant",
            "domain names jiff::Timestamp::now: a pure module may not name jiff::Timestamp::now",
        ]
    );
}
