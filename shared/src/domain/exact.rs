//! JSON as serde_json's values, whose numbers are exact.
//!
//! serde_json's own reader is not used for numbers. Without its feature `float_roundtrip` it may read the last digit of a
//! number wrongly, and it cuts off digits that an `f64` cannot hold. Here a number is a whole number of 64 bits, or an `f64`
//! whose shortest text has the same value as the text that was read. Any other number is refused, never rounded.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::{Map, Number, Value, value::RawValue};

use super::decimal::same_value;

/// How a text is read.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The most levels of objects and arrays, the outermost one counted.
    pub max_levels: usize,
    /// What its reader takes from the text itself. There a number may be rounded.
    pub read_from_text: FromText<'a>,
}

/// What is read from the text itself.
#[derive(Clone, Copy, Debug)]
pub enum FromText<'a> {
    /// These members of the outermost object.
    Members(&'a [&'a str]),
    /// The whole text.
    All,
}

impl FromText<'_> {
    fn has(self, member: &str) -> bool {
        match self {
            Self::Members(members) => members.contains(&member),
            Self::All => true,
        }
    }
}

/// Why a text was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExactError {
    /// It is not JSON.
    #[error("{0}")]
    Malformed(String),
    /// An object has a key twice.
    #[error("the key \"{0}\" appears twice in one object")]
    KeyTwice(String),
    /// It has more levels than allowed.
    #[error("it is nested more than {0} levels deep")]
    TooDeep(usize),
    /// A number cannot be kept with all its digits; where it stands: `variables.order[0].total`.
    #[error(
        "{0} must be a number that can be kept exactly: a whole number of 64 bits, or a decimal of at most 15 digits \
         between 1e-307 and 1e308 in size; send another number as a string"
    )]
    Inexact(String),
}

impl From<serde_json::Error> for ExactError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Reads a text that came from outside.
pub fn value(text: &str, rules: Rules<'_>) -> Result<Value, ExactError> {
    let mut reader = Reader { rules, path: String::new(), may_round: false };
    reader.value(serde_json::from_str(text)?, 0)
}

/// Reads a text that was written from serde_json's values, so that its numbers are what they were.
pub fn stored<T: DeserializeOwned>(text: &str) -> Result<T, ExactError> {
    let value = value(text, Rules { max_levels: usize::MAX, read_from_text: FromText::Members(&[]) })?;
    Ok(serde_json::from_value(value)?)
}

struct Reader<'a> {
    rules: Rules<'a>,
    /// The place of the value that is being read.
    path: String,
    may_round: bool,
}

impl Reader<'_> {
    /// A raw value is checked text with all digits, and its first character tells its kind. `level` is the number of objects and
    /// arrays around it.
    fn value(&mut self, raw: &RawValue, level: usize) -> Result<Value, ExactError> {
        let text = raw.get();
        match text.as_bytes().first().copied().unwrap_or_default() {
            b'{' | b'[' if level >= self.rules.max_levels => Err(ExactError::TooDeep(self.rules.max_levels)),
            b'{' => self.object(serde_json::from_str(text)?, level),
            b'[' => {
                let elements: Vec<&RawValue> = serde_json::from_str(text)?;
                let each = |(index, element): (usize, &RawValue)| {
                    self.inside(&format!("[{index}]"), |reader| reader.value(element, level + 1))
                };
                elements.into_iter().enumerate().map(each).collect::<Result<_, _>>().map(Value::Array)
            }
            b'-' | b'0'..=b'9' => match number(text, self.may_round) {
                Some(number) => Ok(Value::Number(number)),
                None => Err(ExactError::Inexact(self.path.clone())),
            },
            _ => Ok(serde_json::from_str(text)?),
        }
    }

    fn object(&mut self, members: Members<'_>, level: usize) -> Result<Value, ExactError> {
        let mut object = Map::new();
        for (key, raw) in members.0 {
            self.may_round = match level {
                0 => self.rules.read_from_text.has(&key),
                _ => self.may_round,
            };
            let step = if level == 0 { key.clone() } else { format!(".{key}") };
            let value = self.inside(&step, |reader| reader.value(raw, level + 1))?;
            if object.insert(key.clone(), value).is_some() {
                return Err(ExactError::KeyTwice(key));
            }
        }
        Ok(Value::Object(object))
    }

    fn inside<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let result = read(self);
        self.path.truncate(length);
        result
    }
}

/// The members of an object as they were written, also those whose key stands there twice.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Each)
    }
}

/// A number with the same value as its text; the nearest one if it may be rounded; otherwise `None`.
fn number(text: &str, may_round: bool) -> Option<Number> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    if !may_round && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) {
        return None;
    }
    // The standard library reads a float without an error in its last digit. The sum makes -0 to 0.
    let float = text.parse::<f64>().ok()? + 0.0;
    let Some(number) = Number::from_f64(float) else { return may_round.then(|| 0.into()) };
    // Answers are written by serde_json, and templates by the standard library. Few floats stand just between two shortest
    // texts, and the two take different ones.
    let is_exact = same_value(text, &number.to_string()) && same_value(text, &float.to_string());
    (is_exact || may_round).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules<'_> = Rules { max_levels: 30, read_from_text: FromText::Members(&["kept"]) };

    fn read(number: &str) -> Result<String, String> {
        let read = value(&format!(r#"{{"a":[{{"b.c":{number}}}]}}"#), RULES).map_err(|error| error.to_string())?;
        let text = read["a"][0]["b.c"].to_string();
        let again: Value = stored(&text).unwrap();
        assert_eq!(again.to_string(), text, "what is stored comes back");
        Ok(text)
    }

    #[test]
    fn a_number_has_the_value_of_its_text_or_is_refused() {
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0.0"),
            ("1.0", "1.0"),
            ("1e2", "100.0"),
            ("1E-7", "1e-7"),
            ("19.90", "19.9"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("18446744073709551615", "18446744073709551615"),
            ("1e22", "1e+22"),
            ("1e300", "1e+300"),
            ("5e-324", "5e-324"),
            ("0e999", "0.0"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(shown), "{text}");
        }
        for text in [
            "1234567890123456789012",
            "10000000000000000000000",
            "18446744073709551617",
            "-9223372036854775809",
            "0.12345678901234567890",
            "12345678901234567.89",
            "1658206780088562.2",
            "1658206780088562.3",
            "3.00000000000000000001",
            "1e400",
            "-1e400",
            "1e-400",
            "4.9e-324",
        ] {
            let fault = read(text).unwrap_err();
            assert!(fault.starts_with("a[0].b.c must be a number that can be kept exactly: "), "{text}: {fault}");
        }
    }

    /// serde_json without `float_roundtrip` reads some of these one step beside their value.
    #[test]
    fn every_float_that_another_language_writes_is_kept() {
        let (mut seed, mut kept) = (0x9e37_79b9_7f4a_7c15_u64, 0);
        for _ in 0..10_000 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let float = f64::from_bits(seed);
            let Some(written) = Number::from_f64(float) else { continue };
            let text = written.to_string();
            let is_between_two_texts = !same_value(&text, &float.to_string());
            match number(&text, false) {
                Some(number) => assert_eq!(number, written, "{text}"),
                None => assert!(is_between_two_texts, "{text}"),
            }
            kept += usize::from(!is_between_two_texts);
        }
        assert!(kept > 9_900, "{kept}");
    }

    #[test]
    fn only_a_member_that_is_read_from_the_text_may_be_rounded_here() {
        let number = "1234567890123456789012";
        assert!(value(&format!(r#"{{"kept":{{"a":[{number},1e400]}}}}"#), RULES).is_ok());
        for text in [format!(r#"{{"kept":1,"a":{number}}}"#), format!(r#"{{"a":{{"kept":{number}}}}}"#)] {
            assert!(matches!(value(&text, RULES), Err(ExactError::Inexact(_))), "{text}");
        }
    }
}
