//! The READMEs are true: what they say about the tree is checked.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Adds every Markdown file of the project to `found`.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            // Skips `target` and the folders of tools: `.venv`, `.git`, `node_modules`.
            if !name.starts_with('.') && !["target", "node_modules"].contains(&name.as_str()) {
                documents(&path, found);
            }
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The targets of the links `[…](…)` that are files of this tree.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
}

/// The anchors of a text's headings, as GitHub makes them: small letters, a hyphen for each space, no other signs.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let titles = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    titles.map(|title| {
        let kept = title
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
            .collect::<String>();
        kept.replace(' ', "-")
    })
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut found = Vec::new();
    documents(&root(), &mut found);
    assert!(found.len() >= 6, "{found:?}");
    let mut seen = 0;
    for document in found {
        for link in links(&fs::read_to_string(&document).unwrap()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { document.clone() } else { document.parent().unwrap().join(file) };
            assert!(fs::exists(&target).unwrap(), "{}: {link} leads nowhere", document.display());
            let is_there = || anchors(&fs::read_to_string(&target).unwrap()).any(|there| there == anchor);
            assert!(anchor.is_empty() || is_there(), "{}: {link} leads to no heading", document.display());
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen} links");
}

/// The tests that a text names, as `module::…::name`.
fn tests_named(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_test = |name: &str| {
        let mut parts = name.rsplit("::");
        let is_sentence = parts.next().is_some_and(|last| last.matches('_').count() >= 3);
        is_sentence && parts.next().is_some()
    };
    quoted.filter(|name| is_test(name)).collect()
}

#[test]
fn every_test_that_a_promise_names_is_there() {
    for (page, least) in [("functions/docs/guides/promises.md", 30), ("COMPATIBILITY.md", 40)] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let named = tests_named(&text);
        assert!(named.len() >= least, "{page}: {named:?}");
        for name in named {
            let (module, test) = name.rsplit_once("::").unwrap();
            let path = root().join("tests/api/tests").join(module.replace("::", "/"));
            let files = [path.with_extension("rs"), path.join("mod.rs")];
            let source = files.iter().find_map(|file| fs::read_to_string(file).ok()).unwrap_or_default();
            assert!(source.contains(&format!("fn {test}(")), "{page}: {name}: no such test");
        }
    }
}

/// The operations of `openapi.yaml` below a path, each as `GET /path` with what follows that path.
fn operations_below(base: &str) -> BTreeSet<String> {
    let document = fs::read_to_string(root().join("openapi.yaml")).unwrap();
    let (mut operations, mut path) = (BTreeSet::new(), "");
    for line in document.lines() {
        let (indent, key) =
            (line.len() - line.trim_start().len(), line.trim().trim_end_matches(':').trim_matches(['"', '\'']));
        match indent {
            2 => path = key,
            4 if ["get", "put", "post", "patch", "delete"].contains(&key) => {
                let rest = path.strip_prefix(base).filter(|rest| rest.starts_with('/'));
                operations.extend(rest.map(|rest| format!("{} {rest}", key.to_uppercase())));
            }
            _ => {}
        }
    }
    operations
}

#[test]
fn each_method_of_the_product_s_client_has_a_row_with_its_test() {
    let text = fs::read_to_string(root().join("COMPATIBILITY.md")).unwrap();
    let section = |from: &str, to: &str| {
        let rest = text.split_once(from).unwrap().1.split_once(to).unwrap().0;
        let rows = rest.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let rows: Vec<_> = rows.map(|(request, rest)| (request.to_owned(), rest)).collect();
        assert!(rows.iter().all(|(_, rest)| tests_named(rest).len() == 1), "{rows:?}");
        let requests: BTreeSet<_> = rows.iter().map(|(request, _)| request.clone()).collect();
        assert_eq!(requests.len(), rows.len(), "each once");
        requests
    };
    let methods = section("The product's client has 29 methods", "A user's own requests");
    assert_eq!(methods.len(), 29);
    assert_eq!(methods, operations_below("/admin/v1"));
    let own = section("A user's own requests", "What all of them have in common");
    assert_eq!(own, operations_below("/user/v1"));
    let without_version = operations_below("/user").into_iter().filter(|operation| !operation.contains("/v1/"));
    assert_eq!(own, without_version.collect());
}

/// Whoever sees the project for the first time reads it to its end.
#[test]
fn the_readme_is_short_and_leads_to_every_guide() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(text.lines().count() <= 150, "{} lines", text.lines().count());
    for entry in fs::read_dir(root().join("functions/docs/guides")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(text.contains(&format!("(functions/docs/guides/{name})")), "{name}");
    }
    for page in ["COMPATIBILITY.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "functions/DEPLOYING.md"] {
        assert!(text.contains(&format!("({page})")), "{page}");
    }
}

#[test]
fn every_parameter_of_the_template_is_in_the_page_of_configuration_and_no_other_is() {
    let template = crate::template::document();
    let known: BTreeSet<_> = template["Parameters"].as_object().unwrap().keys().map(String::as_str).collect();
    let page = fs::read_to_string(root().join("functions/docs/guides/configuration.md")).unwrap();
    let first_cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    let said: BTreeSet<_> =
        first_cells.flat_map(|cell| cell.split(['`', ',', ' ']).filter(|name| !name.is_empty())).collect();
    assert_eq!(said, known);
}

#[test]
fn every_folder_is_named_in_the_readme_above_it() {
    for parent in ["functions", "events", "tests", "shared/src"] {
        let readme = root().join(parent.trim_end_matches("/src")).join("README.md");
        let text = fs::read_to_string(&readme).unwrap();
        for entry in fs::read_dir(root().join(parent)).unwrap().map(Result::unwrap) {
            let (name, is_folder) = (entry.file_name().into_string().unwrap(), entry.path().is_dir());
            if is_folder && !["target", "node_modules"].contains(&name.as_str()) {
                assert!(text.contains(&format!("`{name}/`")), "{} does not name {name}/", readme.display());
            }
        }
    }
}

#[test]
fn every_path_of_the_tree_that_a_readme_names_is_there() {
    for folder in ["functions", "shared", "events", "tests"] {
        let text = fs::read_to_string(root().join(folder).join("README.md")).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        let named = quoted.filter(|path| !path.contains([' ', '{', '\n']) && path.contains('/'));
        for path in named.filter(|path| path.contains('.') || path.ends_with('/') || path.contains("/src")) {
            let places =
                [root().join(path), root().join(folder).join(path), root().join(folder).join("src").join(path)];
            assert!(
                path.starts_with('/') || path.contains("://") || places.iter().any(|place| place.exists()),
                "{folder}/README.md names {path}"
            );
        }
    }
}

#[test]
fn every_defence_that_security_md_names_is_there() {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let is_path = |quoted: &&str| ["shared/", "functions/", "tests/"].iter().any(|folder| quoted.starts_with(folder));
    let paths: Vec<_> = text.split('`').skip(1).step_by(2).filter(is_path).collect();
    assert!(paths.len() >= 20, "{paths:?}");
    for path in paths {
        assert!(root().join(path).exists(), "SECURITY.md names {path}");
    }
}
