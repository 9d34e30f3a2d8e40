//! `/api/v1/categories`: the catalogue of what is sent and what a user can opt out of. It is in this function, since a category's
//! rules depend on the groups of contract 2, which this function knows.

mod openapi;
mod texts;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::native::{
        Access, NoQuery, Own, Problem,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
    },
    domain::{
        Category, Channel, Field,
        category::{self, MAX_DESCRIPTION, MAX_NAME},
    },
    http::{
        IdempotentRequest, Reply,
        auth::Caller,
        etag,
        query::Cursor,
        request::{
            Reason, RequestBody,
            kind::Kind,
            kinds::{Flag, TEMPLATE_CODE, Whole},
            lists::SeveralChannels,
            member::{nullable, optional, or, required},
        },
    },
    request_body, request_query,
    store::{CategoryError, MAX_CATEGORY_BYTES, WrittenCategory},
};

use crate::App;
pub use openapi::document;
use texts::{InLanguages, Translations};

/// Answers a request for `/api/v1/categories`.
pub async fn all(app: &App, request: &Request) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

/// Answers a request for `/api/v1/categories/{handle}`.
pub async fn one(app: &App, request: &Request, handle: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, handle).await,
        Method::PUT => put(app, request, handle).await,
        Method::DELETE => delete(app, request, handle).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT, DELETE")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

request_query! {
    /// Which categories are listed.
    pub struct ListQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(|place| place.contains('#'))),
    }
}

async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (_, ListQuery { limit, after }) = Access::ADMIN.caller(&app.bearer, request).await?;
    let wanted = PageRequest { limit, after };
    let all = app.store.categories().await?;
    let all = wanted.walk(all.in_order().into_iter().cloned().collect(), place);
    let (items, page) = wanted.read(request, all, |_, category| shown(category)).await?;
    Ok(Reply::json(StatusCode::OK, &CategoryList { items, page }))
}

async fn read(app: &App, request: &Request, handle: &str) -> Result<Reply, Problem> {
    let (_, handle) = caller(app, request, handle).await?;
    let (category, version) = app.store.category(handle).await?.ok_or_else(no_category)?;
    Ok(Reply::json(StatusCode::OK, &shown(category)).etag(version))
}

async fn put(app: &App, request: &Request, handle: &str) -> Result<Reply, Problem> {
    let (caller, handle) = caller(app, request, handle).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?;
    let is_akana_s = app.akana.groups.names().iter().any(|group| group == handle);
    let category = CategoryReplacement::decode_with(request.body(), &is_akana_s)?.category(handle);
    let precondition = etag::precondition(request.headers());
    let write = async {
        let written = app.store.put_category(&category, precondition.as_ref()).await;
        let WrittenCategory { is_new, version } = written.map_err(refused)?;
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        Ok(Reply::json(status, &shown(category.clone())).etag(version))
    };
    idempotent.run(&app.store, write).await
}

async fn delete(app: &App, request: &Request, handle: &str) -> Result<Reply, Problem> {
    let (caller, handle) = caller(app, request, handle).await?;
    let precondition = etag::precondition(request.headers());
    let write = async {
        app.store.delete_category(handle, precondition.as_ref()).await.map_err(refused)?;
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    };
    IdempotentRequest::of(request, &caller)?.run(&app.store, write).await
}

/// Accepts an operator who names a category by a valid handle.
async fn caller<'a>(app: &App, request: &Request, handle: &'a str) -> Result<(Caller, &'a str), Problem> {
    let (caller, NoQuery) = Access::ADMIN.caller(&app.bearer, request).await?;
    let refusal = "handle must be a line of 1 to 128 characters, none of / ? # %";
    if category::is_handle(handle) { Ok((caller, handle)) } else { Err(Problem::invalid(refusal)) }
}

fn refused(error: CategoryError) -> Problem {
    match error {
        CategoryError::NotFound => no_category(),
        CategoryError::TooMany => Own::Conflict("There are already 200 categories: delete one first").into(),
        CategoryError::TooLarge => Problem::invalid(format!(
            "a category must have at most {MAX_CATEGORY_BYTES} bytes, its names and descriptions in all languages together"
        )),
        CategoryError::Stale => Own::Stale("The category has changed since it was read").into(),
        CategoryError::Store(error) => error.into(),
    }
}

fn no_category() -> Problem {
    Problem::not_found("Category not found")
}

/// The place of a category in the list.
fn place(category: &Category) -> String {
    format!("{:05}#{}", category.position, category.handle)
}

request_body! {
    /// A complete category.
    pub struct CategoryReplacement as "CategoryReplacement" (is_akana_s: bool) {
        /// The name that users see: `default`, and further languages by their BCP 47 tags.
        name: Translations = required(InLanguages(MAX_NAME)),
        /// What it is about, for users.
        description: Field<Translations> = nullable(InLanguages(MAX_DESCRIPTION)),
        /// The channels of a notification that names none, in this order. If it is left out: each that has a provider.
        channels: Field<Vec<Channel>> = nullable(SeveralChannels),
        /// The template of a notification that has neither a template nor content of its own.
        template_code: Field<String> = nullable(TEMPLATE_CODE),
        /// Whether a notification that does not say so itself is critical.
        critical: bool = or(Flag, false),
        /// Whether nobody can opt out. A group of Akana's dialect cannot be required.
        required as "required": bool = or(Flag, false),
        /// Whether users who have not chosen get it. If not, it is opt-in. A group of Akana's dialect cannot be opt-in.
        default_in: bool = or(Flag, true),
        /// Whether the preference centre leaves it out.
        hidden: bool = or(Flag, false),
        /// The lowest comes first in the preference centre.
        position: u16 = or(Whole(0_u16, u16::MAX).saying(POSITION), 0),
    }
    rule {
        let is_opt_in = default_in == Some(false);
        let is_required = required == Some(true);
        match (is_akana_s.is_some_and(|is_akana_s| *is_akana_s), is_required, is_opt_in) {
            (true, true, _) => Some(("required", Reason::Rule, NOT_AKANA_S)),
            (true, false, true) => Some(("default_in", Reason::Rule, NOT_AKANA_S)),
            (false, true, true) => Some(("default_in", Reason::Rule, "must not be false where required is true")),
            _ => None,
        }
    }
}

const POSITION: &str = "a whole number from 0 to 65535; the lowest comes first";
const NOT_AKANA_S: &str = "must keep its default: this handle is a group of Akana's dialect, whose clients write each of its groups in or out";

impl CategoryReplacement {
    /// The category of this handle.
    fn category(self, handle: &str) -> Category {
        let Self { name, description, channels, template_code, critical, required, default_in, hidden, position } =
            self;
        Category {
            handle: handle.to_owned(),
            name: name.0,
            description: description.into_value().map(|description| description.0),
            channels: channels.into_value(),
            template_code: template_code.into_value(),
            critical,
            required,
            default_in,
            hidden,
            position,
        }
    }
}

/// A category.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Category")]
pub struct CategoryView {
    handle: String,
    name: Translations,
    description: Option<Translations>,
    channels: Option<Vec<Channel>>,
    template_code: Option<String>,
    critical: bool,
    required: bool,
    default_in: bool,
    hidden: bool,
    position: u16,
}

/// A page of categories, by position and then by handle.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Categories")]
pub struct CategoryList {
    items: Vec<CategoryView>,
    page: PageView,
}

fn shown(category: Category) -> CategoryView {
    let Category {
        handle,
        name,
        description,
        channels,
        template_code,
        critical,
        required,
        default_in,
        hidden,
        position,
    } = category;
    CategoryView {
        handle,
        name: Translations(name),
        description: description.map(Translations),
        channels,
        template_code,
        critical,
        required,
        default_in,
        hidden,
        position,
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use serde_json::{Value, json};
    use shared::store::MAX_CATEGORIES;

    use super::*;

    fn read(body: &Value, is_akana_s: bool) -> Result<Category, Problem> {
        Ok(CategoryReplacement::decode_with(&Body::from(body.to_string()), &is_akana_s)?.category("news"))
    }

    fn faults(body: &Value, is_akana_s: bool) -> Vec<String> {
        read(body, is_akana_s).unwrap_err().errors()
    }

    #[test]
    fn a_category_needs_a_name_and_is_one_that_users_can_leave_unless_it_says_so() {
        let name = [("default".to_owned(), "News".to_owned())].into();
        let plain = Category { name, ..Category::new("news") };
        assert_eq!(read(&json!({"name": {"default": "News"}}), true).unwrap(), plain);
        let nulls = json!({"name": {"default": "News"}, "description": null, "channels": null, "template_code": null});
        assert_eq!(read(&nulls, true).unwrap(), plain);
        let body = json!({
            "name": {"default": "News", "PT-br": "Notícias"}, "description": {"default": "Once a week"},
            "channels": ["push", "email", "push"], "template_code": "news", "critical": true, "required": true,
            "hidden": true, "position": 7.0,
        });
        let category = read(&body, false).unwrap();
        assert_eq!(category.channels, Some(vec![Channel::Push, Channel::Email]));
        let mut expected = body;
        expected["name"] = json!({"default": "News", "pt-BR": "Notícias"});
        expected["channels"] = json!(["push", "email"]);
        expected["position"] = json!(7);
        expected["handle"] = json!("news");
        expected["default_in"] = json!(true);
        assert_eq!(serde_json::to_value(shown(category)).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_told_all_at_once() {
        const NAME: &str = "name must be an object with a text for default, and optionally for further languages: each a line of 1 to 100 characters";
        assert_eq!(faults(&json!({}), false), [NAME.replace("must be", "is required: it must be")]);
        let body = json!({
            "name": {"de": "News"}, "description": {"default": "", "xx": "a"}, "channels": ["fax"], "template_code": "a/b",
            "critical": 1, "position": -1, "digest": {"window": "PT10M"},
        });
        assert_eq!(
            faults(&body, false),
            [
                NAME,
                "description.default must be a line of 1 to 300 characters",
                "description.xx is not a language: it must be default, or a valid BCP 47 language tag, such as fr or pt-BR",
                "channels[0] must be one of email, push, sms, slack, in_app",
                "template_code must be a template's code: 1 to 255 characters, none of / ? # %",
                "critical must be true or false",
                "position must be a whole number from 0 to 65535; the lowest comes first",
                "digest is not a known field",
            ]
        );
        let twice = json!({"name": {"default": "News", "iw": "a", "he": "b"}});
        assert_eq!(faults(&twice, false), ["name.iw is given twice, as he"]);
    }

    #[test]
    fn nothing_is_required_and_opt_in_and_a_group_of_akana_s_is_neither() {
        let body = |more: Value| {
            let mut body = json!({"name": {"default": "News"}});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let (required, opt_in) = (body(json!({"required": true})), body(json!({"default_in": false})));
        let both = body(json!({"required": true, "default_in": false}));
        assert!(read(&required, false).is_ok() && read(&opt_in, false).is_ok());
        assert_eq!(faults(&both, false), ["default_in must not be false where required is true"]);
        assert_eq!(faults(&required, true), [format!("required {NOT_AKANA_S}")]);
        assert_eq!(faults(&opt_in, true), [format!("default_in {NOT_AKANA_S}")]);
    }

    #[test]
    fn the_refusal_names_the_bound_that_the_store_has() {
        assert_eq!(MAX_CATEGORIES, 200);
    }
}
