//! Queries: the parameters of a route are one type, which reads them and describes them in the OpenAPI document.
//!
//! ```text
//! request_query! {
//!     pub struct ListQuery {
//!         /// The most items of a page.
//!         limit: usize = or(Limit(100), 25),
//!         /// The cursor of an earlier page.
//!         after: Option<String> = optional(Cursor(is_place)),
//!     }
//! }
//!
//! let ListQuery { limit, after } = query::read(request)?;
//! doc.get("/api/v1/things", …).query::<ListQuery>()
//! ```
//!
//! The lines are those of [`request_body!`](crate::request_body). A parameter is read as a string, so its kind has to read one.

use std::collections::BTreeSet;

use lambda_http::{Request, RequestExt};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{
    cursor,
    openapi::Operation,
    request::{
        Faults, Reason, RequestBody, Shape,
        fault::Text,
        fields::Fields,
        kind::{Kind, Place, Refused},
    },
};

/// A type of a query: see [`query`](crate::http::query).
#[macro_export]
macro_rules! request_query {
    ($($query:tt)*) => { $crate::request_body! { $($query)* } };
}

/// The query of a route that has no parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoQuery;

impl RequestBody for NoQuery {
    type Context = ();
    const FIELDS: &'static [&'static str] = &[];

    fn read(_: &mut Fields<'_>, (): &()) -> Option<Self> {
        Some(Self)
    }

    fn describe(_: &mut Shape<'_>) {}
}

/// Reads a query. It is refused if it has a parameter that the route does not have.
pub fn read<Q: RequestBody<Context = ()>>(request: &Request) -> Result<Q, Faults> {
    let mut faults = Faults::default();
    let query = known::<Q>(request, &mut faults);
    let given = request.query_string_parameters();
    // A map has no order, and the same request is to get the same answer.
    let unknown: BTreeSet<_> = given.iter().map(|(name, _)| name).filter(|name| !Q::FIELDS.contains(name)).collect();
    for name in unknown {
        let name = if name.is_empty() { "\"\"" } else { name };
        faults.add(name, Reason::Unknown, format!("is not a known parameter: {}", those_of(Q::FIELDS)));
    }
    faults.finish(query)
}

/// Reads a query and ignores the parameters that the route does not have.
pub fn read_known<Q: RequestBody<Context = ()>>(request: &Request) -> Result<Q, Faults> {
    let mut faults = Faults::default();
    let query = known::<Q>(request, &mut faults);
    faults.finish(query)
}

fn known<Q: RequestBody<Context = ()>>(request: &Request, faults: &mut Faults) -> Option<Q> {
    let given = request.query_string_parameters();
    let mut parameters = Map::new();
    for name in Q::FIELDS {
        match given.all(name).as_deref() {
            None | Some([]) => {}
            Some([value]) => drop(parameters.insert((*name).to_owned(), json!(value))),
            // Which of them is meant, nobody can tell.
            Some(_) => faults.add(name, Reason::Rule, "must be given once"),
        }
    }
    Q::read(&mut Fields::new(parameters, None, faults), &())
}

fn those_of(names: &[&str]) -> String {
    if names.is_empty() {
        "this request takes none".to_owned()
    } else {
        format!("this request takes {}", names.join(", "))
    }
}

impl Operation<'_> {
    /// The parameters of the query. All are optional.
    pub fn query<Q: RequestBody>(mut self) -> Self {
        let shape = Shape::of(self.request_schemas(), &[], Q::describe);
        for name in Q::FIELDS {
            let mut schema = shape.pointer(&format!("/properties/{name}")).cloned().unwrap_or_default();
            let mut parameter = Map::from_iter([("name".to_owned(), json!(name)), ("in".to_owned(), json!("query"))]);
            // The parameter's description stands beside its schema.
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            parameter.extend(description.map(|description| ("description".to_owned(), description)));
            parameter.insert("schema".to_owned(), schema);
            self = self.parameter(parameter.into());
        }
        self
    }
}

/// How many items a page has: from 1 to this many.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub usize);

impl Kind for Limit {
    type Value = usize;

    fn accepted(&self) -> Text {
        format!("a whole number from 1 to {}", self.0).into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<usize, Refused> {
        let digits = given.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let limit = digits.and_then(|digits| digits.parse().ok()).filter(|limit| (1..=self.0).contains(limit));
        limit.ok_or(Refused::Value)
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "format": "uint16", "minimum": 1, "maximum": self.0})
    }
}

/// A switch: `true` or `false`. Its name alone (`?draft`) is `true`.
#[derive(Clone, Copy, Debug)]
pub struct Switch;

impl Kind for Switch {
    type Value = bool;

    fn accepted(&self) -> Text {
        "true or false".into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<bool, Refused> {
        match given.as_str() {
            Some("true" | "") => Ok(true),
            Some("false") => Ok(false),
            _ => Err(Refused::Value),
        }
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "boolean"}, {"type": "string", "maxLength": 0}]})
    }
}

/// A whole number from 1 on, such as a version.
#[derive(Clone, Copy, Debug)]
pub struct Number;

impl Kind for Number {
    type Value = u64;

    fn accepted(&self) -> Text {
        "a whole number of at least 1".into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<u64, Refused> {
        let digits = given.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        digits
            .and_then(|digits| digits.parse().ok())
            .filter(|number| (1..=MAX_NUMBER).contains(number))
            .ok_or(Refused::Value)
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_NUMBER})
    }
}

/// The largest whole number that every reader of JSON keeps exactly (RFC 8259 §6).
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// A cursor of an earlier page, read as the place that it stands for. The function tells which places a cursor of this list may
/// hold.
#[derive(Clone, Copy, Debug)]
pub struct Cursor(pub fn(&str) -> bool);

impl Kind for Cursor {
    type Value = String;

    fn accepted(&self) -> Text {
        "the cursor of an earlier page".into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<String, Refused> {
        given.as_str().and_then(|cursor| cursor::decode(cursor, self.0)).ok_or(Refused::Value)
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_-]+$"})
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use lambda_http::Body;

    use super::*;
    use crate::http::{
        openapi::Document,
        request::member::{optional, or},
    };

    request_query! {
        struct ListQuery {
            /// The most items of a page.
            limit: usize = or(Limit(100), 25),
            after: Option<String> = optional(Cursor(|place| place.contains('#'))),
        }
    }

    fn request(pairs: &[(&str, &str)]) -> Request {
        let mut query = HashMap::<String, Vec<String>>::new();
        for (name, value) in pairs {
            query.entry((*name).to_owned()).or_default().push((*value).to_owned());
        }
        Request::new(Body::Empty).with_query_string_parameters(query)
    }

    fn faults<Q: RequestBody<Context = ()> + std::fmt::Debug>(pairs: &[(&str, &str)]) -> Vec<String> {
        read::<Q>(&request(pairs)).unwrap_err().sentences()
    }

    #[test]
    fn known_parameters_are_read() {
        assert_eq!(read(&request(&[])), Ok(ListQuery { limit: 25, after: None }));
        let place = cursor::encode("a#b");
        let query = ListQuery { limit: 100, after: Some("a#b".into()) };
        assert_eq!(read(&request(&[("limit", "100"), ("after", &place)])), Ok(query));
        assert_eq!(read(&request(&[])), Ok(NoQuery));
    }

    #[test]
    fn a_limit_and_a_cursor_of_this_list_are_taken_and_others_refused() {
        for bad in ["0", "101", "x", "", "+5", " 5", "5.0", "-1", "٣", "99999999999999999999999"] {
            assert_eq!(faults::<ListQuery>(&[("limit", bad)]), ["limit must be a whole number from 1 to 100"], "{bad}");
        }
        for bad in [&cursor::encode("ab"), "x", ""] {
            assert_eq!(
                faults::<ListQuery>(&[("after", bad)]),
                ["after must be the cursor of an earlier page"],
                "{bad}"
            );
        }
    }

    request_query! {
        struct Which {
            draft: bool = or(Switch, false),
            version: Option<u64> = optional(Number),
        }
    }

    #[test]
    fn a_switch_is_on_by_its_name_alone_and_a_number_has_digits_only() {
        let of = |pairs: &[_]| read::<Which>(&request(pairs)).map(|Which { draft, version }| (draft, version));
        assert_eq!(of(&[]).unwrap(), (false, None));
        for (text, expected) in [("", true), ("true", true), ("false", false)] {
            assert_eq!(of(&[("draft", text)]).unwrap(), (expected, None), "{text:?}");
        }
        assert_eq!(of(&[("version", "9007199254740991")]).unwrap(), (false, Some(MAX_NUMBER)));
        for bad in ["1", "yes", "TRUE", "null"] {
            assert_eq!(faults::<Which>(&[("draft", bad)]), ["draft must be true or false"], "{bad}");
        }
        for bad in ["", "0", "+1", "1.0", "9007199254740992", "x"] {
            assert_eq!(faults::<Which>(&[("version", bad)]), ["version must be a whole number of at least 1"], "{bad}");
        }
    }

    #[test]
    fn what_is_unknown_or_given_twice_is_refused_and_the_answer_lists_what_there_is() {
        let there_are = "is not a known parameter: this request takes limit, after";
        assert_eq!(
            faults::<ListQuery>(&[
                ("unread", "true"),
                ("limit", "1"),
                ("limit", "1"),
                ("", "1"),
                ("after", "x"),
                ("Limit", "1")
            ]),
            [
                "limit must be given once".to_owned(),
                "after must be the cursor of an earlier page".to_owned(),
                format!("\"\" {there_are}"),
                format!("Limit {there_are}"),
                format!("unread {there_are}"),
            ]
        );
        let none = ["limit is not a known parameter: this request takes none"];
        assert_eq!(faults::<NoQuery>(&[("limit", "1"), ("limit", "2")]), none);
    }

    #[test]
    fn a_dialect_may_ignore_what_is_unknown_but_not_what_is_given_twice() {
        let of = |pairs: &[_]| read_known::<ListQuery>(&request(pairs)).map_err(|faults| faults.sentences());
        assert_eq!(of(&[("unread", "true"), ("limit", "2")]).unwrap().limit, 2);
        assert_eq!(of(&[("limit", "1"), ("limit", "2")]).unwrap_err(), ["limit must be given once"]);
    }

    #[test]
    fn the_document_has_the_parameters_that_are_read() {
        let mut doc = Document::default();
        doc.get("/a", "a", "A").query::<ListQuery>().answers_empty(204, "Done");
        let whole = serde_json::to_value(doc.finish()).unwrap();
        let expected = json!([
            {
                "name": "limit", "in": "query", "description": "The most items of a page.\nIf it is left out: `25`.",
                "schema": {"type": "integer", "format": "uint16", "minimum": 1, "maximum": 100},
            },
            {"name": "after", "in": "query", "schema": {"type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_-]+$"}},
        ]);
        assert_eq!(whole["paths"]["/a"]["get"]["parameters"], expected);
    }
}
