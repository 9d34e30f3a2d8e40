//! The body of `PATCH`: any of the five fields, each a string or `null`.

use lambda_http::Body;
use serde_json::Value;
use shared::{
    domain::{
        Field,
        display::{Preference, timezone},
        user_change::DisplayChange,
    },
    http::body,
};

use super::problem::{Fault, Own, Problem};

/// The most characters of a key of the client's that an error repeats.
const MOST_SHOWN: usize = 64;

/// Reads a change. What has the wrong shape makes it 422, a value that is not valid 400; every fault is told.
pub fn change(body: &Body) -> Result<DisplayChange, Problem> {
    let fields = body::object(body)?;
    let mut change = DisplayChange::default();
    let (mut misshapen, mut invalid) = (Vec::new(), Vec::new());
    for (name, value) in fields {
        let Some(preference) = Preference::ALL.into_iter().find(|preference| preference.name() == name) else {
            misshapen.push(unknown(&name));
            continue;
        };
        let field = match value {
            Value::Null => Field::Null,
            Value::String(text) => match preference.canonical(&text) {
                Some(value) => Field::Value(value),
                None => {
                    invalid.push(Fault::new(&name, not_valid(preference, &text)));
                    continue;
                }
            },
            _ => {
                misshapen.push(Fault::new(&name, format!("{name} must be a string, or null for its default")));
                continue;
            }
        };
        *slot(&mut change, preference) = field;
    }
    if !misshapen.is_empty() {
        misshapen.extend(invalid);
        return Err(Own::Unprocessable(misshapen).into());
    }
    if invalid.is_empty() { Ok(change) } else { Err(Own::Invalid(invalid).into()) }
}

fn slot(change: &mut DisplayChange, preference: Preference) -> &mut Field<String> {
    match preference {
        Preference::DateTimeFormat => &mut change.date_time_format,
        Preference::Timezone => &mut change.timezone,
        Preference::Language => &mut change.language,
        Preference::MeasurementUnit => &mut change.measurement_unit,
        Preference::Theme => &mut change.theme,
    }
}

fn unknown(name: &str) -> Fault {
    let shown: String = name.chars().take(MOST_SHOWN).collect();
    let known = Preference::ALL.map(Preference::name).join(", ");
    Fault::new(&shown, format!("{shown} is not a known field: it must be one of {known}"))
}

fn not_valid(preference: Preference, value: &str) -> String {
    let (name, accepted) = (preference.name(), preference.accepted());
    match timezone::closest(value).filter(|_| preference == Preference::Timezone) {
        Some(meant) => format!("{name} must be {accepted}; {meant} is one, and its letters count"),
        None => format!("{name} must be {accepted}"),
    }
}

#[cfg(test)]
mod tests {
    use shared::http::body::BodyError;

    use super::*;

    fn of(body: &str) -> Result<DisplayChange, Problem> {
        change(&Body::from(body))
    }

    fn messages(faults: &[Fault]) -> Vec<&str> {
        faults.iter().map(|fault| fault.message.as_str()).collect()
    }

    #[test]
    fn only_what_is_given_is_in_the_change_in_its_canonical_form() {
        let change = of(r#"{"language":"zh-hant-tw","theme":null,"timezone":"US/Eastern"}"#).unwrap();
        let expected = DisplayChange {
            language: Field::Value("zh-Hant-TW".into()),
            theme: Field::Null,
            timezone: Field::Value("US/Eastern".into()),
            ..DisplayChange::default()
        };
        assert_eq!(change, expected);
        assert_eq!(of("{}").unwrap(), DisplayChange::default());
    }

    #[test]
    fn a_value_that_is_not_valid_is_told_by_its_field() {
        let Err(Problem::Own(Own::Invalid(faults))) = of(r#"{"theme":"Dark","timezone":"us/eastern","language":"xx"}"#)
        else {
            panic!("taken")
        };
        assert_eq!(
            messages(&faults),
            [
                "language must be a valid BCP 47 language tag of at most 255 characters, such as en-US",
                "theme must be one of light, dark, system",
                "timezone must be the name of an IANA time zone, such as America/New_York; US/Eastern is one, and its letters count",
            ]
        );
    }

    #[test]
    fn a_wrong_shape_comes_before_a_wrong_value_and_both_are_told() {
        let Err(Problem::Own(Own::Unprocessable(faults))) = of(r#"{"theme":"Dark","language":7,"colour":"red"}"#)
        else {
            panic!("taken")
        };
        assert_eq!(
            messages(&faults),
            [
                "colour is not a known field: it must be one of date_time_format, timezone, language, measurement_unit, theme",
                "language must be a string, or null for its default",
                "theme must be one of light, dark, system",
            ]
        );
        assert_eq!(of("[]"), Err(Problem::Body(BodyError::NotAnObject)));
    }
}
