//! The content of the page, and the links for which it shows nothing of a user.

use reqwest::Method;
use serde_json::json;

use super::{Visitor, between, is_page};

#[tokio::test]
async fn it_shows_what_is_stored_and_nothing_of_who_it_is() {
    let visitor = Visitor::new().await;
    let put = async |path: &str, body| {
        let answer = visitor.client.json(Method::PUT, &visitor.path(path), &visitor.token, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    put("/preferences", json!({"preferences": {"slack": false}})).await;
    put("/quiet-hours", json!({"start": "21:30", "end": "06:15", "days": ["sat"]})).await;
    put("", json!({"push_token": "private-device-token"})).await;
    let page = visitor.look().await;
    is_page(&page, 200, "<h1>Notification preferences</h1>");
    let checked = |id: &str| between(&page.text, &format!("id=\"{id}\""), ">").contains(" checked");
    for (id, on) in
        [("channel.email", true), ("channel.slack", false), ("quiet", true), ("day.sat", true), ("day.sun", false)]
    {
        assert_eq!(checked(id), on, "{id}");
    }
    assert!(page.text.contains("name=\"was.quiet\" value=\"21:30 06:15 sat\""), "{}", page.text);
    for label in ["Email", "Push", "Text messages", "Slack", "In the app", "Saturday"] {
        assert!(page.text.contains(label), "{label}");
    }
    // Akana's groups are shown only if they are categories.
    assert!(!page.text.contains("com.soa") && !page.text.contains("Ticket changes"), "{}", page.text);
    for private in ["Saoirse", "private-device", visitor.user["email"].as_str().unwrap(), &visitor.id] {
        assert!(!page.text.contains(private), "{private}");
    }
}

#[tokio::test]
async fn its_language_is_the_user_s_own_else_the_browser_s_else_english() {
    let visitor = Visitor::new().await;
    let says = async |accept: &str, tag: &str, title: &str| {
        let page = visitor.look_with(&[("accept-language", accept)]).await;
        is_page(&page, 200, title);
        assert!(page.text.contains(&format!("<html lang=\"{tag}\"")), "{accept}");
        assert_eq!(page.header("content-language"), tag);
    };
    says("", "en", "Notification preferences").await;
    says("de-AT,en;q=0.5", "de", "Benachrichtigungen").await;
    says("nl,fr;q=0.8,en;q=0.7", "fr", "Préférences de notification").await;
    says("es", "es", "Preferencias de notificación").await;
    let set = async |language: &str| {
        let body = json!({"language": language, "theme": "dark"});
        let path = visitor.path("/preferences");
        assert_eq!(visitor.client.json(Method::PATCH, &path, &visitor.token, &body).await.status, 200);
    };
    set("fr-CA").await;
    says("de", "fr", "Préférences de notification").await;
    set("it-IT").await;
    says("de", "de", "Benachrichtigungen").await;
    // A language that the page does not offer is kept and shown.
    let page = visitor.look().await;
    is_page(&page, 200, "<option value=\"it-IT\" selected>it-IT</option>");
    assert!(page.text.contains("data-theme=\"dark\""));
    visitor.post("was.language=it-IT&language=it-IT&was.channel.sms=on").await;
    assert_eq!(visitor.stored().await["display"]["language"], "it-IT");
    // The answers to the form are in the same language.
    set("es").await;
    let told =
        visitor.save("was.channel.email=on&was.channel.push=on&was.channel.slack=on&was.channel.in_app=on").await;
    assert_eq!(told.json()["message"], "¿Desactivar el último canal?");
    let faulty = visitor.save("was.timezone=&timezone=Mars").await;
    assert_eq!(faulty.json()["errors"]["timezone"], "Elija una de estas zonas horarias.");
}

#[tokio::test]
async fn another_user_s_choices_are_never_seen_nor_touched() {
    let [visitor, other] = [Visitor::new().await, Visitor::new().await];
    other.save("was.channel.email=on&was.timezone=&timezone=Asia/Tokyo").await;
    let before = other.stored().await;
    let page = visitor.look().await;
    assert!(page.text.contains("name=\"was.channel.email\" value=\"on\""));
    assert!(page.text.contains("name=\"was.timezone\" value=\"\""));
    visitor.save("was.channel.push=on&was.language=&language=de").await;
    assert_eq!(other.stored().await, before);
}
