use std::sync::LazyLock;

use lambda_http::Body;
use shared::domain::{Channel, KnownGroups, NO_CATEGORIES, Timestamp, UserId};

use super::*;

const HOSTILE: &str = "</label><script>\"x'&";

fn known() -> &'static KnownGroups {
    static KNOWN: LazyLock<KnownGroups> = LazyLock::new(|| KnownGroups::with_custom(HOSTILE).unwrap());
    &KNOWN
}

fn groups() -> Groups<'static> {
    Groups { known: known(), categories: &NO_CATEGORIES }
}

fn user(display: &[(&str, &str)]) -> User {
    let display = display.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    User { display, name: Some("Ada Unmentioned".into()), ..User::new(UserId::from_bytes([1; 16]), Timestamp::EPOCH) }
}

fn look(language: Language) -> Look {
    Look { language, theme: "system".into(), embedded: false, ancestors: "'none'".into() }
}

fn text(reply: Reply) -> String {
    assert_ne!(reply.status(), StatusCode::INTERNAL_SERVER_ERROR);
    match reply.into_response().into_body() {
        Body::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

fn shown(look: &Look, user: &User, question: Option<&OptOut>) -> String {
    let page = Page { look, groups: groups(), user, action: "a?b", refused: None, saved: false, question };
    text(page.reply(StatusCode::OK))
}

#[test]
fn every_page_is_written_in_every_language_and_names_nobody() {
    for language in Language::ALL {
        let (look, user, translation) = (look(language), user(&[]), language.translation());
        let html = shown(&look, &user, None);
        assert!(html.starts_with(&format!("<!DOCTYPE html>\n<html lang=\"{}\"", translation.tag)), "{html}");
        for says in [
            translation.title,
            translation.quiet_on,
            translation.day[6][0],
            translation.group[0],
            translation.channel[4][1],
            translation.save,
        ] {
            assert!(html.contains(says), "{language:?}: {says}");
        }
        let form = Form::read(&Body::from("was.channel.email=on&a=1&was.a=2")).unwrap();
        let pages = [html, text(confirm(&look, "a?b", &form)), text(notice(&look, StatusCode::OK, "t", "x"))];
        for html in pages {
            assert!(!html.contains(&user.id.to_string()) && !html.contains("Unmentioned"), "{html}");
            assert!(html.contains(&format!("lang=\"{}\"", translation.tag)), "{html}");
        }
    }
}

#[test]
fn a_group_s_name_stays_text_wherever_it_stands() {
    let look = look(Language::En);
    let opt_out = OptOut { user: UserId::from_bytes([1; 16]), channel: Channel::Email, group: Some(HOSTILE.into()) };
    let form = Form::read(&Body::from("was.group.%3C%2Flabel%3E%3Cscript%3E%22x%27%26=on")).unwrap();
    for html in [
        shown(&look, &user(&[]), Some(&opt_out)),
        text(ask(&look, groups(), &opt_out)),
        text(done(&look, groups(), &opt_out, "n")),
        text(confirm(&look, "a?b", &form)),
    ] {
        assert!(html.contains("script&gt;&quot;x&#x27;&amp;"), "{html}");
        assert!(!html.contains("</label><script"), "{html}");
    }
}

#[test]
fn only_who_is_asked_has_a_button_and_nobody_is_named() {
    let look = look(Language::En);
    for group in [None, Some("news".to_owned())] {
        for channel in Channel::ALL {
            let opt_out = OptOut { user: UserId::from_bytes([1; 16]), channel, group: group.clone() };
            let asked = text(ask(&look, groups(), &opt_out));
            let done = text(done(&look, groups(), &opt_out, "n"));
            assert!(asked.contains("One-Click") && !done.contains("<form"), "{asked}{done}");
            assert!(!format!("{asked}{done}").contains(&opt_out.user.to_string()));
            // A user who is already out is told so.
            let mut out = user(&[]);
            match &group {
                Some(group) => drop(out.groups.insert(group.clone(), false)),
                None => drop(out.channels.insert(channel, false)),
            }
            let html = shown(&look, &out, Some(&opt_out));
            assert!(html.contains("You are unsubscribed") && !html.contains("One-Click"), "{html}");
        }
    }
}

#[test]
fn a_language_and_a_zone_that_are_not_offered_are_kept_and_shown() {
    let look = look(Language::En);
    for (tag, label) in [("it-IT", "it-IT"), ("de-AT", "Deutsch (de-AT)")] {
        let html = shown(&look, &user(&[("language", tag), ("timezone", "US/Eastern")]), None);
        assert!(html.contains(&format!("selected>{label}</option>")), "{html}");
        assert!(html.contains(&format!("name=\"was.language\" value=\"{tag}\"")), "{html}");
        assert!(html.contains("value=\"US&#x2f;Eastern\" selected>"), "{html}");
    }
    let html = shown(&look, &user(&[]), None);
    assert_eq!(html.matches(" selected>").count(), 2, "{html}");
    assert!(html.contains("<option value=\"\" selected>As my browser says"), "{html}");
}

#[test]
fn the_user_s_own_language_and_theme_come_first() {
    let mut headers = HeaderMap::new();
    headers.insert("accept-language", "fr".parse().unwrap());
    let of = |display: &[(&str, &str)]| Look::of_anybody(&headers, false, "'none'").of(&user(display));
    let look = of(&[("language", "de-CH"), ("theme", "dark")]);
    assert_eq!((look.language, look.theme.as_str()), (Language::De, "dark"));
    let look = of(&[("language", "it-IT")]);
    assert_eq!((look.language, look.theme.as_str()), (Language::Fr, "system"));
    assert!(shown(&of(&[("theme", "light")]), &user(&[]), None).contains("data-theme=\"light\""));
}
