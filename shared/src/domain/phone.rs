//! Telephone numbers.

/// Whether this is a number in E.164's form: `+`, then 7 to 15 digits of which the first is not zero (ITU-T E.164 §6.2).
pub fn is_e164(number: &str) -> bool {
    let Some(digits) = number.strip_prefix('+') else { return false };
    (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_a_plus_and_only_digits() {
        for good in ["+4930901820", "+14155552671", "+123456789012345"] {
            assert!(is_e164(good), "{good}");
        }
        for bad in ["", "+", "14155552671", "+0123456789", "+1 415 555 2671", "+1234567890123456", "+1415555٢671"] {
            assert!(!is_e164(bad), "{bad}");
        }
    }
}
