//! Guides are written in Markdown, and shown as HTML. This reads the part of Markdown that the guides use: headings, paragraphs, lists,
//! tables, blocks of code, comments; and in a line code, bold, links and addresses. A test finds whatever else a guide uses.

use std::fmt::Write;

use crate::text::escaped;

/// The text as HTML. `link` says where a link of the text leads; what has no place here stays text.
pub fn html(text: &str, link: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
        } else if let Some(language) = trimmed.strip_prefix("```") {
            let code: Vec<_> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            // Nothing draws diagrams here. The text around one says the same.
            if language != "mermaid" {
                let _ = writeln!(out, "<pre tabindex=\"0\"><code>{}</code></pre>", escaped(&code.join("\n")));
            }
        } else if trimmed.starts_with("<!--") {
            let mut last = trimmed;
            while !last.ends_with("-->") {
                let Some(next) = lines.next() else { break };
                last = next.trim_end();
            }
        } else if let Some((level, title)) = heading(trimmed) {
            let (id, title) = (anchor(title), inline(title, link));
            let _ = writeln!(out, "<h{level} id=\"{id}\">{title}</h{level}>");
        } else if trimmed.starts_with('|') {
            let mut rows = vec![trimmed];
            while let Some(row) = lines.next_if(|line| line.trim().starts_with('|')) {
                rows.push(row.trim());
            }
            table(&rows, link, &mut out);
        } else if let Some((kind, first)) = item(trimmed) {
            let mut items = vec![first.to_owned()];
            while let Some(next) = lines.next_if(|line| continues_list(line)) {
                match item(next.trim()) {
                    Some((_, text)) => items.push(text.to_owned()),
                    None => joined(&mut items, next.trim()),
                }
            }
            let _ = writeln!(out, "<{kind}>");
            items.iter().for_each(|item| {
                let _ = writeln!(out, "<li>{}</li>", inline(item, link));
            });
            let _ = writeln!(out, "</{kind}>");
        } else {
            let mut paragraph = vec![trimmed.to_owned()];
            while let Some(next) = lines.next_if(|line| !begins_a_block(line)) {
                joined(&mut paragraph, next.trim());
            }
            let _ = writeln!(out, "<p>{}</p>", inline(&paragraph.concat(), link));
        }
    }
    out
}

/// The first heading: the title of the page.
pub fn title(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("# "))
}

/// The level and the text of a heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let title = line.get(level..)?.strip_prefix(' ')?;
    (1..=4).contains(&level).then_some((level, title))
}

/// The anchor of a heading, as GitHub makes it of plain words: small letters, a hyphen for each space, no other signs.
fn anchor(title: &str) -> String {
    let kept = title.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The kind of list and the text of an item.
fn item(line: &str) -> Option<(&'static str, &str)> {
    if let Some(text) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some(("ul", text));
    }
    let (number, text) = line.split_once(". ")?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(("ol", text))
}

fn begins_a_block(line: &str) -> bool {
    let line = line.trim();
    line.is_empty()
        || line.starts_with("```")
        || line.starts_with("<!--")
        || line.starts_with('|')
        || heading(line).is_some()
        || item(line).is_some()
}

/// Whether the line belongs to the list before it: another item, or the rest of one, which is indented.
fn continues_list(line: &str) -> bool {
    item(line.trim()).is_some() || (line.starts_with(' ') && !begins_a_block(line))
}

fn joined(parts: &mut [String], more: &str) {
    if let Some(last) = parts.last_mut() {
        last.push(' ');
        last.push_str(more);
    }
}

fn table(rows: &[&str], link: &dyn Fn(&str) -> Option<String>, out: &mut String) {
    let _ = writeln!(out, "<div class=\"table\" tabindex=\"0\"><table>");
    for (at, row) in rows.iter().enumerate() {
        let cells = row.trim_start_matches('|').trim_end_matches('|').split('|').map(str::trim);
        // The second row has no words: it says where the head ends.
        let cell = match at {
            0 => "th",
            1 => continue,
            _ => "td",
        };
        let cells: String = cells.map(|text| format!("<{cell}>{}</{cell}>", inline(text, link))).collect();
        let _ = writeln!(out, "<tr>{cells}</tr>");
    }
    let _ = writeln!(out, "</table></div>");
}

/// The words of one block: code, bold, links and addresses.
fn inline(text: &str, link: &dyn Fn(&str) -> Option<String>) -> String {
    let parts = text.split('`').enumerate();
    // Code first, so that nothing inside it is read. A link whose text is code is put together again below.
    let mut codes = Vec::new();
    let plain: String = parts
        .map(|(at, part)| {
            if at % 2 == 0 {
                return part.to_owned();
            }
            codes.push(format!("<code>{}</code>", escaped(part)));
            format!("{CODE}{}{CODE}", codes.len().saturating_sub(1))
        })
        .collect();
    let mut out = String::new();
    let mut rest = plain.as_str();
    while let Some(at) = rest.find(['[', '<']) {
        let (before, from) = rest.split_at(at);
        out.push_str(&escaped(before));
        let Some((html, after)) = link_at(from, link).or_else(|| address_at(from)) else {
            let mut chars = from.chars();
            out.push_str(&escaped(&chars.next().map(String::from).unwrap_or_default()));
            rest = chars.as_str();
            continue;
        };
        out.push_str(&html);
        rest = after;
    }
    out.push_str(&escaped(rest));
    let bold: String = out
        .split("**")
        .enumerate()
        .map(|(at, part)| if at % 2 == 1 { format!("<strong>{part}</strong>") } else { part.to_owned() })
        .collect();
    let parts = bold.split(CODE).enumerate();
    let code = |number: &str| number.parse().ok().and_then(|at: usize| codes.get(at)).cloned().unwrap_or_default();
    parts.map(|(at, part)| if at % 2 == 1 { code(part) } else { part.to_owned() }).collect()
}

/// Stands around the number of a piece of code while the rest of a line is read. No text has it.
const CODE: char = '\u{1}';

/// A link `[words](target)` at the begin of the text, and what follows it.
fn link_at<'a>(text: &'a str, link: &dyn Fn(&str) -> Option<String>) -> Option<(String, &'a str)> {
    let (words, rest) = text.strip_prefix('[')?.split_once("](")?;
    if words.contains('[') {
        return None;
    }
    let (target, after) = rest.split_once(')')?;
    let words = escaped(words);
    Some(match link(target) {
        Some(href) => (format!("<a href=\"{}\">{words}</a>", escaped(&href)), after),
        None => (words, after),
    })
}

/// An address `<https://…>` at the begin of the text, and what follows it.
fn address_at(text: &str) -> Option<(String, &str)> {
    let (address, after) = text.strip_prefix('<')?.split_once('>')?;
    let is_one = address.starts_with("https://") || address.starts_with("http://");
    let address = escaped(address);
    is_one.then(|| (format!("<a href=\"{address}\">{address}</a>"), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        html(text, &|target| target.starts_with("https:").then(|| target.to_owned()))
    }

    #[test]
    fn each_form_has_its_element() {
        for (text, expected) in [
            ("# A `b` & c\n", "<h1 id=\"a-b--c\">A <code>b</code> &amp; c</h1>\n"),
            ("one\ntwo\n\nthree", "<p>one two</p>\n<p>three</p>\n"),
            ("- a\n  b\n- c\n\nd", "<ul>\n<li>a b</li>\n<li>c</li>\n</ul>\n<p>d</p>\n"),
            ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"),
            (
                "```sh\na <b> **c**\n\nd\n```\ne",
                "<pre tabindex=\"0\"><code>a &lt;b&gt; **c**\n\nd</code></pre>\n<p>e</p>\n",
            ),
            ("```mermaid\ngraph\n```\ne", "<p>e</p>\n"),
            ("<!-- a\nb -->\nc", "<p>c</p>\n"),
            (
                "| a | `b` |\n|---|---:|\n| c | **d** |",
                "<div class=\"table\" tabindex=\"0\"><table>\n<tr><th>a</th><th><code>b</code></th></tr>\n\
                 <tr><td>c</td><td><strong>d</strong></td></tr>\n</table></div>\n",
            ),
            ("[`a`](https://b.example/?c&d) e", "<p><a href=\"https://b.example/?c&amp;d\"><code>a</code></a> e</p>\n"),
            ("[a](b.md), <https://c.example>", "<p>a, <a href=\"https://c.example\">https://c.example</a></p>\n"),
            ("a < b, [c] and **`[d](e)`**", "<p>a &lt; b, [c] and <strong><code>[d](e)</code></strong></p>\n"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn whatever_stands_in_a_text_it_ends_and_stays_text() {
        for text in ["<!-- never closed", "```", "[a](b", "<script>alert(1)</script>", "`a", "- ", "|", "\u{1}7\u{1}"] {
            assert!(!shown(text).contains("<script"), "{text}");
        }
    }

    #[test]
    fn the_title_is_the_first_heading() {
        assert_eq!((title("\n# A\n# B"), title("a")), (Some("A"), None));
    }
}
