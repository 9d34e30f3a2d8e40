//! No test silently forgives what AWS does not: `api::FORGIVEN` is compared with the tests, and with `tests/README.md`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use api::{FORGIVEN, Forgiven, options};
use local::fidelity::{Fidelity, SWITCHES};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

/// Every file of Rust below a directory.
fn files(below: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// Every module of the tests, such as `batches::costs`, with its text.
fn modules() -> Vec<(String, String)> {
    let module = |path: PathBuf| {
        let name = path.strip_prefix(TESTS).unwrap().with_extension("");
        let name = name.to_string_lossy().replace('/', "::");
        (name.trim_end_matches("::mod").to_owned(), fs::read_to_string(path).unwrap())
    };
    files(Path::new(TESTS)).into_iter().map(module).collect()
}

#[test]
fn a_stack_of_the_tests_forgives_nothing_by_itself() {
    assert_eq!(options(&[]).fidelity, Fidelity::full(), "TIDINGS_LOCAL_FORGIVE must not be set");
}

#[test]
fn only_the_tests_of_the_list_forgive_and_each_is_in_the_list_by_its_name() {
    let mut used = BTreeSet::new();
    for (module, text) in modules().into_iter().filter(|(module, _)| module != "forgiven") {
        for word in [".without(", ".without_all(", "Fidelity::none", "Behaviour::"] {
            assert!(!text.contains(word), "{module} has {word:?}: use `forgiving`, whose list says why");
        }
        for call in text.replace("unforgiving(", "").split("forgiving(").skip(1) {
            let name = call.trim_start().strip_prefix('"').and_then(|name| name.split('"').next());
            let name = name.unwrap_or_else(|| panic!("{module}: `forgiving` takes the name itself, not a variable"));
            let test = name.strip_prefix(&module).unwrap_or_else(|| panic!("{module} forgives by the name {name}"));
            let test = test.trim_start_matches("::");
            assert!(test.is_empty() || text.contains(&format!("fn {test}(")), "{module} has no test {test}");
            used.insert(name.to_owned());
        }
    }
    let listed: BTreeSet<_> = FORGIVEN.iter().map(|row| row.tests.to_owned()).collect();
    assert_eq!(used, listed);
}

#[test]
fn the_readme_has_the_same_list() {
    let row = |Forgiven { tests, behaviour, reason }: &Forgiven| {
        let switch = SWITCHES.iter().find(|switch| switch.behaviour == *behaviour).unwrap();
        format!("| `{tests}` | `{}` | {reason} |\n", switch.name)
    };
    let rows: String = FORGIVEN.iter().map(row).collect();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&rows), "the table of tests/README.md has to be:\n{rows}");
}
