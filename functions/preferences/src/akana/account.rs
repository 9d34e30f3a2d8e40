//! `PUT` and `GET /api/users/{UserID}/settings`: the address, and the groups that the user is opted into.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    dialects::native::{
        Fields,
        fields::{self, AN_EMAIL},
    },
    domain::{AkanaUserId, KnownGroups, Timestamp, UserChange, user::UserRecord, user_change::Rule},
    http::{Once, Reply, body, etag},
};

use super::{
    access::{Kind, Visitor},
    media,
    problem::{Problem, of_fields},
};
use crate::App;

/// Of unknown groups so many are named in the answer.
const MOST_NAMED: usize = 5;

/// The account settings as `GET` shows them; a user without an address has no `Email`.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountSettings<'a> {
    #[serde(rename = "UserID")]
    user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    opted_notification: Vec<&'a str>,
}

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    match *request.method() {
        Method::PUT => put(app, request, raw_id).await,
        Method::GET => get(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET, PUT")),
    }
}

async fn put(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (user, visitor) = visitor(app, request, raw_id, Kind::Write).await?;
    let once = Once::of(request, &visitor.caller.subject)?.about(user.id);
    let content_type = media::takes_text(request.headers())?;
    media::brings_json(request.headers())?;
    let change = UserChange {
        // What is known of the caller's right depends on what is stored: it rides in the write's condition.
        rule: Some(Rule::Org(user.fedmember.into())),
        email_must_stay: !visitor.may_change_email(),
        ..decode(body::object(request.body())?, &app.akana.groups)?
    };
    let precondition = etag::precondition(request.headers());
    let write = async {
        let changed = app.store.update_user(user.id, &change, precondition.as_ref(), Timestamp::now()).await?;
        Ok(Reply::text(StatusCode::OK, content_type, raw_id).etag(changed.version))
    };
    once.run(&app.store, write).await
}

async fn get(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (AkanaUserId { id, fedmember }, _) = visitor(app, request, raw_id, Kind::Read).await?;
    let content_type = media::takes_json(request.headers())?;
    let Some(UserRecord::Present(user)) = app.store.user(id).await? else { return Err(Problem::Unauthenticated) };
    if user.org.as_deref() != Some(fedmember.as_str()) {
        return Err(Problem::Unauthenticated);
    }
    let view = AccountSettings {
        user_id: raw_id,
        email: user.email.as_deref(),
        opted_notification: app.akana.groups.not_out(&user.groups),
    };
    Ok(Reply::json(StatusCode::OK, &view).content_type(content_type).etag(user.version))
}

/// The user that the path names, and who asks. An id that can be nobody's is told to nobody.
async fn visitor(app: &App, request: &Request, raw_id: &str, kind: Kind) -> Result<(AkanaUserId, Visitor), Problem> {
    let user = AkanaUserId::parse(raw_id).ok_or(Problem::Unauthenticated)?;
    let visitor = Visitor::of(app, request, &user.fedmember, kind).await?;
    visitor.may_touch(user.id)?;
    Ok((user, visitor))
}

/// The body of `PUT`. Its `UserID` does not count: the path's does.
fn decode(body: Map<String, Value>, groups: &KnownGroups) -> Result<UserChange, Problem> {
    let mut fields = Fields::new(body);
    fields.optional("UserID", "a string", fields::string);
    let email = fields.optional("Email", AN_EMAIL, fields::email);
    let wanted = fields.optional("OptedNotification", "a list of known notification groups", strings);
    let groups = match groups.replacement(wanted.as_deref().unwrap_or_default()) {
        Ok(all) => wanted.map(|_| all).unwrap_or_default(),
        Err(unknown) => {
            fields.fault(unknown_groups(&unknown, groups));
            [].into()
        }
    };
    fields.finish(Some(UserChange { email, groups, ..UserChange::default() })).map_err(of_fields)
}

fn unknown_groups(unknown: &[String], known: &KnownGroups) -> String {
    let named: Vec<String> = unknown.iter().take(MOST_NAMED).map(|name| name.chars().take(128).collect()).collect();
    format!("OptedNotification holds unknown groups ({}): it takes {}", named.join(", "), known.names().join(", "))
}

fn strings(value: Value) -> Option<Vec<String>> {
    let Value::Array(values) = value else { return None };
    values.into_iter().map(fields::string).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::problem::Own, *};

    fn of(body: Value) -> Result<UserChange, Problem> {
        let Value::Object(body) = body else { panic!("no object") };
        decode(body, &KnownGroups::with_custom("billing").unwrap())
    }

    #[test]
    fn each_known_group_is_written_in_or_out() {
        let change = of(json!({"OptedNotification": ["billing", "billing"]})).unwrap();
        assert_eq!(change.groups.len(), 11);
        assert_eq!(
            change.groups.iter().filter(|(_, is_in)| **is_in).map(|(name, _)| name).collect::<Vec<_>>(),
            ["billing"]
        );
        assert_eq!(of(json!({"OptedNotification": []})).unwrap().groups.values().filter(|is_in| **is_in).count(), 0);
    }

    #[test]
    fn without_the_list_the_groups_stay() {
        let change = of(json!({"UserID": "anybody", "Email": "a@example.com"})).unwrap();
        assert!(change.groups.is_empty());
        assert_eq!(change.email.unwrap().as_str(), "a@example.com");
        assert_eq!(of(json!({})).unwrap(), UserChange::default());
    }

    #[test]
    fn one_sentence_a_fault() {
        let body = json!({"UserID": 1, "Email": null, "OptedNotification": ["x"], "email": "a@example.com"});
        let Err(Problem::Own(Own::Invalid(faults))) = of(body) else { panic!("taken") };
        assert_eq!(faults[..2], ["UserID must be a string", "Email must be an email address"]);
        assert!(
            faults[2].starts_with("OptedNotification holds unknown groups (x): it takes com.soa."),
            "{}",
            faults[2]
        );
        assert_eq!(faults[3], "email is not a known field");
    }
}
