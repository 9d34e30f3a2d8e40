//! The security settings of a business (contract 2), by their names on the wire.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A feature is switched on.
const ENABLED: &str = "com.soa.feature.enabled";
/// A feature is switched off.
const DISABLED: &str = "com.soa.feature.disabled";
/// The longest text of a setting, in characters.
const LONGEST: usize = 4096;
/// A pattern: a text without control characters.
const PLAIN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// The largest number of a setting.
const MAX_NUMBER: u16 = 1000;

/// A feature that this service acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Whether reads need the CSRF header.
    ReadRequestCsrf,
    /// Whether writes need the CSRF header.
    WriteRequestCsrf,
    /// Whether users may change their own address.
    UserModifyEmail,
    /// Whether a site admin may change a user's address.
    SiteAdminModifyEmail,
}

impl Feature {
    const ALL: [Self; 4] =
        [Self::ReadRequestCsrf, Self::WriteRequestCsrf, Self::UserModifyEmail, Self::SiteAdminModifyEmail];

    fn name(self) -> &'static str {
        match self {
            Self::ReadRequestCsrf => "ReadRequestCSRFSupport",
            Self::WriteRequestCsrf => "WriteRequestCSRFSupport",
            Self::UserModifyEmail => "UserModifyEmail",
            Self::SiteAdminModifyEmail => "SiteAdminModifyEmail",
        }
    }

    /// The value for a business that never set it.
    fn default_value(self) -> &'static str {
        match self {
            Self::ReadRequestCsrf => DISABLED,
            Self::WriteRequestCsrf | Self::UserModifyEmail | Self::SiteAdminModifyEmail => ENABLED,
        }
    }
}

/// A feature by which a business allows changes of addresses. It is on for a business that never set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailFeature {
    /// Users may change their own address: [`Feature::UserModifyEmail`].
    User,
    /// A site admin, or an application, may change a user's address: [`Feature::SiteAdminModifyEmail`].
    SiteAdmin,
}

impl EmailFeature {
    /// The setting's name, and the value that allows it.
    pub fn setting(self) -> (&'static str, &'static str) {
        (Feature::from(self).name(), ENABLED)
    }
}

impl From<EmailFeature> for Feature {
    fn from(feature: EmailFeature) -> Self {
        match feature {
            EmailFeature::User => Self::UserModifyEmail,
            EmailFeature::SiteAdmin => Self::SiteAdminModifyEmail,
        }
    }
}

/// The kind of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Feature,
    Text,
    Number,
    /// The value is accepted and not stored: a secret does not belong in the table, and nothing here needs it.
    Secret,
}

/// The product's settings. Except those in [`Feature`], they are only stored and shown, because they are about things
/// that this service does not have (uploads, captchas, challenge questions).
const SETTINGS: [(&str, Kind); 18] = [
    ("ReadRequestCSRFSupport", Kind::Feature),
    ("WriteRequestCSRFSupport", Kind::Feature),
    ("UserModifyEmail", Kind::Feature),
    ("SiteAdminModifyEmail", Kind::Feature),
    ("AllowUserEnum", Kind::Feature),
    ("EncryptChallengeAnswers", Kind::Feature),
    ("ChallengeCount", Kind::Number),
    ("AuthTokenCookieDomain", Kind::Text),
    ("AuthTokenCookieSameSite", Kind::Text),
    ("CaptchaSupport", Kind::Feature),
    ("CaptchaSiteKey", Kind::Text),
    ("CaptchaSiteSecret", Kind::Secret),
    ("ExternalDocSupport", Kind::Feature),
    ("XssKeywords", Kind::Text),
    ("AllowedFileTypes", Kind::Text),
    ("AllowedFileTypesStrictPolicy", Kind::Feature),
    ("WhiteListKeywords", Kind::Text),
    ("WhiteListKeywordsSupport", Kind::Feature),
];

/// One setting's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Setting {
    /// A text; a feature is `com.soa.feature.enabled` or `com.soa.feature.disabled`.
    Text(String),
    /// A whole number from 0 to 1000.
    Number(u16),
}

/// The settings that a business has set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecuritySettings(BTreeMap<String, Setting>);

impl SecuritySettings {
    /// The settings that were stored. Names that this version does not know are left out.
    pub fn new(stored: impl IntoIterator<Item = (String, Setting)>) -> Self {
        Self(stored.into_iter().filter(|(name, _)| SETTINGS.iter().any(|(known, _)| known == name)).collect())
    }

    /// Whether a feature is on.
    pub fn is_enabled(&self, feature: Feature) -> bool {
        match self.0.get(feature.name()) {
            Some(Setting::Text(value)) => value == ENABLED,
            Some(Setting::Number(_)) | None => feature.default_value() == ENABLED,
        }
    }

    /// Every setting that was set, and the defaults of the features that were not set.
    pub fn shown(&self) -> BTreeMap<&str, Setting> {
        let defaults = Feature::ALL.iter().map(|f| (f.name(), Setting::Text(f.default_value().to_owned())));
        let set = self.0.iter().map(|(name, value)| (name.as_str(), value.clone()));
        defaults.chain(set).collect()
    }
}

/// Describes every setting by its kind. No setting is required.
impl JsonSchema for SecuritySettings {
    fn schema_name() -> Cow<'static, str> {
        "SecuritySettings".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        let feature = schemas.subschema_for::<FeatureSetting>();
        let of = |kind| match kind {
            Kind::Feature => json!(feature),
            Kind::Text => json!({"type": "string", "maxLength": LONGEST, "pattern": PLAIN}),
            Kind::Secret => json!({"type": "string", "maxLength": LONGEST, "pattern": PLAIN, "writeOnly": true}),
            Kind::Number => json!({"type": "integer", "minimum": 0, "maximum": MAX_NUMBER}),
        };
        let properties: BTreeMap<_, _> = SETTINGS.into_iter().map(|(name, kind)| (name, of(kind))).collect();
        json_schema!({"type": "object", "properties": properties, "additionalProperties": false})
    }
}

/// A feature's setting.
struct FeatureSetting;

impl JsonSchema for FeatureSetting {
    fn schema_name() -> Cow<'static, str> {
        "SecurityFeature".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": [ENABLED, DISABLED], "description": "Whether a feature is on."})
    }
}

/// Checks a setting from a caller. `Some` is the value to store; `None` means that it is accepted and not stored. The
/// error says which values are accepted.
pub fn check(name: &str, value: Setting) -> Result<Option<Setting>, &'static str> {
    let Some((_, kind)) = SETTINGS.iter().find(|(known, _)| *known == name) else {
        return Err("is not a known security setting");
    };
    match (kind, value) {
        (Kind::Feature, Setting::Text(text)) if text == ENABLED || text == DISABLED => Ok(Some(Setting::Text(text))),
        (Kind::Feature, _) => Err("must be com.soa.feature.enabled or com.soa.feature.disabled"),
        (Kind::Text, Setting::Text(text)) if is_plain(&text) => Ok(Some(Setting::Text(text))),
        (Kind::Secret, Setting::Text(text)) if is_plain(&text) => Ok(None),
        (Kind::Text | Kind::Secret, _) => Err("must be a text of at most 4096 characters without controls"),
        (Kind::Number, Setting::Number(number)) if number <= MAX_NUMBER => Ok(Some(Setting::Number(number))),
        (Kind::Number, _) => Err("must be a whole number from 0 to 1000"),
    }
}

fn is_plain(text: &str) -> bool {
    text.chars().count() <= LONGEST && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Setting {
        Setting::Text(text.to_owned())
    }

    #[test]
    fn what_was_never_set_has_its_default() {
        let settings = SecuritySettings::default();
        let on = Feature::ALL.map(|feature| settings.is_enabled(feature));
        assert_eq!(on, [false, true, true, true]);
        assert_eq!(settings.shown().len(), 4);
        let off = SecuritySettings::new([("UserModifyEmail".to_owned(), text(DISABLED)), ("pk".to_owned(), text("x"))]);
        assert!(!off.is_enabled(Feature::UserModifyEmail) && off.shown().len() == 4);
    }

    #[test]
    fn every_feature_is_among_the_settings() {
        for feature in Feature::ALL {
            assert!(SETTINGS.contains(&(feature.name(), Kind::Feature)), "{feature:?}");
        }
    }

    #[test]
    fn a_value_is_of_its_setting_s_kind() {
        assert_eq!(check("UserModifyEmail", text(DISABLED)), Ok(Some(text(DISABLED))));
        assert_eq!(check("ChallengeCount", Setting::Number(3)), Ok(Some(Setting::Number(3))));
        assert_eq!(check("XssKeywords", text("onload,eval")), Ok(Some(text("onload,eval"))));
        assert_eq!(check("CaptchaSiteSecret", text("hush")), Ok(None));
        for (name, value) in [
            ("UserModifyEmail", text("disabled")),
            ("UserModifyEmail", Setting::Number(1)),
            ("ChallengeCount", text("3")),
            ("ChallengeCount", Setting::Number(1001)),
            ("XssKeywords", text("a\0b")),
            ("usermodifyemail", text(ENABLED)),
        ] {
            assert!(check(name, value).is_err(), "{name}");
        }
    }
}
