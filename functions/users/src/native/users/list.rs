//! `GET /api/v1/users`: pages of users, the newest first; or the one user who has an email address or an external id.

use lambda_http::{Request, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::native::{
        Access, Own, Problem, UserView,
        kinds::EXTERNAL_ID,
        openapi::OPERATORS_AND_SERVICES,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
    },
    domain::{EmailAddress, ExternalId, User},
    http::{
        Reply,
        auth::Reach,
        query::Cursor,
        request::{
            Reason,
            kinds::EMAIL,
            member::{optional, or},
        },
    },
    request_query,
    store::{ListPage, PageStart, UpdateUserError, is_place},
};

use crate::App;

/// A page of users, newest first.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Users")]
pub struct ListView {
    items: Vec<UserView>,
    page: PageView,
}

request_query! {
    /// Which users are listed.
    pub struct UsersQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_place)),
        /// Only the user who has this address, in any spelling.
        email: Option<EmailAddress> = optional(EMAIL),
        /// Only the user of this external id.
        external_id: Option<ExternalId> = optional(EXTERNAL_ID),
    }
    rule {
        let given = |found: Option<bool>| found.unwrap_or_default();
        let email = given(email.as_ref().map(Option::is_some));
        let external_id = given(external_id.as_ref().map(Option::is_some));
        let after = given(after.as_ref().map(Option::is_some));
        match (email, external_id, after) {
            (true, true, _) => Some(("external_id", Reason::Rule, "must not be given together with email")),
            (true, _, true) | (_, true, true) => {
                Some(("after", Reason::Rule, "must not be given together with email or external_id"))
            }
            _ => None,
        }
    }
}

/// Everybody is listed for a caller who is about everyone. The index does not know organisations: for the admin of one, the page
/// would be read through the users of all others. Such an admin finds users one by one. A user of another organisation is not
/// found, like one who is not there.
pub async fn get(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (_, reach, UsersQuery { limit, after, email, external_id }) =
        Access::ADMIN_OR_SERVICE.reaching(&app.bearer, request).await?;
    let asked = PageRequest { limit, after };
    let (items, page) = if email.is_some() || external_id.is_some() {
        let found = found(app, &reach, email.as_ref(), external_id.as_ref()).await?;
        let found = asked.walk(found.into_iter().collect(), |user: &User| user.id.to_string());
        asked.read(request, found, |_, user| UserView::from(user)).await?
    } else {
        if reach != Reach::Everyone {
            return Err(Own::NeedsRole(OPERATORS_AND_SERVICES).into());
        }
        let start = asked.after.clone().map(PageStart::After);
        let users = app.store.list_users(&ListPage { limit, start, created_after: None, created_before: None });
        asked.read(request, users, |_, user| UserView::from(user)).await?
    };
    Ok(Reply::json(StatusCode::OK, &ListView { items, page }))
}

/// The user who has this address, or this external id, if the caller's role reaches the user. An address costs two reads, an
/// external id one.
async fn found(
    app: &App,
    reach: &Reach,
    email: Option<&EmailAddress>,
    external_id: Option<&ExternalId>,
) -> Result<Option<User>, Problem> {
    let id = match (external_id, email) {
        (Some(external), _) => Some(external.user_id(app.namespace)),
        (None, Some(email)) => app.store.holder_of(email).await?,
        (None, None) => None,
    };
    let Some(id) = id else { return Ok(None) };
    let user = match app.store.allowed_user(&reach.user(id)).await {
        Ok(user) => user,
        Err(UpdateUserError::NotFound | UpdateUserError::Erased | UpdateUserError::Forbidden) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // The user may have moved to another address since the address was read.
    let has = |email: &EmailAddress| {
        user.email.as_deref().and_then(EmailAddress::parse).is_some_and(|own| own.unique_form() == email.unique_form())
    };
    Ok(email.is_none_or(has).then_some(user))
}
