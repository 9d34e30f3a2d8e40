//! The forms that a mail client and a browser send.

use std::time::Duration;

use reqwest::Method;

use super::{FORM, ONE_CLICK, Reader};
use crate::preference_center::is_page;

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
