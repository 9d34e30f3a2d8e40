//! The one rule of the tree that the compiler does not keep: `domain` is pure, and so is `render`.

use std::{fs, path::Path};

/// What no file of the domain, nor of templates, may name.
const FORBIDDEN: [&str; 7] = ["aws_", "lambda_", "http::", "hyper", "StatusCode", "tokio", "crate::store"];

#[test]
fn domain_and_templates_name_neither_aws_nor_http() {
    let mut left: Vec<_> =
        ["src/domain", "src/render"].map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).into();
    let mut read = 0;
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for word in FORBIDDEN {
            assert!(!text.contains(word), "{} names {word}", path.display());
        }
        read += 1;
    }
    assert!(read > 5, "the domain has moved: only {read} files were read");
}
