//! Pages of a list, newest first: `?limit=` and `?after=`.

use lambda_http::{Request, RequestExt};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::{native, notiflows},
    http::cursor,
};

/// How many items a page has where nobody says.
pub const DEFAULT_LIMIT: usize = 25;
/// The most items of a page.
pub const MOST: usize = 100;

/// The page that is asked for.
pub struct Asked {
    pub limit: usize,
    /// The place after which it begins.
    pub after: Option<String>,
}

/// What is said of a page beside its items.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Page")]
pub struct PageView {
    /// How many items a page has at the most.
    limit: usize,
    /// Where the next page begins; `null` on the last.
    after: Option<String>,
    /// Whether there may be more.
    has_more_after: bool,
}

/// What is wrong with what was asked for; each dialect has its words for it.
#[derive(Debug)]
pub enum Fault {
    Limit,
    After,
}

impl Asked {
    /// `is_place` says which places a cursor of this list may hold.
    pub fn of(request: &Request, is_place: impl FnOnce(&str) -> bool) -> Result<Self, Fault> {
        let query = request.query_string_parameters();
        let limit = match query.first("limit") {
            None => DEFAULT_LIMIT,
            Some(limit) => {
                let limit = limit.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                limit.ok_or(Fault::Limit)?
            }
        };
        let after = query.first("after").map(|after| cursor::decode(after, is_place).ok_or(Fault::After));
        Ok(Self { limit, after: after.transpose()? })
    }

    /// The page as it is told: it ended at the place `last`, and there are `more`.
    pub fn view(&self, last: Option<String>, more: bool) -> PageView {
        let after = last.filter(|_| more).map(|place| cursor::encode(&place));
        PageView { limit: self.limit, has_more_after: after.is_some(), after }
    }
}

impl From<Fault> for native::Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Limit => Self::invalid(format!("limit must be a whole number from 1 to {MOST}")),
            Fault::After => Self::invalid("after must be the cursor of an earlier page"),
        }
    }
}

impl From<Fault> for notiflows::Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Limit => Self::invalid_param("limit", "must be a whole number from 1 to 100"),
            Fault::After => Self::invalid_param("after", "must be a cursor of an earlier page"),
        }
    }
}
