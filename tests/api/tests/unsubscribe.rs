//! RFC 8058: the link in an email, and what following it does.

use std::time::Duration;

use api::{Answer, Client, dynamodb, options, own, shared};
use local::{
    demo::{DEPLOYMENT_SECRET, Demo},
    stack::Options,
};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    domain::{Channel, Fedmember, Timestamp, UserId},
    http::auth::session::{Session, SessionKeys},
    preference_link::PreferenceKey,
    signing::BadToken,
    unsubscribe::{LIFETIME, OptOut, OptOutKey},
};

use crate::{
    centre::{between, is_page},
    contract2::{Acme, PREFIX, is_unauthorized},
    counts::calls,
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// Somebody who gets email.
struct Reader {
    client: Client,
    id: String,
    email: String,
    token: String,
}

impl Reader {
    async fn new() -> Self {
        Self::on(shared()).await
    }

    async fn on(client: Client) -> Self {
        let user = client.new_user(json!({})).await;
        let text = |name: &str| user[name].as_str().unwrap().to_owned();
        let demo = Demo::new().unwrap();
        Self { token: demo.sign(&demo.claims(&text("id"))), id: text("id"), email: text("email"), client }
    }

    async fn notify(&self, more: Value) -> String {
        let mut body = json!({"notification_type": "email", "user_id": self.id, "content": {"body": "x"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.client.notify(&body).await
    }

    /// What became of an email: its status and the reason.
    async fn told(&self, more: Value) -> (Value, Value) {
        let data = self.client.settled(&self.notify(more).await).await;
        let delivery = &data["deliveries"][0];
        (delivery["status"].clone(), delivery["reason"].clone())
    }

    /// The headers of the last email that SES was handed for this reader.
    async fn headers(&self) -> Value {
        let last = self.client.deliveries_to(&self.email).await.pop().expect("an email");
        last["request"]["body"]["Content"]["Simple"]["Headers"].clone()
    }

    /// Sends an email; the path that its link leads to.
    async fn link(&self, more: Value) -> String {
        assert_eq!(self.told(more).await, sent());
        let headers = self.headers().await;
        let named = |n: usize, name: &str| {
            assert_eq!(headers[n]["Name"], name, "{headers}");
            headers[n]["Value"].as_str().unwrap().to_owned()
        };
        assert_eq!(named(1, "List-Unsubscribe-Post"), ONE_CLICK);
        let list = named(0, "List-Unsubscribe");
        let url = list.strip_prefix('<').and_then(|url| url.strip_suffix('>')).expect("one URL");
        url.strip_prefix(self.client.url()).expect("a URL of this stack").to_owned()
    }

    async fn post(&self, path: &str) -> Answer {
        self.client.send(Method::POST, path, &[FORM], Some(ONE_CLICK.into())).await
    }

    async fn look(&self, path: &str) -> Answer {
        self.client.send(Method::GET, path, &[], None).await
    }

    /// All that is held about the reader but notifications.
    async fn stored(&self) -> Value {
        let export = self.client.get(&format!("/api/v1/users/{}/export", self.id), &self.token).await;
        assert_eq!(export.status, 200, "{}", export.text);
        json!([export.json()["user"], export.version()])
    }

    /// A link as the product would have signed it `ago`.
    fn signed(&self, group: Option<&str>, ago: Duration) -> String {
        let user = UserId::parse(&self.id).unwrap();
        let opt_out = OptOut { user, channel: Channel::Email, group: group.map(str::to_owned) };
        let then = Timestamp::from_millis(Timestamp::now().millis() - i64::try_from(ago.as_millis()).unwrap());
        format!("/unsubscribe?token={}", OptOutKey::derive(DEPLOYMENT_SECRET).unwrap().sign(&opt_out, then))
    }

    /// Contract 3's view.
    async fn preferences(&self) -> Value {
        let demo = self.client.demo().await;
        let key = |name: &str| demo["notiflows"][name].as_str().unwrap().to_owned();
        let (api_key, secret_key) = (key("api_key"), key("secret_key"));
        let keys = [("x-notiflows-api-key", api_key.as_str()), ("x-notiflows-secret-key", secret_key.as_str())];
        let path = format!("/admin/v1/users/{}/preferences", self.id);
        self.client.send(Method::GET, &path, &keys, None).await.json()
    }
}

fn sent() -> (Value, Value) {
    (json!("sent"), Value::Null)
}

fn skipped(reason: &str) -> (Value, Value) {
    (json!("skipped"), json!(reason))
}

#[tokio::test]
async fn the_link_of_a_group_s_email_opts_out_of_that_group_alone() {
    let reader = Reader::new().await;
    let group = json!({"group": "weekly <digest>"});
    let link = reader.link(group.clone()).await;

    let before = reader.stored().await;
    let page = reader.look(&link).await;
    is_page(&page, 200, "<h2 id=\"ask\">Unsubscribe from “weekly &lt;digest&gt;”?</h2>");
    assert!(page.text.contains("<form method=\"post\">"), "{}", page.text);
    assert!(!page.text.contains(&reader.id) && !page.text.contains(&reader.email), "{}", page.text);
    assert_eq!(reader.stored().await, before, "looking changes nothing");
    assert_eq!(reader.told(group.clone()).await, sent());

    for _ in 0..2 {
        let done = reader.post(&link).await;
        is_page(&done, 200, "You are unsubscribed");
        assert!(!done.text.contains("<form"));
        assert_eq!(reader.told(group.clone()).await, skipped("group_opted_out"));
    }
    // Every email of other groups still arrives, and so does what has none.
    assert_eq!(reader.told(json!({"group": "weekly"})).await, sent());
    assert_eq!(reader.told(json!({})).await, sent());
    let preferences = reader.preferences().await;
    let handle = json!({"weekly <digest>": {"enabled": false, "channel_types": {}}});
    assert_eq!((&preferences["notiflows"], &preferences["channel_types"]["email"]), (&handle, &json!(true)));
}

#[tokio::test]
async fn a_group_of_contract_2_is_out_there_and_can_be_chosen_again() {
    let acme = Acme::on(shared()).await;
    let reader =
        Reader { client: acme.client.clone(), id: acme.id.clone(), email: acme.email.clone(), token: String::new() };
    let group = format!("{PREFIX}app.alert");
    let (mut shown, _) = acme.settings().await;
    let link = reader.link(json!({"group": group})).await;
    is_page(&reader.post(&link).await, 200, "You are unsubscribed");
    let all = shown["OptedNotification"].clone();
    shown["OptedNotification"].as_array_mut().unwrap().retain(|one| *one != group);
    assert_eq!(acme.settings().await.0, shown);
    assert_eq!(reader.preferences().await["notiflows"], json!({}));
    assert_eq!(reader.told(json!({"group": group})).await, skipped("group_opted_out"));
    assert_eq!(acme.put(json!({"OptedNotification": all})).await.status, 200);
    assert_eq!(reader.told(json!({"group": group})).await, sent());
}

#[tokio::test]
async fn the_link_of_an_email_without_a_group_opts_out_of_email() {
    let reader = Reader::new().await;
    let link = reader.link(json!({})).await;
    is_page(&reader.look(&link).await, 200, "Unsubscribe from all email?");
    is_page(&reader.post(&link).await, 200, "no more email from us");
    assert_eq!(reader.told(json!({})).await, skipped("channel_off"));
    let user = reader.client.get(&format!("/api/v1/users/{}", reader.id), &reader.token).await.json();
    assert_eq!(user["preferences"], json!({"email": false}));
    assert_eq!(reader.preferences().await["channel_types"]["email"], false);

    // It passes all opt-outs: a link would promise what it does not do.
    assert_eq!(reader.told(json!({"critical": true})).await, sent());
    assert_eq!(reader.headers().await, Value::Null);
}

#[tokio::test]
async fn below_the_question_are_all_preferences_to_change() {
    let reader = Reader::new().await;
    let link = reader.signed(Some("news"), Duration::ZERO);
    let page = reader.look(&link).await;
    is_page(&page, 200, "<h1>Notification preferences</h1>");
    assert!(page.header("content-security-policy").ends_with("; frame-ancestors 'none'"));
    let action = between(&page.text, "method=\"post\" action=\"", "\"").to_owned();
    assert!(action.starts_with("preferences?token=") && !link.contains(&action["preferences".len()..]), "{action}");
    let change = "was.channel.sms=on&was.timezone=&timezone=Asia/Tokyo";
    let path = format!("/{action}");
    let saved = reader.client.send(Method::POST, &path, &[FORM], Some(change.into())).await;
    is_page(&saved, 200, ">Saved<");
    let stored = reader.stored().await[0].clone();
    let (channels, display) = (&stored["channels"], &stored["display"]);
    assert_eq!((channels, display), (&json!({"sms": false}), &json!({"timezone": "Asia/Tokyo"})));
    // Who is out is told so, and is not asked again.
    is_page(&reader.post(&link).await, 200, "See all notification preferences</a>");
    let page = reader.look(&link).await;
    is_page(&page, 200, "<h2 id=\"ask\">You are unsubscribed</h2>");
    assert!(!page.text.contains("One-Click"), "{}", page.text);
    // The group is listed to be taken back.
    let back = "was.group.news=off&group.news=on";
    assert_eq!(reader.client.send(Method::POST, &path, &[FORM], Some(back.into())).await.status, 200);
    is_page(&reader.look(&link).await, 200, "Unsubscribe from “news”?");
    assert_eq!(reader.told(json!({"group": "news"})).await, sent());
}

#[tokio::test]
async fn the_preferences_below_the_question_are_open_for_a_day_and_no_longer_than_the_link() {
    let reader = Reader::new().await;
    let user = UserId::parse(&reader.id).unwrap();
    let key = PreferenceKey::derive(DEPLOYMENT_SECRET).unwrap();
    let (minute, day) = (Duration::from_secs(60), Duration::from_secs(86_400));
    for (left, open) in [(LIFETIME, day), (day + minute, day), (day - minute, day - minute), (minute, minute)] {
        let page = reader.look(&reader.signed(Some("news"), LIFETIME - left)).await;
        let token = between(&page.text, "method=\"post\" action=\"preferences?token=", "\"");
        let now = Timestamp::now();
        assert_eq!(key.read(token, now.plus(open - minute / 2)), Ok(user), "{left:?}");
        assert_eq!(key.read(token, now.plus(open)), Err(BadToken::Expired), "{left:?}");
    }
}

#[tokio::test]
async fn both_kinds_of_form_are_taken_and_nothing_less() {
    let reader = Reader::new().await;
    let before = reader.stored().await;
    let link = reader.signed(Some("forms"), Duration::ZERO);
    let multipart = ("content-type", "multipart/form-data; boundary=----b1");
    for (header, body) in [
        (FORM, ""),
        (FORM, "List-Unsubscribe=Two-Clicks"),
        (FORM, "other=1"),
        (("content-type", "application/json"), r#"{"List-Unsubscribe":"One-Click"}"#),
        (multipart, ONE_CLICK),
    ] {
        let answer = reader.client.send(Method::POST, &link, &[header], Some(body.into())).await;
        is_page(&answer, 400, "List-Unsubscribe=One-Click");
    }
    let large = format!("{ONE_CLICK}&a={}", "x".repeat(256 * 1024));
    is_page(&reader.client.send(Method::POST, &link, &[FORM], Some(large.into())).await, 413, "256 KiB");
    assert_eq!(reader.stored().await, before);

    let part =
        "------b1\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n------b1--\r\n";
    let answer = reader.client.send(Method::POST, &link, &[multipart], Some(part.into())).await;
    is_page(&answer, 200, "You are unsubscribed");
    assert_ne!(reader.stored().await, before);
}

#[tokio::test]
async fn a_link_that_is_not_whole_not_ours_or_over_changes_nothing() {
    let reader = Reader::new().await;
    let before = reader.stored().await;
    let good = reader.signed(Some("news"), LIFETIME - Duration::from_secs(60));
    is_page(&reader.look(&good).await, 200, "“news”");
    let session =
        Session::begin(UserId::parse(&reader.id).unwrap(), Fedmember::parse("acme").unwrap(), true, Timestamp::now());
    let session = SessionKeys::derive(DEPLOYMENT_SECRET).unwrap().issue(&session);
    let session = session.auth_cookie().1.replace("TokenID%3D", "");
    let (claims, signature) = good.split_once('.').unwrap();
    let other = Reader::new().await.signed(Some("news"), Duration::ZERO);
    for bad in [
        "/unsubscribe".to_owned(),
        "/unsubscribe?token=".to_owned(),
        "/unsubscribe?token=%00%ff".to_owned(),
        format!("{good}&token=x"),
        format!("{claims}."),
        claims.to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}A"),
        format!("{}.{signature}", other.split_once('.').unwrap().0),
        format!("/unsubscribe?token={session}"),
        format!("/unsubscribe?token={}", reader.token),
    ] {
        is_page(&reader.look(&bad).await, 400, "This link does not work");
        is_page(&reader.post(&bad).await, 400, "This link does not work");
    }
    let over = reader.signed(Some("news"), LIFETIME);
    is_page(&reader.look(&over).await, 410, "This link has expired");
    is_page(&reader.post(&over).await, 410, "This link has expired");
    assert_eq!(reader.stored().await, before);
}

#[tokio::test]
async fn a_token_is_no_credential() {
    let acme = Acme::on(shared()).await;
    let reader =
        Reader { client: acme.client.clone(), id: acme.id.clone(), email: acme.email.clone(), token: String::new() };
    let link = reader.signed(None, Duration::ZERO);
    let token = link.strip_prefix("/unsubscribe?token=").unwrap();
    for path in [format!("/api/v1/users/{}", reader.id), "/settings/user".to_owned()] {
        assert_eq!(reader.client.get(&path, token).await.status, 401, "{path}");
    }
    let cookie = format!("AtmoAuthToken_{}=TokenID%3D{token}", acme.org);
    is_unauthorized(&reader.client.send(Method::GET, &acme.path(), &[("cookie", &cookie)], None).await);
}

#[tokio::test]
async fn opting_out_does_not_tell_whether_there_is_such_a_user() {
    let reader = Reader::new().await;
    let link = reader.signed(Some("news"), Duration::ZERO);
    let there = reader.post(&link).await;
    let path = format!("/api/v1/users/{}", reader.id);
    let erased = reader.client.json(Method::DELETE, &path, &reader.token, &Value::Null).await;
    assert_eq!(erased.status, 204);
    let nobody = Reader { id: UserId::random().to_string(), ..Reader::new().await };
    let nobody_link = nobody.signed(Some("news"), Duration::ZERO);
    let escaped = |link: &str| link.trim_start_matches('/').to_owned();
    for answer in [reader.post(&link).await, nobody.post(&nobody_link).await] {
        is_page(&answer, 200, "You are unsubscribed");
        // But for the link back to itself.
        assert_eq!(answer.text.replace(&escaped(&nobody_link), &escaped(&link)), there.text);
    }
    let [erased, never] = [reader.look(&link).await, reader.look(&nobody_link).await];
    is_page(&erased, 200, "Unsubscribe from “news”?");
    assert!(erased.text.contains("One-Click") && !erased.text.contains("was.channel"), "{}", erased.text);
    assert_eq!(never.text, erased.text);
    let gone = reader.client.get(&format!("/api/v1/users/{}", nobody.id), &reader.client.token("admin").await).await;
    assert_eq!(gone.status, 404, "nobody was created");
}

#[tokio::test]
async fn an_opt_out_is_one_write_and_no_email_goes_out_without_its_link() {
    let url = "https://mail.example/notify";
    let options = options(&[("PublicUrl", &format!("{url}/")), ("RetryMostSeconds", "1"), ("MaxReceiveCount", "50")]);
    let (stack, client) = own(Options { concurrency: 1, ..options }).await;
    let reader = Reader::on(client.clone()).await;

    let secret = stack.template().secrets[0].clone();
    stack.providers().remove_secret(&secret);
    let id = reader.notify(json!({"group": "news"})).await;
    let waiting = client.notification_when(&id, |data| data["deliveries"][0]["attempts"].as_u64() > Some(1)).await;
    assert_eq!(waiting["deliveries"][0]["status"], "retrying", "{waiting}");
    assert_eq!(waiting["deliveries"][0]["reason"], "provider_misconfigured");
    let link = reader.signed(Some("news"), Duration::ZERO);
    is_page(&reader.post(&link).await, 500, "This did not work");
    assert!(client.deliveries_to(&reader.email).await.is_empty());

    stack.providers().put_secret(&secret, DEPLOYMENT_SECRET);
    assert_eq!(client.settled(&id).await["status"], "sent");
    let list = reader.headers().await[0]["Value"].as_str().unwrap().to_owned();
    assert!(list.starts_with(&format!("<{url}/unsubscribe?token=")), "{list}");

    is_page(&reader.look(&link).await, 200, "“news”");
    let asked = calls(&client, async || drop(reader.look(&link).await)).await;
    assert_eq!(json!(asked), json!({"GetItem": [1, 1.0]}), "looking is one read");
    for link in [&link, &reader.signed(None, Duration::ZERO)] {
        let done = calls(&client, async || is_page(&reader.post(link).await, 200, "You are unsubscribed")).await;
        assert_eq!(json!(done), json!({"UpdateItem": [1, 1.0]}));
    }

    // Who has as many handles as there may be is let out all the same.
    let reader = Reader::on(client.clone()).await;
    let full: serde_json::Map<_, _> = (0..1000).map(|n| (format!("enabled:{n}"), json!({"BOOL": true}))).collect();
    let key = json!({"pk": {"S": format!("USER#{}", reader.id)}, "sk": {"S": "USER"}});
    let fill = json!({
        "Key": key, "UpdateExpression": "SET handles = :full", "ExpressionAttributeValues": {":full": {"M": full}},
    });
    dynamodb(&stack, "UpdateItem", fill).await;
    is_page(&reader.post(&reader.signed(Some("one more"), Duration::ZERO)).await, 200, "You are unsubscribed");
    assert_eq!(reader.told(json!({"group": "one more"})).await, skipped("group_opted_out"));
    client.is_drained().await;
    stack.shutdown().await;
}
