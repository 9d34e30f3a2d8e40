//! The body of `PATCH`: any of the five fields, each a string or `null`.

use lambda_http::Body;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};
use shared::{
    domain::{
        Field,
        display::{Preference, timezone},
        user_change::DisplayChange,
    },
    http::request::{
        RequestBody,
        fault::Text,
        kind::{Kind, Place, Refused},
        member::nullable,
        shape,
    },
    request_body,
};

use super::problem::Problem;

request_body! {
    /// Any of the five fields; `null` sets the default again.
    pub struct DisplayPreferencesChange as "DisplayPreferencesChange" {
        date_time_format: Field<String> = nullable(Choice(Preference::DateTimeFormat)),
        timezone: Field<String> = nullable(Choice(Preference::Timezone)),
        language: Field<String> = nullable(Choice(Preference::Language)),
        measurement_unit: Field<String> = nullable(Choice(Preference::MeasurementUnit)),
        theme: Field<String> = nullable(Choice(Preference::Theme)),
    }
}

impl From<DisplayPreferencesChange> for DisplayChange {
    fn from(body: DisplayPreferencesChange) -> Self {
        let DisplayPreferencesChange { date_time_format, timezone, language, measurement_unit, theme } = body;
        Self { date_time_format, timezone, language, measurement_unit, theme }
    }
}

/// A preference with this dialect's words.
struct Choice(Preference);

impl Kind for Choice {
    type Value = String;

    fn accepted(&self) -> Text {
        self.0.accepted()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<String, Refused> {
        let zone = given.as_str().and_then(timezone::closest).filter(|_| self.0 == Preference::Timezone);
        Kind::read(&self.0, given, place).map_err(|refused| match (refused, zone) {
            (Refused::Value, Some(meant)) => Refused::Better(
                format!("{}; {meant} is one of them, and capital letters matter", self.0.accepted()).into(),
            ),
            (refused, _) => refused,
        })
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        described(self.0, self.0.schema(schemas))
    }
}

/// The schema with a description, which has the default. A schema that the document names has its own.
pub(super) fn described(preference: Preference, mut schema: Schema) -> Schema {
    if preference.choices().is_empty() {
        let (accepted, default) = (preference.accepted(), preference.default());
        let description = format!("It is {accepted}. Of a user who never set it: `{default}`.");
        shape::extend(&mut schema, json!({"description": description}));
    }
    schema
}

/// Reads a change.
pub fn change(body: &Body) -> Result<DisplayChange, Problem> {
    Ok(DisplayPreferencesChange::decode(body)?.into())
}

#[cfg(test)]
mod tests {
    use super::{super::problem::reply, *};

    fn of(body: &str) -> Result<DisplayChange, Problem> {
        change(&Body::from(body))
    }

    fn refused(body: &str) -> (u16, Vec<String>) {
        let response = reply(&of(body).unwrap_err(), "req_1", None).into_response();
        let status = response.status().as_u16();
        let Body::Text(text) = response.into_body() else { panic!("no text") };
        let answer: Value = serde_json::from_str(&text).unwrap();
        let errors = answer["error"]["details"]["errors"].as_array().unwrap().iter();
        (status, errors.map(|error| error["message"].as_str().unwrap().to_owned()).collect())
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
        let (status, messages) = refused(r#"{"theme":"Dark","timezone":"us/eastern","language":"xx"}"#);
        assert_eq!(status, 400);
        assert_eq!(
            messages,
            [
                "language must be a valid BCP 47 language tag of at most 255 characters, such as en-US",
                "theme must be one of light, dark, system",
                "timezone must be the name of an IANA time zone, such as America/New_York; US/Eastern is one of them, and \
                 capital letters matter",
            ]
        );
    }

    #[test]
    fn a_wrong_shape_comes_before_a_wrong_value_and_both_are_told() {
        let (status, messages) = refused(r#"{"theme":"Dark","language":7,"colour":"red"}"#);
        assert_eq!(status, 422);
        assert_eq!(
            messages,
            [
                "colour is not a known field: it must be one of date_time_format, timezone, language, measurement_unit, theme",
                "language must be a string, or null for its default",
                "theme must be one of light, dark, system",
            ]
        );
        assert_eq!(refused("[]").0, 422);
    }
}
