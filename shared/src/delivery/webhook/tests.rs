use super::*;
use crate::{
    delivery::tests::outgoing,
    domain::{Channel, RenderedContent, Timestamp},
};

fn of_hosts(insecure_hosts: Vec<String>) -> Webhook {
    Webhook::new(InsecureHosts::new(insecure_hosts), Clock::system())
}

/// The key of the specification's example.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn the_signature_is_the_one_of_the_specification_s_example() {
    let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
    let one = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert_eq!(signatures(&keys(SECRET).unwrap(), id, 1_614_265_330, body), one);
    let both = format!("{SECRET} whsec_{}", STANDARD.encode([7; 32]));
    let both = signatures(&keys(&both).unwrap(), id, 1_614_265_330, body);
    let (first, second) = both.split_once(' ').unwrap();
    assert_eq!(first, one);
    assert!(second.starts_with("v1,") && second != one);
}

#[test]
fn a_secret_is_of_the_specification_s_form_and_length() {
    let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
    assert!(keys(&of(24)).is_some() && keys(&of(64)).is_some());
    assert_eq!(keys(&format!(" {} \n{}\n", of(24), of(32))).unwrap().len(), 2);
    let bad = ["", " ", "whsec_", "whsec_?", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &of(23), &of(65)];
    for bad in bad.map(str::to_owned).into_iter().chain([format!("{} x", of(24))]) {
        assert!(keys(&bad).is_none(), "{bad}");
    }
}

#[test]
fn answers_are_told_apart_by_their_status() {
    let after = Some(Duration::from_secs(7));
    for (status, outcome) in [
        (200, Outcome::Sent { message_id: None }),
        (204, Outcome::Sent { message_id: None }),
        (299, Outcome::Sent { message_id: None }),
        (301, Outcome::Retry { after }),
        (302, Outcome::Retry { after }),
        (307, Outcome::Retry { after }),
        (400, Outcome::Retry { after }),
        (401, Outcome::Retry { after }),
        (404, Outcome::Retry { after }),
        (408, Outcome::Retry { after }),
        (409, Outcome::Retry { after }),
        (410, Outcome::AddressGone { since: None }),
        (411, Outcome::Retry { after }),
        (413, Outcome::Retry { after }),
        (429, Outcome::Retry { after }),
        (500, Outcome::Retry { after }),
        (502, Outcome::Unknown),
        (503, Outcome::Retry { after }),
        (504, Outcome::Unknown),
        (600, Outcome::Retry { after }),
    ] {
        assert_eq!(classify(status, after), outcome, "{status}");
    }
}

#[test]
fn a_trusted_host_has_a_client_of_its_own_and_the_other_one_calls_public_addresses_only() {
    let webhook = of_hosts(vec!["127.0.0.1:4711".to_owned()]);
    let of = |url| webhook.target(url).map(|(client, _)| std::ptr::eq(client, &webhook.client));
    assert_eq!(of("https://hooks.example.com/a"), Some(true));
    assert_eq!(of("http://127.0.0.1:4711/a"), Some(false));
    assert_eq!(of("http://127.0.0.1:4712/a"), None);
    assert!(of_hosts(Vec::new()).target("http://127.0.0.1:4711/a").is_none());
}

#[tokio::test]
async fn what_may_not_be_called_is_refused_and_what_cannot_be_signed_is_ours_to_mend() {
    let webhook = of_hosts(vec!["127.0.0.1:1".into()]);
    let content = RenderedContent::Sms("x".into());
    let send = async |url, secret| webhook.send(&outgoing(Channel::Sms, url, &content), secret).await;
    assert_eq!(send("https://10.0.0.1/", SECRET).await, Outcome::Rejected);
    assert_eq!(send("http://127.0.0.1:1/", "secret").await, Outcome::Misconfigured);
    // Nobody listens there, so the request was not sent.
    assert_eq!(send("http://127.0.0.1:1/", SECRET).await, Outcome::Retry { after: None });
}

#[tokio::test]
async fn a_name_that_came_to_lead_inside_is_refused_for_good() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = Url::parse(&format!("http://localhost:{}/", listener.local_addr().unwrap().port())).unwrap();
    let (webhook, content) = (of_hosts(Vec::new()), RenderedContent::Sms("x".into()));
    let outgoing = outgoing(Channel::Sms, url.as_str(), &content);
    // `send` does this with a name that it accepted, and whose owner then changed its address.
    let keys = keys(SECRET).unwrap();
    let post = post(&webhook.client, url.clone(), &outgoing, &keys, &webhook.clock);
    // Nobody answers there. The time-out ends the test if a request was sent after all.
    assert_eq!(tokio::time::timeout(Duration::from_secs(2), post).await, Ok(Outcome::Rejected));
    assert!(listener.accept().is_err(), "nobody has knocked");
}

#[test]
fn the_body_says_what_it_is_and_for_whom() {
    let content = RenderedContent::Sms("hello".into());
    let mut outgoing = outgoing(Channel::Sms, "https://hooks.example.com/", &content);
    outgoing.due = Timestamp::from_millis(1_709_287_200_000);
    let body = body(&outgoing).unwrap();
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&body).unwrap(),
        json!({
            "type": "notification",
            "timestamp": "2024-03-01T10:00:00.000Z",
            "data": {
                "notification_id": outgoing.notification_id.to_string(),
                "user_id": outgoing.user_id.to_string(),
                "channel": "sms",
                "words": {"sms": "hello"},
            },
        })
    );
}
