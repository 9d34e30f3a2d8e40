//! Guides are written in Markdown, and shown as HTML. The reader is `pulldown-cmark`. This changes what a guide's page has in another
//! way: anchors, links, what scrolls, and HTML, of which nothing gets through.

use std::collections::HashMap;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd, html::push_html};

/// The text as HTML. `link` says where a link of the text leads; what has no place here stays text. HTML in the text stays text, too,
/// so that no guide can run a script, and comments are left out.
pub fn html(text: &str, link: &dyn Fn(&str) -> Option<String>) -> String {
    let mut page = Page { link, events: Vec::new(), links: Vec::new(), anchors: HashMap::new() };
    let mut events = Parser::new_ext(text, Options::ENABLE_TABLES);
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => page.code(&kind, until(&mut events, TagEnd::CodeBlock)),
            Event::Start(Tag::HtmlBlock) => page.html_block(until(&mut events, TagEnd::HtmlBlock)),
            event => page.add(event),
        }
    }
    let mut out = String::new();
    push_html(&mut out, page.events.into_iter());
    out
}

/// The first heading: the title of the page.
pub fn title(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("# "))
}

/// The events of an element whose begin was read. Neither a block of code nor one of HTML has another one inside.
fn until<'a>(events: &mut Parser<'a>, end: TagEnd) -> Vec<Event<'a>> {
    events.take_while(|event| *event != Event::End(end)).collect()
}

/// What is written, so far.
struct Page<'a, 'l> {
    link: &'l dyn Fn(&str) -> Option<String>,
    events: Vec<Event<'a>>,
    /// For each link whose end was not read yet, whether it leads somewhere.
    links: Vec<bool>,
    /// How often each anchor is there.
    anchors: HashMap<String, usize>,
}

impl<'a> Page<'a, '_> {
    fn add(&mut self, event: Event<'a>) {
        match event {
            // What scrolls has to scroll by the keyboard, too.
            Event::Start(Tag::Table(_)) => {
                self.events.extend([Event::Html("<div class=\"table\" tabindex=\"0\">".into()), event]);
            }
            Event::End(TagEnd::Table) => self.events.extend([event, Event::Html("</div>\n".into())]),
            Event::End(TagEnd::Heading(_)) => {
                self.name_heading();
                self.events.push(event);
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let href = (self.link)(&dest_url);
                self.links.push(href.is_some());
                let tag = href.map(|href| Tag::Link { link_type, dest_url: href.into(), title, id });
                self.events.extend(tag.map(Event::Start));
            }
            Event::End(TagEnd::Link) => self.events.extend(self.links.pop().filter(|leads| *leads).map(|_| event)),
            // A page loads no images. The words that stand for one are there.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::Html(html) | Event::InlineHtml(html) => {
                self.events.extend((!is_comment(&html)).then_some(Event::Text(html)));
            }
            event => self.events.push(event),
        }
    }

    fn code(&mut self, kind: &CodeBlockKind<'_>, lines: Vec<Event<'a>>) {
        // Nothing draws diagrams here. The text around one says the same.
        if matches!(kind, CodeBlockKind::Fenced(language) if language.as_ref() == "mermaid") {
            return;
        }
        self.events.push(Event::Html("<pre tabindex=\"0\"><code>".into()));
        self.events.extend(lines);
        self.events.push(Event::Html("</code></pre>\n".into()));
    }

    /// A block of HTML comes line by line.
    fn html_block(&mut self, lines: Vec<Event<'a>>) {
        let lines = lines.into_iter().filter_map(|line| match line {
            Event::Html(html) | Event::Text(html) => Some(html.into_string()),
            _ => None,
        });
        let html: String = lines.collect();
        if !is_comment(&html) {
            let paragraph = [Event::Start(Tag::Paragraph), Event::Text(html.into()), Event::End(TagEnd::Paragraph)];
            self.events.extend(paragraph);
        }
    }

    /// Gives the heading whose words were read its anchor. As on GitHub, a second one of the same words has a number.
    fn name_heading(&mut self) {
        let Some(at) = self.events.iter().rposition(|event| matches!(event, Event::Start(Tag::Heading { .. }))) else {
            return;
        };
        let (_, heading) = self.events.split_at_mut(at);
        let Some((Event::Start(Tag::Heading { id, .. }), words)) = heading.split_first_mut() else { return };
        let words = words.iter().filter_map(|event| match event {
            Event::Text(words) | Event::Code(words) => Some(words.as_ref()),
            _ => None,
        });
        let name = anchor(&words.collect::<String>());
        let before = self.anchors.entry(name.clone()).or_default();
        *id = Some(if *before == 0 { name } else { format!("{name}-{before}") }.into());
        *before += 1;
    }
}

fn is_comment(html: &str) -> bool {
    html.trim_start().starts_with("<!--")
}

/// The anchor of a heading, as GitHub makes it of plain words: small letters, a hyphen for each space, no other signs.
fn anchor(title: &str) -> String {
    let kept = title.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
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
            ("## A\n## A\n", "<h2 id=\"a\">A</h2>\n<h2 id=\"a-1\">A</h2>\n"),
            ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>\n"),
            ("- a\n  b\n- c\n\nd", "<ul>\n<li>a\nb</li>\n<li>c</li>\n</ul>\n<p>d</p>\n"),
            ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"),
            (
                "```sh\na <b> **c**\n\nd\n```\ne",
                "<pre tabindex=\"0\"><code>a &lt;b&gt; **c**\n\nd\n</code></pre>\n<p>e</p>\n",
            ),
            (
                "1. a\n\n   ```sh\n   b\n   ```\n",
                "<ol>\n<li>\n<p>a</p>\n<pre tabindex=\"0\"><code>b\n</code></pre>\n</li>\n</ol>\n",
            ),
            ("```mermaid\ngraph\n```\ne", "<p>e</p>\n"),
            ("<!-- a\nb -->\nc", "<p>c</p>\n"),
            (
                "| a | `b` |\n|---|---:|\n| c \\| [d](https://d.example) | **e** |",
                "<div class=\"table\" tabindex=\"0\"><table><thead><tr><th>a</th><th style=\"text-align: right\"><code>b</code></th></tr></thead>\
                 <tbody>\n<tr><td>c | <a href=\"https://d.example\">d</a></td><td style=\"text-align: right\"><strong>e</strong></td></tr>\n\
                 </tbody></table>\n</div>\n",
            ),
            ("[`a`](https://b.example/?c&d) e", "<p><a href=\"https://b.example/?c&amp;d\"><code>a</code></a> e</p>\n"),
            ("[a](b.md), <https://c.example>", "<p>a, <a href=\"https://c.example\">https://c.example</a></p>\n"),
            ("a < b, [c] and **`[d](e)`**", "<p>a &lt; b, [c] and <strong><code>[d](e)</code></strong></p>\n"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn html_in_a_guide_stays_text_and_runs_nothing() {
        for (text, expected) in [
            ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
            ("a <b onclick=x>c</b>", "<p>a &lt;b onclick=x&gt;c&lt;/b&gt;</p>\n"),
            ("<p>\n<img src=x onerror=y>\n</p>", "<p>&lt;p&gt;\n&lt;img src=x onerror=y&gt;\n&lt;/p&gt;</p>\n"),
            ("a <!-- b --> c", "<p>a  c</p>\n"),
            ("[a](javascript:b) [c](data:d) <javascript:e>", "<p>a c javascript:e</p>\n"),
            ("[a](https://b.example/\"onclick=x)", "<p><a href=\"https://b.example/%22onclick=x\">a</a></p>\n"),
            ("![a](https://b.example/c.png \"d\")", "<p>a</p>\n"),
            ("# <i>a</i>\n", "<h1 id=\"iai\">&lt;i&gt;a&lt;/i&gt;</h1>\n"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn whatever_stands_in_a_text_it_ends() {
        for text in ["<!-- never closed", "```", "[a](b", "`a", "- ", "|", "\u{1}7\u{1}", "<div\n", "[a][b]", "#"] {
            assert!(shown(text).len() < 100, "{text}");
        }
    }

    #[test]
    fn the_title_is_the_first_heading() {
        assert_eq!((title("\n# A\n# B"), title("a")), (Some("A"), None));
    }
}
