//! `/api/v1/templates`: the list of all templates, their export, and a write of many at once.

use std::collections::BTreeMap;

use futures::{FutureExt, StreamExt, stream};
use lambda_http::{Request, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::native::{
        Access, NoQuery, Own, Problem,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
        unversioned,
    },
    http::{
        IdempotentRequest, Reply, body,
        openapi::not_null,
        query::{Cursor, Switch},
        request::{
            RequestBody,
            member::{optional, or},
        },
    },
    render::{Parts, Template, is_code},
    request_query,
    store::{StoreError, TemplateError, WrittenTemplate},
    telemetry,
};

use super::{
    code::{ADMIN, State},
    decode::TemplatesReplacement,
};
use crate::App;

/// How many templates are written at the same time.
const AT_ONCE: usize = 4;
/// The most bytes of the templates on a page of an export: with what is around them, they can be sent back in one request. A cursor, which is
/// made of a code, has at most 1,360.
const MAX_EXPORT: usize = body::MAX_BYTES - 2048;

/// What templates there are.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Templates")]
pub struct ListView {
    items: Vec<ListedTemplate>,
    page: PageView,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "TemplateSummary")]
struct ListedTemplate {
    code: String,
    /// What the template says, by locale: only in an export.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    locales: Option<BTreeMap<String, Parts>>,
}

request_query! {
    /// Which templates are listed, and how.
    pub struct ListQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_code)),
        /// Whether each item is the whole template. Such a page ends before it has more bytes than `replaceTemplates` takes, unless one template alone has more. An export of all templates is read page by page, as any list, until `after` is `null`. `?export` is enough.
        export: bool = or(Switch, false),
        /// Whether the drafts are listed, and not what is published. `?draft` is enough.
        draft: bool = or(Switch, false),
    }
}

pub async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (_, query) = Access::ADMIN_OR_SERVICE.caller(&app.bearer, request).await?;
    let ListQuery { limit, after, export, draft } = query;
    let asked = PageRequest { limit, after };
    let (store, after) = (&app.store, asked.after.as_deref());
    let (items, page) = match (State::of(draft), export) {
        (state, false) => {
            let codes = match state {
                State::Published => store.template_codes(after, limit),
                State::Draft => store.template_draft_codes(after, limit),
            };
            asked.read(request, codes, |_, code| ListedTemplate { code, locales: None }).await?
        }
        (state, true) => {
            let templates = match state {
                State::Published => store.templates(after, limit),
                State::Draft => store.template_drafts(after, limit),
            };
            let whole = |_: &str, Template { code, locales }| ListedTemplate { code, locales: Some(locales) };
            asked.read_within(request, MAX_EXPORT, templates, |place, found| whole(place, found.template)).await?
        }
    };
    Ok(Reply::json(StatusCode::OK, &ListView { items, page }))
}

/// The result for each template of a request, in its order.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "WrittenTemplates")]
pub struct WrittenView {
    items: Vec<WrittenItem>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "WrittenTemplate")]
struct WrittenItem {
    code: String,
    result: WriteResult,
    /// The version that is published now.
    version: u64,
}

/// What a write has done.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "TemplateResult")]
enum WriteResult {
    /// There was no such template.
    Created,
    /// It said something else.
    Updated,
    /// It said this already. There is no new version.
    Unchanged,
}

/// Writes all templates of the body. Each is written whole or not at all. If the table fails on some, the others are written, and
/// the refusal names those that are not, or may not be: the same request then finds the others unchanged.
pub async fn put(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (caller, NoQuery) = ADMIN.caller(&app.bearer, request).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?;
    let TemplatesReplacement { items, page: _ } = TemplatesReplacement::decode(request.body())?;
    let write = async {
        unversioned(request)?;
        let now = app.clock.now();
        let one = |template: Template| {
            async move { (app.store.put_template(&template, None, now).await, template.code) }.boxed()
        };
        let all: Vec<_> = items.into_iter().map(one).collect();
        let done: Vec<_> = stream::iter(all).buffered(AT_ONCE).collect().await;
        let (mut items, mut missing) = (Vec::new(), Vec::new());
        for (written, code) in done {
            match written {
                Ok(written) => items.push(WrittenItem::of(code, &written)),
                Err(error) => missing.push(not_written(&code, &error)),
            }
        }
        if !missing.is_empty() {
            return Err(Own::NotAll(missing).into());
        }
        Ok(Reply::json(StatusCode::OK, &WrittenView { items }))
    };
    idempotent.run(&app.store, write).await
}

impl WrittenItem {
    fn of(code: String, WrittenTemplate { now, is_new, is_changed }: &WrittenTemplate) -> Self {
        let result = match (is_new, is_changed) {
            (true, _) => WriteResult::Created,
            (false, true) => WriteResult::Updated,
            (false, false) => WriteResult::Unchanged,
        };
        Self { code, result, version: now.version }
    }
}

/// What is told of a template that the table failed on. A table that is out of reach may have written it: only the answer is lost then.
fn not_written(code: &str, error: &TemplateError) -> String {
    tracing::error!(error = telemetry::chain(error), "a template is not written");
    match error {
        TemplateError::Store(StoreError::Unavailable(_)) => format!("{code} may not have been written"),
        TemplateError::Store(StoreError::Malformed(_)) => {
            format!(
                "{code} was not written, and the same request does not write it: what is stored of it cannot be read"
            )
        }
        _ => format!("{code} was not written"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_table_failed_on_is_told_as_far_as_it_is_known() {
        let told = |error: StoreError| not_written("a", &error.into());
        assert_eq!(told(StoreError::Unavailable("no answer".into())), "a may not have been written");
        assert_eq!(told(StoreError::Failed("refused".into())), "a was not written");
        let malformed =
            "a was not written, and the same request does not write it: what is stored of it cannot be read";
        assert_eq!(told(StoreError::Malformed("a template".into())), malformed);
    }
}
