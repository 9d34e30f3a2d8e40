//! Numbers as people write them.
//!
//! The decimal mark and the grouping follow the Unicode CLDR for the languages in [`Style::of`]. In every language the
//! digits are 0 to 9, and the minus is a hyphen. All other languages get a decimal point and no grouping, because that
//! cannot be misread.

use crate::domain::display::language;

/// A decimal number as digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    negative: bool,
    whole: String,
    fraction: String,
}

/// How a language writes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    point: char,
    group: Option<char>,
    /// The fewest digits before the first grouping mark: Spanish writes 1234, but 12.345.
    least: usize,
    /// The number of digits in the second and all further groups: two in India.
    further: usize,
}

const NARROW_SPACE: char = '\u{202f}';
const SPACE: char = '\u{a0}';

impl Style {
    /// How the language of that tag writes numbers.
    pub fn of(tag: &str) -> Self {
        let style = |point, group| Self { point, group: Some(group), least: 1, further: 3 };
        let enclosing = language::enclosing(tag);
        let tag = enclosing.as_deref().unwrap_or(tag);
        let (language, _) = tag.split_once('-').unwrap_or((tag, ""));
        match (language, language::region(tag).unwrap_or_default()) {
            ("en", "IN") | ("hi", _) => Self { further: 2, ..style('.', ',') },
            ("en" | "zh" | "ja" | "ko" | "th" | "he", _) => style('.', ','),
            ("de", "CH" | "LI") => style('.', '’'),
            ("de", "AT") => style(',', SPACE),
            ("es", "MX" | "US" | "419" | "PR" | "DO" | "GT" | "HN" | "NI" | "PA" | "PE" | "SV") => style('.', ','),
            ("es", _) => Self { least: 2, ..style(',', '.') },
            ("fr", "CA") => style(',', SPACE),
            ("fr", _) => style(',', NARROW_SPACE),
            ("pt", region) if region == "PT" || language::shared_form(tag) == Some("pt-PT") => {
                Self { least: 2, ..style(',', SPACE) }
            }
            ("de" | "it" | "nl" | "pt" | "da" | "tr" | "id" | "el" | "ro" | "hr" | "sl" | "vi", _) => style(',', '.'),
            ("pl" | "bg", _) => Self { least: 2, ..style(',', SPACE) },
            ("ru" | "uk" | "cs" | "sk" | "fi" | "sv" | "nb" | "nn" | "no" | "hu" | "lt" | "lv" | "et", _) => {
                style(',', SPACE)
            }
            _ => Self { point: '.', group: None, least: 1, further: 3 },
        }
    }
}

impl Figure {
    /// A float with its shortest digits; `None` if it is not finite.
    pub fn of(value: f64) -> Option<Self> {
        // Rust's `to_string` writes no exponent, for any size of the number.
        if value.is_finite() { Self::parse(&value.to_string()) } else { None }
    }

    /// Reads digits with at most one point, and an optional minus.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(whole, rest)| (whole, Some(rest)));
        let digits = |text: &str| (1..=400).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !fraction.is_none_or(digits) {
            return None;
        }
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            whole => whole,
        };
        Some(Self { negative, whole: whole.to_owned(), fraction: fraction.unwrap_or_default().to_owned() })
    }

    /// Rounds to that many decimal places. Halves are rounded away from zero.
    pub fn rounded(mut self, places: usize) -> Self {
        if self.fraction.len() <= places {
            self.fraction.push_str(&"0".repeat(places - self.fraction.len()));
            return self;
        }
        let up = self.fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5');
        let mut digits: Vec<u8> = self.whole.bytes().chain(self.fraction.bytes().take(places)).collect();
        if up {
            let nines = digits.iter_mut().rev().take_while(|digit| **digit == b'9');
            let nines = nines.map(|digit| *digit = b'0').count();
            match digits.iter_mut().rev().nth(nines) {
                Some(digit) => *digit += 1,
                None => digits.insert(0, b'1'),
            }
        }
        let digits: String = digits.into_iter().map(char::from).collect();
        let (whole, fraction) = digits.split_at(digits.len() - places);
        (self.whole, self.fraction) = (whole.to_owned(), fraction.to_owned());
        self
    }

    /// Removes zeros at the end of the decimal places.
    pub fn trimmed(mut self) -> Self {
        self.fraction.truncate(self.fraction.trim_end_matches('0').len());
        self
    }

    /// The number as the style writes it. A zero has no sign.
    pub fn written(&self, style: &Style) -> String {
        let is_zero = self.whole.bytes().chain(self.fraction.bytes()).all(|digit| digit == b'0');
        let mut text = String::from(if self.negative && !is_zero { "-" } else { "" });
        let length = self.whole.len();
        for (index, digit) in self.whole.chars().enumerate() {
            let left = length - index;
            let is_mark = left == 3 || left > 3 && (left - 3).is_multiple_of(style.further);
            if let Some(group) = style.group.filter(|_| index > 0 && is_mark && length >= 3 + style.least) {
                text.push(group);
            }
            text.push(digit);
        }
        if !self.fraction.is_empty() {
            text.push(style.point);
            text.push_str(&self.fraction);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (value, places, expected) in [
            (2.675, 2, "2.68"),
            (-2.5, 0, "-3"),
            (0.4, 0, "0"),
            (-0.4, 0, "0"),
            (9.995, 2, "10.00"),
            (999.96, 1, "1,000.0"),
            (0.1 + 0.2, 2, "0.30"),
            (5.0, 2, "5.00"),
            (1e21, 0, "1,000,000,000,000,000,000,000"),
        ] {
            assert_eq!(Figure::of(value).unwrap().rounded(places).written(&Style::of("en")), expected, "{value}");
        }
    }

    #[test]
    fn a_language_has_its_marks() {
        for (tag, small, large) in [
            ("en-US", "1,234.5", "-12,345,678.5"),
            ("en-IN", "1,234.5", "-1,23,45,678.5"),
            ("hi", "1,234.5", "-1,23,45,678.5"),
            ("de-DE", "1.234,5", "-12.345.678,5"),
            ("de-AT", "1\u{a0}234,5", "-12\u{a0}345\u{a0}678,5"),
            ("de-CH", "1’234.5", "-12’345’678.5"),
            ("fr-FR", "1\u{202f}234,5", "-12\u{202f}345\u{202f}678,5"),
            ("fr-CA", "1\u{a0}234,5", "-12\u{a0}345\u{a0}678,5"),
            ("es-ES", "1234,5", "-12.345.678,5"),
            ("es-419", "1,234.5", "-12,345,678.5"),
            ("pt-BR", "1.234,5", "-12.345.678,5"),
            ("pt-PT", "1234,5", "-12\u{a0}345\u{a0}678,5"),
            ("pt-AO", "1234,5", "-12\u{a0}345\u{a0}678,5"),
            ("pt-u-ca-gregory", "1.234,5", "-12.345.678,5"),
            ("pl", "1234,5", "-12\u{a0}345\u{a0}678,5"),
            ("sv", "1\u{a0}234,5", "-12\u{a0}345\u{a0}678,5"),
            ("zh-Hant-TW", "1,234.5", "-12,345,678.5"),
            ("tlh", "1234.5", "-12345678.5"),
        ] {
            let style = Style::of(tag);
            let of = |text| Figure::parse(text).unwrap().written(&style);
            assert_eq!((of("1234.5"), of("-12345678.5")), (small.to_owned(), large.to_owned()), "{tag}");
            assert_eq!((of("0"), of("100"), of("-0")), ("0".to_owned(), "100".to_owned(), "0".to_owned()));
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for bad in ["", "-", ".5", "5.", "1e3", "1,5", "+1", " 1", "٣", "--1", "NaN"] {
            assert_eq!(Figure::parse(bad), None, "{bad:?}");
        }
        assert_eq!((Figure::of(f64::NAN), Figure::of(f64::INFINITY)), (None, None));
        assert_eq!(Figure::parse("007.50").unwrap().trimmed().written(&Style::of("en")), "7.5");
    }
}
