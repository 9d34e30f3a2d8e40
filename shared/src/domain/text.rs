//! Rules for plain text.

use unicode_segmentation::UnicodeSegmentation;

/// The texts that [`is_line`] accepts, as a pattern without the length.
pub const LINE_PATTERN: &str =
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// A text that is not blank and holds no NUL, as a pattern.
pub const WORDS_PATTERN: &str = r"^[^\u0000]*[^\s\u0000][^\u0000]*$";

/// What the tag of a language is made of; that its parts are registered is not in it.
pub const TAG_PATTERN: &str = "^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$";

/// Whether `text` is one visible line of at most `most` characters: it is not blank and has no control characters, so
/// it can be a header's value.
pub fn is_line(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// Whether a line ends at this character for some reader: the ASCII controls that move to another line, and what Unicode adds
/// (UAX 14: CR, LF, VT, FF, NEL, LS, PS).
pub fn ends_a_line(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// `text` as one line of at most `most` characters: controls and line breaks become spaces, several white spaces become one, and
/// those around it go. It is cut between characters as people see them (UAX 29's grapheme clusters), so that no emoji loses a part.
pub fn one_line(text: &str, most: usize) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() || ends_a_line(c) { ' ' } else { c }).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&line, most).trim_end().to_owned()
}

/// The first graphemes of `text` that have at most `most` characters. A grapheme that is longer by itself is cut, too.
fn cut(text: &str, most: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(most) else { return text };
    let starts = text.grapheme_indices(true).map(|(start, _)| start);
    let last = starts.take_while(|start| *start <= end).last().unwrap_or_default();
    text.get(..if last == 0 { end } else { last }).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_visible_and_has_no_controls() {
        assert!(is_line("Jürgen 🙂", 9));
        for bad in ["", "  ", "a\r\nb", "a\0b", "0123456789"] {
            assert!(!is_line(bad, 9), "{bad:?}");
        }
    }

    #[test]
    fn one_line_has_no_break_and_no_control() {
        for control in ('\0'..='\u{9f}').filter(|c| c.is_control()).chain(['\u{2028}', '\u{2029}']) {
            assert_eq!(
                one_line(&format!("{control}Hello{control}\r\n {control}all{control}"), 99),
                "Hello all",
                "{control:?}"
            );
        }
        assert_eq!(one_line(" \t\u{a0}", 9), "");
        assert_eq!(one_line("Zürich\u{200d} 🙂", 99), "Zürich\u{200d} 🙂");
    }

    #[test]
    fn a_line_is_cut_between_what_people_see_as_characters() {
        let (family, flag, accent) = ("👩‍👩‍👧‍👦", "🇩🇪", "e\u{301}");
        for (text, most, left) in [
            ("abc def", 7, "abc def"),
            ("abc def", 4, "abc"),
            (&*format!("ab{family}"), 9, &*format!("ab{family}")),
            (&format!("ab{family}"), 8, "ab"),
            (&format!("{flag}{flag}"), 3, flag),
            (&format!("a{accent}"), 2, "a"),
            (&format!("a{}", "\u{301}".repeat(9)), 4, "a\u{301}\u{301}\u{301}"),
        ] {
            assert_eq!(one_line(text, most), left, "{text} {most}");
        }
    }
}
