//! What the account of AWS is set up for, as SES, End User Messaging and Lambda tell it.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::Shape;
use super::state::State;
use crate::net::loopback::{Reply, Request};

/// What the account is set up for. By default nothing is missing.
#[derive(Debug, Clone)]
pub struct Account {
    /// Whether SES and text messages are out of the sandbox.
    pub is_in_production: bool,
    /// Whether SES may send at all.
    pub may_send: bool,
    /// The identities of SES: whether each is verified, and the state of its DKIM.
    pub identities: BTreeMap<String, (bool, String)>,
    /// The states of the telephone numbers.
    pub numbers: Vec<String>,
    /// The invocations at once that no function has reserved.
    pub concurrency: u64,
}

impl Default for Account {
    fn default() -> Self {
        let identities = [("tidings.example".to_owned(), (true, "SUCCESS".to_owned()))].into();
        let numbers = vec!["ACTIVE".to_owned()];
        Self { is_in_production: true, may_send: true, identities, numbers, concurrency: 1000 }
    }
}

/// Answers `GetAccount` and `GetEmailIdentity`; `None` for another request.
pub(super) fn answer_ses(state: &State, request: &Request) -> Option<Reply> {
    let path = request.uri.path();
    let is_read = request.method == Method::GET && request.headers.contains_key("authorization");
    let account = state.account();
    if is_read && path == "/v2/email/account" {
        state.count("ses: GetAccount");
        let body = json!({
            "ProductionAccessEnabled": account.is_in_production, "SendingEnabled": account.may_send,
            "DedicatedIpAutoWarmupEnabled": false,
        });
        return Some(Shape::json(body).reply(StatusCode::OK));
    }
    let name = path.strip_prefix("/v2/email/identities/").filter(|_| is_read)?;
    state.count("ses: GetEmailIdentity");
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    Some(match account.identities.get(name.as_ref()) {
        Some((is_verified, dkim)) => {
            let body = json!({"VerifiedForSendingStatus": is_verified, "DkimAttributes": {"Status": dkim}});
            Shape::json(body).reply(StatusCode::OK)
        }
        None => Shape::json(json!({"message": format!("Email identity {name} does not exist.")}))
            .header("x-amzn-errortype", "NotFoundException")
            .reply(StatusCode::NOT_FOUND),
    })
}

/// The answer to an operation of End User Messaging that describes the account; `None` for another operation.
pub(super) fn answer_sms(state: &State, target: Option<&str>) -> Option<Value> {
    let account = state.account();
    let number = |status: &String| {
        json!({
            "PhoneNumberArn": "arn:aws:sms-voice:us-east-1:000000000000:phone-number/phone-0", "PhoneNumber": "+12065550100",
            "Status": status, "IsoCountryCode": "US", "MessageType": "TRANSACTIONAL", "NumberCapabilities": ["SMS"],
            "NumberType": "TOLL_FREE", "MonthlyLeasingPrice": "2.00", "TwoWayEnabled": false,
            "SelfManagedOptOutsEnabled": false, "OptOutListName": "Default", "DeletionProtectionEnabled": false,
            "CreatedTimestamp": 1_709_287_200,
        })
    };
    match target?.strip_prefix("PinpointSMSVoiceV2.")? {
        "DescribeAccountAttributes" => {
            let tier = if account.is_in_production { "PRODUCTION" } else { "SANDBOX" };
            Some(json!({"AccountAttributes": [{"Name": "ACCOUNT_TIER", "Value": tier}]}))
        }
        "DescribePhoneNumbers" => Some(json!({"PhoneNumbers": account.numbers.iter().map(number).collect::<Vec<_>>()})),
        "DescribeSenderIds" => Some(json!({"SenderIds": []})),
        _ => None,
    }
}

/// Lambda's answer to `GetAccountSettings`; `None` for another request.
pub(super) fn answer_lambda(state: &State, request: &Request) -> Option<Reply> {
    if request.method != Method::GET || request.uri.path() != "/2016-08-19/account-settings/" {
        return None;
    }
    let concurrency = state.account().concurrency;
    let limit = json!({"ConcurrentExecutions": concurrency, "UnreservedConcurrentExecutions": concurrency});
    Some(Shape::json(json!({"AccountLimit": limit, "AccountUsage": {"FunctionCount": 6}})).reply(StatusCode::OK))
}
