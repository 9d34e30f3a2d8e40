//! Links end with their user, and preference links when somebody ends them.

use std::time::Duration;

use api::{Answer, Client, past_for_every_clock, shared};
use local::demo::DEPLOYMENT_SECRET;
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{LinkEpoch, Timestamp, UserId},
    preference_link::PreferenceKey,
    signing::{Purpose, TokenKey},
    unsubscribe::LIFETIME,
};
use uuid::Uuid;

use super::{FORM, Reader};
use crate::preference_center::{Visitor, epoch, is_page};

const EXPIRED: &str = "This link has expired";
const UNSUBSCRIBED: &str = "You are unsubscribed";
const CHANGE: &str = "was.channel.email=on";

/// A link as earlier versions made it: nothing in it says when its user was created. It has this long to live.
fn legacy(purpose: Purpose, user: &str, left: Duration) -> String {
    let (path, more) =
        if purpose == Purpose::OptOut { ("unsubscribe", b"enews".as_slice()) } else { ("preferences", b"".as_slice()) };
    let end = Clock::system().now().plus(left);
    let token = TokenKey::derive(DEPLOYMENT_SECRET, purpose).unwrap().sign(UserId::parse(user).unwrap(), end, more);
    format!("/{path}?token={token}")
}

fn preferences(user: &str, epoch: LinkEpoch) -> String {
    let end = Clock::system().now().plus(Duration::from_secs(60));
    let token = PreferenceKey::derive(DEPLOYMENT_SECRET).unwrap().sign(UserId::parse(user).unwrap(), epoch, end);
    format!("/preferences?token={token}")
}

async fn follow(client: &Client, link: &str, body: &'static str) -> Answer {
    client.send(Method::POST, link, &[FORM], Some(body.into())).await
}

#[tokio::test]
async fn ended_preference_links_open_nothing_and_one_click_goes_on() {
    let visitor = Visitor::new().await;
    let client = &visitor.client;
    let reader = Reader {
        epoch: epoch(&visitor.user),
        client: client.clone(),
        id: visitor.id.clone(),
        email: String::new(),
        token: visitor.token.clone(),
    };
    let unsubscribe = reader.signed(Some("news"), Duration::ZERO);
    is_page(&reader.look(&unsubscribe).await, 200, "was.channel");

    let stranger = client.new_user(json!({})).await;
    let demo = local::demo::Demo::new().unwrap();
    let stranger = demo.sign(&demo.claims(stranger["id"].as_str().unwrap()));
    let end = async |token: &str| client.json(Method::DELETE, &visitor.path("/links"), token, &Value::Null).await;
    assert!(end(&stranger).await.status.is_client_error());
    assert_eq!(visitor.look().await.status, 200);

    let ended = end(&visitor.token).await;
    assert_eq!((ended.status.as_u16(), ended.version(), ended.text.as_str()), (204, 2, ""));
    is_page(&visitor.look().await, 410, EXPIRED);
    is_page(&visitor.post(CHANGE).await, 410, EXPIRED);
    assert_eq!(visitor.version().await, 2, "nothing has changed");
    // A link that is made now opens them again, until links are ended again.
    let service = client.token("service").await;
    let mint = async || {
        let minted = client.json(Method::POST, &visitor.path("/preference-link"), &service, &Value::Null).await;
        assert_eq!(minted.status, 201, "{}", minted.text);
        minted.json()["data"]["url"].as_str().unwrap().strip_prefix(client.url()).unwrap().to_owned()
    };
    let fresh = mint().await;
    assert_eq!(client.get(&fresh, "").await.status, 200);
    assert_eq!(end(&service).await.status, 204);
    is_page(&client.get(&fresh, "").await, 410, EXPIRED);
    assert_eq!(client.get(&mint().await, "").await.status, 200);

    // The link in sent mail asks its question and shows nothing else.
    let page = reader.look(&unsubscribe).await;
    is_page(&page, 200, "Unsubscribe from “news”?");
    assert!(!page.text.contains("was.channel") && !page.text.contains("preferences?token="), "{}", page.text);
    is_page(&reader.post(&unsubscribe).await, 200, UNSUBSCRIBED);
    assert_eq!(visitor.version().await, 4);
}

#[tokio::test]
async fn an_erasure_ends_all_links_also_of_who_is_created_again() {
    let client = shared();
    let (admin, id) = (client.token("admin").await, Uuid::new_v4().to_string());
    let demo = client.demo().await;
    let key = |name: &str| demo["notiflows"][name].as_str().unwrap().to_owned();
    let (api_key, secret_key) = (key("api_key"), key("secret_key"));
    let keys = [("x-notiflows-api-key", api_key.as_str()), ("x-notiflows-secret-key", secret_key.as_str())];
    let user = async || client.get(&format!("/api/v1/users/{id}"), &admin).await;
    let create = async || {
        let path = format!("/admin/v1/users/{id}");
        let created = client.send(Method::PUT, &path, &keys, Some(br#"{"first_name":"Ada"}"#.to_vec())).await;
        assert_eq!(created.status, 201, "{}", created.text);
        user().await.json()
    };
    let made = create().await;
    let reader = |user: &Value| Reader {
        epoch: epoch(user),
        client: client.clone(),
        id: id.clone(),
        email: String::new(),
        token: String::new(),
    };
    // Links of earlier versions last for a user who was there before they can have been made, by every clock.
    past_for_every_clock().await;
    let old = [legacy(Purpose::OptOut, &id, LIFETIME), legacy(Purpose::Preferences, &id, LIFETIME)];
    let links =
        [reader(&made).signed(None, Duration::ZERO), preferences(&id, epoch(&made)), old[0].clone(), old[1].clone()];
    for link in &links {
        assert_eq!(client.get(link, "").await.status, 200, "{link}");
    }
    // They are taken to be as old as they can be: one that ends sooner may have been made before the user was.
    for purpose in [Purpose::OptOut, Purpose::Preferences] {
        let young = legacy(purpose, &id, LIFETIME - Duration::from_secs(60));
        is_page(&client.get(&young, "").await, 410, EXPIRED);
    }

    let path = format!("/api/v1/users/{id}");
    assert_eq!(client.json(Method::DELETE, &path, &admin, &Value::Null).await.status, 204);
    // A link of an earlier version is known to the second only.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let again = create().await;
    assert_ne!(again["created_at"], made["created_at"]);
    let version = user().await.version();
    for link in &links {
        is_page(&client.get(link, "").await, 410, EXPIRED);
        let body = if link.contains("unsubscribe") { super::ONE_CLICK } else { CHANGE };
        is_page(&follow(&client, link, body).await, 410, EXPIRED);
    }
    assert_eq!(user().await.version(), version, "nothing has changed");
    is_page(&client.get(&preferences(&id, epoch(&again)), "").await, 200, "Notification preferences");
    let other = LinkEpoch { created_at: Timestamp::EPOCH, ..epoch(&again) };
    is_page(&client.get(&preferences(&id, other), "").await, 410, EXPIRED);
}
