//! Rules for plain text.

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
}
