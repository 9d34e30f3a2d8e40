//! Versions of a template: a draft is published, versions that were replaced are read, and one is published again.

use lambda_http::{Request, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::native::{
        Access, NoQuery, Problem,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
    },
    domain::Timestamp,
    http::{
        IdempotentRequest, Reply, etag,
        openapi::not_null,
        query::{Cursor, MAX_NUMBER},
        request::{
            RequestBody,
            kinds::Whole,
            member::{optional, or, required},
        },
    },
    request_body, request_query,
    store::KeptVersion,
};

use super::{
    code::{ADMIN, State, code, shown, written},
    problem::refused,
};
use crate::App;

/// The versions of a template that are kept, the latest first.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "TemplateVersions")]
pub struct VersionsView {
    items: Vec<VersionView>,
    page: PageView,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "TemplateVersion")]
struct VersionView {
    version: u64,
    /// Whether notifications are rendered with it.
    published: bool,
    /// When it was published. Missing if it is older than the history.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    published_at: Option<Timestamp>,
    /// The locales that it has.
    locales: Vec<String>,
}

impl From<KeptVersion> for VersionView {
    fn from(KeptVersion { version, is_published, published_at, locales }: KeptVersion) -> Self {
        Self { version, published: is_published, published_at, locales }
    }
}

request_query! {
    /// Which versions are listed.
    pub struct VersionsQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_place)),
    }
}

request_body! {
    /// Which version is published again.
    pub struct RollbackRequest as "RollbackRequest" {
        /// One of the versions that are kept.
        version: u64 = required(Whole(1, MAX_NUMBER)),
    }
}

pub async fn list(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    let (_, VersionsQuery { limit, after }) = Access::ADMIN_OR_SERVICE.caller(&app.bearer, request).await?;
    let versions = app.store.template_versions(code(raw_code)?).await?;
    let versions = versions.ok_or(Problem::not_found(State::Published.missing()))?;
    let asked = PageRequest { limit, after };
    let walk = asked.walk(versions, |kept| place(kept.version));
    let (items, page) = asked.read(request, walk, |_, kept| VersionView::from(kept)).await?;
    Ok(Reply::json(StatusCode::OK, &VersionsView { items, page }))
}

pub async fn get(app: &App, request: &Request, raw_code: &str, raw_version: &str) -> Result<Reply, Problem> {
    let (_, NoQuery) = Access::ADMIN_OR_SERVICE.caller(&app.bearer, request).await?;
    let (code, version) = (code(raw_code)?, number(raw_version)?);
    let found = app.store.template_version(code, version).await;
    Ok(shown(StatusCode::OK, &found.map_err(|error| refused(error, State::Published.missing()))?))
}

pub async fn publish(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    let (caller, NoQuery) = ADMIN.caller(&app.bearer, request).await?;
    let (code, idempotent) = (code(raw_code)?, IdempotentRequest::of(request, &caller)?);
    let write = async {
        let precondition = etag::precondition(request.headers());
        let published = app.store.publish_template_draft(code, precondition.as_ref(), app.clock.now()).await;
        let published = published.map_err(|error| refused(error, State::Draft.missing()))?;
        Ok(shown(written(published.is_new), &published.now))
    };
    idempotent.run(&app.store, write).await
}

pub async fn roll_back(app: &App, request: &Request, raw_code: &str) -> Result<Reply, Problem> {
    let (caller, NoQuery) = ADMIN.caller(&app.bearer, request).await?;
    let (code, idempotent) = (code(raw_code)?, IdempotentRequest::of(request, &caller)?);
    let RollbackRequest { version } = RollbackRequest::decode(request.body())?;
    let write = async {
        let precondition = etag::precondition(request.headers());
        let now = app.clock.now();
        let published = app.store.roll_back_template(code, version, precondition.as_ref(), now).await;
        let published = published.map_err(|error| refused(error, State::Published.missing()))?;
        Ok(shown(StatusCode::OK, &published.now))
    };
    idempotent.run(&app.store, write).await
}

/// The version that the path names.
fn number(raw: &str) -> Result<u64, Problem> {
    let digits = Some(raw).filter(|raw| raw.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse().ok()).filter(|number| (1..=MAX_NUMBER).contains(number));
    number.ok_or_else(|| Problem::invalid("version must be a whole number of at least 1"))
}

/// A version's place in the list, in which the latest comes first.
fn place(version: u64) -> String {
    format!("{:020}", u64::MAX - version)
}

fn is_place(place: &str) -> bool {
    place.len() == 20 && place.parse::<u64>().is_ok()
}
