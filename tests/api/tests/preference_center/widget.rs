//! The page as a frame in another page.

use api::{options, own};
use local::stack::{Options, Stack};
use reqwest::Method;

use super::{FORM, Visitor, is_page};
use crate::template::template;

#[tokio::test]
async fn no_page_may_show_it_unless_the_deployment_says_which() {
    let visitor = Visitor::new().await;
    let policy = |answer: &api::Answer| {
        let policy = answer.header("content-security-policy");
        policy.rsplit_once("; frame-ancestors ").unwrap().1.to_owned()
    };
    assert_eq!(policy(&visitor.look().await), "'none'");

    let origins = ("WidgetOrigins", "https://app.example, https://shop.example:8443,https://shop.example:99999");
    let (stack, client) = own(Options { concurrency: 1, ..options(&[origins]) }).await;
    let visitor = Visitor::on(client.clone()).await;
    // The function accepts every value that the template accepts.
    let allowed = "https://app.example https://shop.example:8443 https://shop.example:99999";
    let unsubscribe = format!("/unsubscribe{}", &visitor.link["/preferences".len()..]);
    for answer in [
        visitor.look().await,
        visitor.post("was.channel.email=on").await,
        visitor.post("nonsense=1").await,
        client.get("/preferences?token=x&embed=1", "").await,
    ] {
        assert_eq!(policy(&answer), allowed, "{}", answer.text);
    }
    // Only the preference centre may be framed.
    assert_eq!(policy(&client.get(&unsubscribe, "").await), "'none'");
    stack.shutdown().await;
}

#[tokio::test]
async fn embedded_it_has_neither_header_nor_footer_and_stays_so() {
    let visitor = Visitor::new().await;
    let whole = visitor.look().await;
    assert!(whole.text.contains("<header ") && whole.text.contains("<footer>"), "{}", whole.text);
    let link = format!("{}&embed=1", visitor.link);
    let page = visitor.client.get(&link, "").await;
    is_page(&page, 200, "<h1 class=\"hidden\">Notification preferences</h1>");
    assert!(!page.text.contains("<header") && !page.text.contains("<footer>"), "{}", page.text);
    let saved = visitor.client.send(Method::POST, &link, &[FORM], Some("was.channel.email=on".into())).await;
    is_page(&saved, 200, ">Saved<");
    assert!(saved.text.contains(" data-embedded>") && !saved.text.contains("<header"), "{}", saved.text);
    assert!(saved.text.contains("&amp;embed=1\""), "its form stays embedded: {}", saved.text);
}

#[tokio::test]
async fn the_template_takes_whole_https_origins_alone() {
    let template = template();
    let function = template.functions.iter().find(|function| function.binary == "preferences").unwrap();
    assert_eq!(function.environment["WIDGET_ORIGINS"], "");
    for bad in ["*", "https://*.a.example", "http://a.example", "https://a.example/", "https://a.example;x", "'self'"] {
        let refused = Stack::start(options(&[("WidgetOrigins", bad)])).await.err().unwrap().to_string();
        assert!(refused.contains("WidgetOrigins"), "{bad}: {refused}");
    }
}
