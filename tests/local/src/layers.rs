//! The modules are layers, in the order of the table in `lib.rs`. Each module uses only the modules above it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Every file of this crate, by its top module.
fn files() -> BTreeMap<String, Vec<PathBuf>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = BTreeMap::<_, Vec<_>>::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let top = path.strip_prefix(&source).unwrap().components().next().unwrap();
                let top = top.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
                files.entry(top).or_default().push(path);
            }
        }
    }
    files
}

/// The modules in the order of the table in `lib.rs`.
fn listed() -> Vec<String> {
    let row = Regex::new(r"(?m)^//! \| \[`(\w+)`\]").unwrap();
    row.captures_iter(include_str!("lib.rs")).map(|found| found[1].to_owned()).collect()
}

#[test]
fn a_module_uses_only_those_above_it_in_the_table() {
    let (files, layers) = (files(), listed());
    let own = ["layers", "lib", "main"];
    let there: BTreeSet<_> = files.keys().map(String::as_str).filter(|top| !own.contains(top)).collect();
    assert_eq!(layers.iter().map(String::as_str).collect::<BTreeSet<_>>(), there, "the table lists every module");
    assert_eq!(layers.last().map(String::as_str), Some("console"), "nothing uses what a person looks at");

    let (arrow, group) = (Regex::new(r"\bcrate::(\w+)").unwrap(), Regex::new(r"\bcrate::\{").unwrap());
    let place = |name: &str| layers.iter().position(|layer| layer == name);
    let (mut arrows, mut wrong) = (0, Vec::new());
    for layer in &layers {
        for path in &files[layer] {
            let text = fs::read_to_string(path).unwrap();
            assert!(!group.is_match(&text), "{}: write `use crate::…` a module at a time", path.display());
            for found in arrow.captures_iter(&text) {
                let Some(to) = place(&found[1]) else { panic!("{}: no module {}", path.display(), &found[0]) };
                arrows += 1;
                if Some(to) > place(layer) {
                    wrong.push(format!("{} uses {}", path.display(), &found[0]));
                }
            }
        }
    }
    assert!(arrows > 50, "{arrows} arrows were found, which are too few to be all");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
