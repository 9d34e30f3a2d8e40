//! Decimal numbers as they are stored: exact, with up to 38 digits, like DynamoDB's numbers. An `f64` keeps only 17
//! digits, so a number stays text on its way from the body to the table and back.

use std::{cmp::Ordering, fmt};

/// The largest number of significant digits.
const MAX_DIGITS: usize = 38;
/// The smallest and the largest power of ten of the first digit.
const POWERS: std::ops::RangeInclusive<i64> = -130..=125;
/// An `f64` never needs more digits than this. A number with more digits was not written from an `f64`.
const DIGITS_OF_A_FLOAT: usize = 17;

/// A number in its canonical form: `1.0` and `1e0` are the same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// The significant digits, without a zero at the start or at the end. Zero has no digits.
    digits: String,
    /// The power of ten of the first digit.
    power: i64,
}

/// Why a number cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The number has too many digits to be stored exactly.
    #[error("must be a number of at most {MAX_DIGITS} significant digits")]
    TooManyDigits,
    /// The number is too large or too close to zero.
    #[error("must be 0 or a number between 1e-130 and 9.99e125 in size")]
    OutOfRange,
    /// The text is not a number.
    #[error("must be a number")]
    Malformed,
}

impl Decimal {
    /// Reads a number as JSON or DynamoDB writes it.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let number = Self::unbounded(text)?;
        if !POWERS.contains(&number.power) {
            return Err(DecimalError::OutOfRange);
        }
        if number.digits.len() > MAX_DIGITS {
            return Err(DecimalError::TooManyDigits);
        }
        Ok(number)
    }

    /// Reads a number of any size and with any number of digits.
    fn unbounded(text: &str) -> Result<Self, DecimalError> {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all: String = [whole, fraction].concat();
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DecimalError::Malformed);
        }
        let significant = all.trim_start_matches('0');
        let digits = significant.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Ok(Self { negative: false, digits, power: 0 });
        }
        let leading = all.len() - significant.len();
        let place = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let power = signed(exponent)?.saturating_add(place(whole.len()) - place(leading) - 1);
        Ok(Self { negative, digits, power })
    }
}

/// Whether two texts are the same number, to the last digit: `1.50` and `15e-1` are.
pub fn same_value(one: &str, other: &str) -> bool {
    matches!((Decimal::unbounded(one), Decimal::unbounded(other)), (Ok(one), Ok(other)) if one == other)
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.size().cmp(&other.size()),
            (true, true) => other.size().cmp(&self.size()),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Decimal {
    /// The order of numbers with the same sign: first the power of ten, then the digits. Zero has no digits and is
    /// below all other numbers.
    fn size(&self) -> (bool, i64, &str) {
        (!self.digits.is_empty(), self.power, &self.digits)
    }
}

/// Reads an exponent. An exponent that does not fit into an `i64` becomes a value that is out of range.
fn signed(exponent: &str) -> Result<i64, DecimalError> {
    let (negative, digits) =
        exponent.strip_prefix('-').map_or((false, exponent.strip_prefix('+').unwrap_or(exponent)), |rest| (true, rest));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::Malformed);
    }
    // This limit is far outside of the range, and sums with it still fit into an `i64`.
    let size = digits.parse().unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
    Ok(if negative { -size } else { size })
}

/// Writes numbers as ECMAScript does (ECMA-262, `Number::toString`), so that an `f64` is read back unchanged. A number
/// that no `f64` can hold is written with all its digits.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { negative, digits, power } = self;
        if digits.is_empty() {
            return f.write_str("0");
        }
        if *negative {
            f.write_str("-")?;
        }
        let written_out = *power < 21 || (digits.len() > DIGITS_OF_A_FLOAT && *power < 38);
        match usize::try_from(*power) {
            Ok(power) if written_out => match digits.split_at_checked(power + 1) {
                Some((whole, "")) => f.write_str(whole),
                Some((whole, fraction)) => write!(f, "{whole}.{fraction}"),
                None => write!(f, "{digits:0<width$}", width = power + 1),
            },
            Err(_) if *power >= -7 => {
                let zeros = usize::try_from(-power - 1).unwrap_or(0);
                write!(f, "0.{:0<zeros$}{digits}", "")
            }
            _ => match digits.split_at(1) {
                (first, "") => write!(f, "{first}e{power}"),
                (first, rest) => write!(f, "{first}.{rest}e{power}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, DecimalError> {
        Decimal::parse(text).map(|number| number.to_string())
    }

    #[test]
    fn numbers_have_an_order() {
        let ordered =
            ["-1e3", "-12", "-1.23", "-1.2", "-1e-5", "0", "1e-130", "0.5", "1.2", "1.23", "2", "12", "1e125"];
        let numbers: Vec<_> = ordered.iter().map(|text| Decimal::parse(text).unwrap()).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn a_number_has_one_form() {
        for (text, canonical) in [
            ("0", "0"),
            ("-0.000e7", "0"),
            ("0e999999999999999999999", "0"),
            ("1.50", "1.5"),
            ("-1.0", "-1"),
            ("100", "100"),
            ("1E+2", "100"),
            ("12.5e-1", "1.25"),
            ("0.000001", "0.000001"),
            ("1e-8", "1e-8"),
            ("0.00000000123", "1.23e-9"),
            ("100000000000000000000", "100000000000000000000"),
            ("1e21", "1e21"),
            ("1.5e30", "1.5e30"),
            ("18446744073709551616.5", "18446744073709551616.5"),
            ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
            ("1234567890123456789000", "1234567890123456789000"),
            ("-0.1234567890123456789012345678901234567", "-0.1234567890123456789012345678901234567"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(canonical), "{text}");
            assert_eq!(of(canonical).as_deref(), Ok(canonical));
        }
    }

    #[test]
    fn what_dynamodb_cannot_hold_exactly_is_refused() {
        let nines = "9".repeat(38);
        assert_eq!(of(&format!("{nines}00")).as_deref(), Ok(format!("{}.{}e39", "9", "9".repeat(37)).as_str()));
        assert_eq!(of(&format!("{nines}1")), Err(DecimalError::TooManyDigits));
        assert_eq!(of(&format!("0.1{nines}")), Err(DecimalError::TooManyDigits));
        assert!(of("9.9999999999999999999999999999999999999e125").is_ok());
        assert!(of("-1e-130").is_ok());
        for text in ["1e126", "-1e126", "1e-131", "1e99999999999999999999", "1e-99999999999999999999"] {
            assert_eq!(of(text), Err(DecimalError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "1e", "1e+", "NaN", "--1", "1.2.3", "0x1", "Infinity"] {
            assert_eq!(of(text), Err(DecimalError::Malformed), "{text}");
        }
    }
}
