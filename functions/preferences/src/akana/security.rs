//! `GET` and `PUT /api/businesses/{BusinessID}/securitysettings`, for the business's site admin.

use std::collections::BTreeMap;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use serde_json::{Map, Value};
use shared::{
    domain::{
        Fedmember, SecuritySettings,
        security::{self, Setting},
    },
    http::{IdempotentRequest, Reply, body, etag},
};

use super::{
    access::{Kind, Visitor},
    media,
    problem::{Own, Problem},
};
use crate::App;

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    match *request.method() {
        Method::GET => get(app, request, raw_id).await,
        Method::PUT => put(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT")),
    }
}

async fn get(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (_, org) = site_admin(app, request, raw_id, Kind::Read).await?;
    let content_type = media::takes_json(request.headers())?;
    // The visitor gets the stored settings, not those that this process remembers.
    let (settings, version) = app.store.security_settings(&org).await?;
    Ok(shown(&settings, version).content_type(content_type))
}

/// Settings that the body leaves out stay as they are.
async fn put(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (visitor, org) = site_admin(app, request, raw_id, Kind::Write).await?;
    let idempotent = IdempotentRequest::of(request, &visitor.caller)?;
    let content_type = media::takes_json(request.headers())?;
    media::brings_json(request.headers())?;
    let changes = decode(body::object(request.body())?)?;
    let precondition = etag::precondition(request.headers());
    let write = async {
        let (settings, version) = app.store.update_security_settings(&org, &changes, precondition.as_ref()).await?;
        app.akana.security.forget(&org);
        Ok(shown(&settings, version))
    };
    // The content type follows this request's `Accept`, even if the answer is the stored one of an earlier request.
    let reply = idempotent.run::<Problem>(&app.store, write).await?;
    Ok(reply.content_type(content_type))
}

/// The business's organisation, and the site admin who asks.
async fn site_admin(app: &App, request: &Request, raw_id: &str, kind: Kind) -> Result<(Visitor, Fedmember), Problem> {
    let org = Fedmember::of_business(raw_id).ok_or(Problem::Unauthenticated)?;
    let visitor = Visitor::of(app, request, &org, kind).await?;
    visitor.is_site_admin()?;
    Ok((visitor, org))
}

fn shown(settings: &SecuritySettings, version: u64) -> Reply {
    Reply::json(StatusCode::OK, &settings.shown()).etag(version)
}

fn decode(body: Map<String, Value>) -> Result<BTreeMap<String, Setting>, Problem> {
    let (mut changes, mut faults) = (BTreeMap::new(), Vec::new());
    for (name, value) in body {
        let value = body::whole(&value).map_or(value, Value::from);
        let setting = serde_json::from_value(value).map_err(|_| "must be a text or a small whole number");
        match setting.and_then(|setting| security::check(&name, setting)) {
            Ok(Some(setting)) => drop(changes.insert(name, setting)),
            Ok(None) => {}
            Err(fault) => faults.push(format!("{name} {fault}")),
        }
    }
    if faults.is_empty() { Ok(changes) } else { Err(Own::Invalid(faults).into()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_names_its_setting_and_nothing_is_taken() {
        let body = json!({
            "UserModifyEmail": "com.soa.feature.disabled", "ReadRequestCSRFSupport": true, "Odd": "x", "ChallengeCount": -1,
        });
        let Value::Object(body) = body else { panic!("no object") };
        let Err(Problem::Own(Own::Invalid(mut faults))) = decode(body) else { panic!("taken") };
        faults.sort();
        assert_eq!(
            faults,
            [
                "ChallengeCount must be a text or a small whole number",
                "Odd is not a known security setting",
                "ReadRequestCSRFSupport must be a text or a small whole number",
            ]
        );
    }

    #[test]
    fn a_number_is_whole_however_it_is_written() {
        let Value::Object(body) = json!({"ChallengeCount": 3.0}) else { panic!("no object") };
        assert_eq!(decode(body).unwrap(), [("ChallengeCount".to_owned(), Setting::Number(3))].into());
    }
}
