use std::{collections::BTreeSet, fs, path::Path};

use super::*;
use crate::tests::shown;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[test]
fn every_guide_has_a_page_with_its_own_text_and_nothing_that_is_still_markdown() {
    for guide in GUIDES {
        assert_eq!(fs::read_to_string(format!("{ROOT}/{}", guide.file)).unwrap(), guide.text, "{}", guide.name);
        let (status, text) = shown(page(guide.name, &HeaderMap::new()));
        assert_eq!(status, 200, "{}", guide.name);
        assert!(text.contains(&format!("<title>{}</title>", escaped(guide.title()))), "{}", guide.name);
        assert_eq!(text.matches("<h1 ").count(), 1, "{}", guide.name);
        // Code may have any sign. Outside of it none of Markdown's is left.
        let mut rest = text.as_str();
        let mut plain = String::new();
        while let Some((before, code)) = rest.split_once("<code>") {
            plain += before;
            rest = code.split_once("</code>").map_or("", |(_, after)| after);
        }
        plain += rest;
        for sign in ["](", "**", "`", "|--", "\n- ", "![", "&lt;img", "&lt;picture", "&lt;!--", "{{"] {
            assert!(!plain.contains(sign), "{}: {sign:?} is left in {plain}", guide.name);
        }
    }
    assert_eq!(shown(page("teapot", &HeaderMap::new())).0, 404);
}

#[test]
fn the_index_leads_to_every_guide() {
    let (status, text) = shown(index(&HeaderMap::new()));
    assert_eq!(status, 200);
    for guide in GUIDES {
        assert!(text.contains(&format!("<a href=\"guides/{}\">{}</a>", guide.name, escaped(guide.title()))), "{text}");
    }
    assert_eq!(text.matches("<li>").count(), GUIDES.len());
}

/// Every anchor that a link between two guides names is one of the other guide's headings.
#[test]
fn every_link_between_two_guides_leads_to_a_heading() {
    let mut count = 0;
    for guide in GUIDES {
        for target in guide.text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            let Some(href) = guide.link(target).filter(|href| !href.contains("://")) else { continue };
            let (name, anchor) = href.split_once('#').unwrap_or((&href, ""));
            let other =
                GUIDES.iter().find(|other| other.name == if name.is_empty() { guide.name } else { name }).unwrap();
            assert!(
                anchor.is_empty() || other.html().contains(&format!(" id=\"{anchor}\"")),
                "{}: {target}",
                guide.name
            );
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

/// A new guide is served, too.
#[test]
fn every_page_of_the_folders_of_guides_is_served() {
    let served: BTreeSet<_> = GUIDES.iter().map(|guide| guide.file.to_owned()).collect();
    for folder in ["functions/docs/guides", "functions/docs/issuers"] {
        for entry in fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
            let file = format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap());
            assert!(served.contains(&file), "{file}");
        }
    }
}

#[test]
fn a_path_is_resolved_from_the_file_that_names_it() {
    assert_eq!(resolved("functions/docs/guides/a.md", "../../ALARMS.md"), "functions/ALARMS.md");
    assert_eq!(resolved("COMPATIBILITY.md", "functions/docs/guides/a.md"), "functions/docs/guides/a.md");
}
