//! Bounds of plain text.

/// Whether `text` is one visible line of at most `most` characters: not blank, no control character (so it can stand
/// in a header).
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
