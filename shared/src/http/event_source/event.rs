//! The fields that are read of an event: those of all sources together. Each of them may be missing or null.

use std::{borrow::Cow, collections::HashMap, fmt};

use lambda_http::{
    aws_lambda_events::query_map::QueryMap,
    http::{HeaderMap, HeaderName, HeaderValue},
};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// An event as it arrives.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AnyEvent {
    pub http_method: Option<String>,
    pub path: Option<String>,
    pub raw_path: Option<String>,
    pub raw_query_string: Option<String>,
    pub cookies: Option<Vec<String>>,
    pub headers: Headers,
    pub multi_value_headers: Headers,
    query_string_parameters: Option<HashMap<String, Option<String>>>,
    multi_value_query_string_parameters: Option<HashMap<String, Option<Vec<String>>>>,
    pub request_context: Context,
    pub body: Option<String>,
    #[serde(deserialize_with = "or_false")]
    pub is_base64_encoded: bool,
}

/// The fields that tell event sources and routes apart.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Context {
    pub http: Option<Http>,
    pub elb: Option<IgnoredAny>,
    pub stage: Option<String>,
    pub domain_name: Option<String>,
    pub route_key: Option<String>,
    pub resource_path: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Http {
    pub method: String,
}

/// Headers, with one value or a list of them.
#[derive(Default)]
pub(super) struct Headers(pub HeaderMap);

/// Text that is borrowed from the event where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl AnyEvent {
    /// All values of every parameter if the event has them, otherwise the one value of each name.
    pub fn query(&mut self) -> QueryMap {
        let several = self.multi_value_query_string_parameters.take().unwrap_or_default();
        let one = self.query_string_parameters.take().unwrap_or_default();
        let several = several.into_iter().map(|(name, values)| (name, values.unwrap_or_default()));
        let several: HashMap<_, _> = several.collect();
        if !several.is_empty() {
            return several.into();
        }
        one.into_iter().map(|(name, value)| (name, value.into_iter().collect())).collect::<HashMap<_, Vec<_>>>().into()
    }
}

fn or_false<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfHeaders)
    }
}

struct OfHeaders;

impl<'de> Visitor<'de> for OfHeaders {
    type Value = Headers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers by their names, or null")
    }

    fn visit_unit<E>(self) -> Result<Headers, E> {
        Ok(Headers::default())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Headers, M::Error> {
        let mut headers = HeaderMap::with_capacity(16);
        while let Some(Text(name)) = map.next_key()? {
            // A name or value that HTTP does not allow is left out: no reader could use it.
            let name = HeaderName::from_bytes(name.as_bytes()).ok();
            map.next_value_seed(Values { name, headers: &mut headers })?;
        }
        Ok(Headers(headers))
    }
}

/// Reads the value or the values of one header.
struct Values<'h> {
    name: Option<HeaderName>,
    headers: &'h mut HeaderMap,
}

impl Values<'_> {
    fn add(&mut self, value: &str) {
        if let (Some(name), Ok(value)) = (&self.name, HeaderValue::from_bytes(value.as_bytes())) {
            self.headers.append(name, value);
        }
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for Values<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a header's value, or a list of them")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(mut self, value: &str) -> Result<(), E> {
        self.add(value);
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut values: S) -> Result<(), S::Error> {
        while let Some(Text(value)) = values.next_element()? {
            self.add(&value);
        }
        Ok(())
    }
}
