//! No test and no script silently forgives what AWS does not: `api::FORGIVEN` is compared with the tests, with the scripts that start
//! a stack, and with `tests/README.md`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use api::{FORGIVEN, Forgiven, options};
use local::fidelity::{Fidelity, SWITCHES, VARIABLE};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Every file below a directory, but not what is installed there.
fn files(below: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path());
    let entries = entries.filter(|path| !path.ends_with("node_modules") && !path.is_symlink());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Every shell script of the repository that can start a stack, such as `tests/openapi/run`, with its text.
fn scripts() -> Vec<(String, String)> {
    let root = Path::new(ROOT);
    let is_script =
        |path: &PathBuf| path.ends_with("run") || path.extension().is_some_and(|extension| extension == "sh");
    let paths = ["tests", ".ci"].into_iter().flat_map(|folder| files(&root.join(folder))).filter(is_script);
    let name = |path: &PathBuf| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    paths.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

fn name_of(row: &Forgiven) -> &'static str {
    SWITCHES.iter().find(|switch| switch.behaviour == row.behaviour).unwrap().name
}

/// Every module of the tests, such as `batches::costs`, with its text.
fn modules() -> Vec<(String, String)> {
    let module = |path: PathBuf| {
        let name = path.strip_prefix(TESTS).unwrap().with_extension("");
        let name = name.to_string_lossy().replace('/', "::");
        (name.trim_end_matches("::mod").to_owned(), fs::read_to_string(path).unwrap())
    };
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    files(Path::new(TESTS)).into_iter().filter(is_rust).map(module).collect()
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
    let listed = FORGIVEN.iter().filter(|row| !row.tests.contains('/'));
    let listed: BTreeSet<_> = listed.map(|row| row.tests.to_owned()).collect();
    assert_eq!(used, listed);
}

#[test]
fn a_script_forgives_only_what_the_list_says() {
    let scripts = scripts();
    let starts = scripts.iter().filter(|(_, text)| text.contains("start_stack")).count();
    assert!(starts >= 5, "only {starts} scripts start a stack, so some were not read");
    let mut used = BTreeSet::new();
    for (script, text) in scripts {
        assert!(
            !text.contains(VARIABLE),
            "{script} sets {VARIABLE}: use `start_stack --forgive`, and a row in the list"
        );
        let code = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n");
        for rest in code.split("--forgive").skip(1) {
            let name = rest.trim_start_matches([' ', '=']).split_whitespace().next().unwrap_or_default();
            used.insert((script.clone(), name.to_owned()));
        }
    }
    let listed = FORGIVEN.iter().filter(|row| row.tests.contains('/'));
    let listed: BTreeSet<_> = listed.map(|row| (row.tests.to_owned(), name_of(row).to_owned())).collect();
    assert_eq!(used, listed);
}

#[test]
fn the_readme_has_the_same_list() {
    let row = |row: &Forgiven| format!("| `{}` | `{}` | {} |\n", row.tests, name_of(row), row.reason);
    let rows: String = FORGIVEN.iter().map(row).collect();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&rows), "the table of tests/README.md has to be:\n{rows}");
}
