//! The rules of the tree that the compiler does not check: which module may name which other module, and which crates a
//! module may name.
//!
//! The test reads every module of `shared` and of the functions, without the code that is compiled only for tests, and
//! makes a graph of the modules that name each other. `cargo test -p shared --lib layering -- --nocapture` prints the
//! graph.

mod graph;
mod names;
mod source;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use graph::Graph;
use names::Mention;
use source::Tree;

/// The modules of `shared` in layers, the lowest first. A module may name only modules of lower layers, and no other
/// module of its own layer.
const LAYERS: &[&[&str]] = &[
    &["config", "hash", "random"],
    &["domain"],
    &["clock"],
    &["cache", "jwt", "metrics", "render", "public_url", "telemetry"],
    &["net"],
    &["aws"],
    &["erasure_log", "secrets"],
    &["signing"],
    &["unsubscribe"],
    &["preference_link"],
    &["delivery", "queue", "store"],
    &["suppressions"],
    &["http"],
    &["dialects"],
];

/// The modules with locks of their own. Only what stands behind a lock can change, and so outlive an invocation. Between two
/// invocations a process may be frozen for hours. So whoever keeps something must ask how old it is, by the type `Aged` of the
/// module `cache`; every other module takes a `Cached` or a `CachedMap`. What the others of these modules keep has no age: the
/// hands of a clock, a seed, the schedule of a rate (its record refuses what does not fit), the metrics of an invocation, the token of a window of time, tokens that carry their own end.
const KEEPING: &[&str] = &[
    "cache",
    "clock",
    "delivery::apple",
    "delivery::google",
    "dialects::notiflows::rate",
    "http::auth::jwks",
    "http::auth::verified",
    "metrics",
    "net::connector",
    "net::limit",
    "net::pool",
    "random",
    "store::rates",
];

/// Names that only some modules may use: the beginning of a path, and these modules. A beginning that ends in `*` is
/// the beginning of the path's first name.
const ALONE: &[(&str, &[&str])] = &[
    ("aws_sdk_dynamodb", &["store"]),
    ("serde_dynamo", &["store"]),
    ("aws_sdk_sqs", &["queue"]),
    ("aws_sigv4", &["aws"]),
    ("aws_sdk_*", &["aws", "delivery", "queue", "secrets", "store"]),
    // `delivery::aws` distinguishes an answer of SES or of the SMS service from a failed connection. The SDKs' clients
    // have no narrower type for that.
    ("aws_smithy*", &["aws", "delivery::aws"]),
    ("std::sync::Mutex", KEEPING),
    ("std::sync::RwLock", KEEPING),
    ("std::sync::atomic", KEEPING),
    ("std::sync::OnceLock", &["net::tls"]),
    ("tokio::sync", KEEPING),
];

/// Circles that are still allowed. Each text is the beginning of a circle's message.
const CIRCLES_LEFT: &[&str] = &[];

/// The pure modules: the same input gives the same output, on every machine. They may not use the names in [`IMPURE`].
const PURE: &[&str] = &["domain", "render"];
const IMPURE: &[&str] = &[
    "aws_*",
    "getrandom",
    "http",
    "hyper*",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "lambda_*",
    "rand",
    "reqwest",
    "std::env",
    "std::fs",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio*",
    "uuid::Uuid::new_v4",
];

/// Impure names that are still allowed. Each text is the beginning of a message.
const IMPURE_LEFT: &[&str] = &[];

/// The crates `shared` and each function, with their folders.
fn crates() -> Vec<(String, PathBuf)> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut crates = vec![("shared".to_owned(), shared.to_owned())];
    for entry in fs::read_dir(shared.join("../functions")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("Cargo.toml").exists() {
            crates.push((folder.file_name().unwrap().to_string_lossy().into_owned(), folder));
        }
    }
    crates
}

fn tree(folder: &Path) -> Tree {
    Tree::read(&folder.join("src/lib.rs"))
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The arrows between the modules of `shared` that do not lead to a lower layer.
fn running_back(graph: &Graph) -> Vec<String> {
    let collapsed = graph.within(&[]);
    let mut faults = Vec::new();
    for (from, to) in collapsed.arrows() {
        match (layer(from), layer(to)) {
            (Some(upper), Some(lower)) if lower < upper => {}
            (Some(_), Some(_)) => faults.push(format!("{from} -> {to} runs back: {}", graph.example(&[], from, to))),
            _ => faults.push(format!("{from} -> {to}: one of them has no layer")),
        }
    }
    faults
}

/// Mentions of names that only other modules may use.
fn taken_from_others(mentions: &[Mention]) -> Vec<String> {
    let fault = |mention: &Mention| {
        let (name, owners) = ALONE.iter().find(|(name, _)| mention.begins(name))?;
        let module = mention.module.join("::");
        let is_owner = owners.iter().any(|owner| module == *owner || module.starts_with(&format!("{owner}::")));
        (!is_owner).then(|| format!("{mention}: only {} may name {name}", owners.join(", ")))
    };
    mentions.iter().filter_map(fault).collect()
}

/// Mentions in pure modules of names that a pure module may not use.
fn impure(mentions: &[Mention]) -> Vec<String> {
    let is_pure = |mention: &&Mention| mention.module.first().is_some_and(|module| PURE.contains(&module.as_str()));
    let fault = |mention: &Mention| {
        let name = IMPURE.iter().find(|name| mention.begins(name))?;
        Some(format!("{mention}: a pure module may not name {name}"))
    };
    mentions.iter().filter(is_pure).filter_map(fault).collect()
}

fn assert_none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Asserts that every fault begins like one of the known ones, and that every known one is still there.
fn assert_none_but(known: &[&str], faults: Vec<String>) {
    let (left, new): (Vec<_>, Vec<_>) =
        faults.into_iter().partition(|fault| known.iter().any(|known| fault.starts_with(known)));
    assert_none(new);
    for known in known {
        assert!(left.iter().any(|fault| fault.starts_with(known)), "there is no such thing any more: {known}");
    }
}

#[test]
fn no_modules_name_each_other_in_a_circle() {
    let mut faults = Vec::new();
    for (name, folder) in crates() {
        let tree = tree(&folder);
        let graph = tree.graph();
        println!("{name}");
        for line in graph.lines() {
            println!("  {line}");
        }
        faults.extend(graph.circles().into_iter().map(|circle| format!("{name}: {circle}")));
    }
    assert_none_but(CIRCLES_LEFT, faults);
}

#[test]
fn no_arrow_between_the_modules_of_shared_runs_back() {
    let tree = tree(Path::new(env!("CARGO_MANIFEST_DIR")));
    let modules: BTreeSet<_> = LAYERS.iter().flat_map(|layer| layer.iter().map(|name| (*name).to_owned())).collect();
    assert_eq!(modules, tree.top().into_iter().collect(), "every module has a layer");
    assert_none(running_back(&tree.graph()));
}

#[test]
fn crates_are_named_only_where_they_belong() {
    let mut all = Vec::new();
    for (name, folder) in crates() {
        let mut mentions = tree(&folder).outside();
        assert!(mentions.len() > 5, "{name} names only {} things: was it read?", mentions.len());
        if name != "shared" {
            // A function is no module of `shared`, so it must not have the rights of a module with the same name.
            mentions.iter_mut().for_each(|mention| mention.module.insert(0, name.clone()));
        }
        all.extend(mentions);
    }
    assert_none(taken_from_others(&all));
    assert_none_but(IMPURE_LEFT, impure(&all));
}

/// What may panic, besides what Cargo.toml forbids everywhere. A panic ends a deployed process. `println!` panics when nobody
/// reads standard output any more.
const PANICKING: [&str; 7] =
    ["indexing_slicing", "print_stderr", "print_stdout", "string_slice", "todo", "unimplemented", "unreachable"];

/// Clippy's settings for all packages do not tell tests from other code, so each library warns of these itself.
#[test]
fn every_library_is_warned_of_what_may_panic() {
    for (name, folder) in crates() {
        let text: String = fs::read_to_string(folder.join("src/lib.rs")).unwrap().split_whitespace().collect();
        let lints = PANICKING.map(|lint| format!("clippy::{lint}")).join(",");
        assert!(text.contains(&format!("#![cfg_attr(not(test),warn({lints}))]")), "{name}: {lints}");
    }
}

#[test]
fn the_readme_and_the_crate_s_own_words_are_of_this_order() {
    let sentence = "functions -> dialects -> http -> {store, queue, delivery} -> render -> domain";
    let names: Vec<_> =
        sentence.split(" -> ").skip(1).flat_map(|part| part.trim_matches(['{', '}']).split(", ")).collect();
    let layers: Vec<_> = names.iter().map(|name| layer(name).unwrap()).collect();
    assert!(layers.is_sorted_by(|upper, lower| upper >= lower), "{layers:?}");
    for text in [include_str!("../lib.rs"), include_str!("../../README.md")] {
        assert!(text.contains(sentence), "one of them says something else");
    }
}

mod tests;
