use std::sync::{Arc, LazyLock};

use lambda_http::Body;
use shared::domain::{
    Categories, Category, Channel, ConfiguredChannel, Handle, KnownGroups, Provider, Timestamp, UserId,
};

use super::*;

const HOSTILE: &str = "</label><script>\"x'&";

/// A deployment with mail and push, and with the categories that [`catalogue`] has.
fn groups() -> Groups<'static> {
    static KNOWN: LazyLock<KnownGroups> = LazyLock::new(|| KnownGroups::with_custom("").unwrap());
    static CATEGORIES: LazyLock<Categories> = LazyLock::new(|| catalogue().into_iter().collect());
    static CONFIGURED: LazyLock<[ConfiguredChannel; 2]> = LazyLock::new(|| {
        [Provider::Email, Provider::Fcm].map(|provider| ConfiguredChannel::new(provider.as_str(), provider))
    });
    Groups { known: &KNOWN, categories: &CATEGORIES, configured: &*CONFIGURED }
}

fn catalogue() -> [Category; 5] {
    let texts = |all: &[(&str, &str)]| all.iter().map(|(tag, text)| ((*tag).to_owned(), (*text).to_owned())).collect();
    let name = |text| texts(&[("default", text)]);
    [
        Category { name: name(HOSTILE), position: 9, ..Category::new(HOSTILE) },
        Category { hidden: true, name: name("Never shown"), ..Category::new("hidden") },
        Category {
            name: texts(&[("default", "Security"), ("de", "Sicherheit"), ("it", "Sicurezza")]),
            description: Some(texts(&[("default", "New devices"), ("de", "Neue Geräte")])),
            required: true,
            position: 1,
            ..Category::new("security")
        },
        Category { name: name("Offers"), default_in: false, position: 2, ..Category::new("offers") },
        Category {
            name: name("Mail only"),
            channels: Some(vec![Channel::Email]),
            position: 3,
            ..Category::new("mail")
        },
    ]
}

fn user(display: &[(&str, &str)]) -> User {
    let display = display.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    User { display, name: Some("Ada Unmentioned".into()), ..User::new(UserId::from_bytes([1; 16]), Timestamp::EPOCH) }
}

fn look(language: Language) -> Look {
    let reader = language.translation().tag.to_owned();
    Look {
        language,
        reader,
        theme: "system".into(),
        embedded: false,
        ancestors: "'none'".into(),
        brand: Arc::default(),
    }
}

fn german() -> Language {
    Language::of("de").unwrap()
}

fn text(reply: Reply) -> String {
    assert_ne!(reply.status(), StatusCode::INTERNAL_SERVER_ERROR);
    match reply.into_response().into_body() {
        Body::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

fn shown(look: &Look, user: &User, question: Option<&OptOut>) -> String {
    let page = Page {
        look,
        groups: groups(),
        user,
        action: "a?b",
        refused: None,
        saved: false,
        question,
        now: Timestamp::EPOCH,
    };
    text(page.reply(StatusCode::OK))
}

#[test]
fn every_page_is_written_in_every_language_and_names_nobody() {
    for language in Language::all() {
        let (look, user, translation) = (look(language), user(&[]), language.translation());
        let html = shown(&look, &user, None);
        assert!(html.starts_with(&format!("<!DOCTYPE html>\n<html lang=\"{}\"", translation.tag)), "{html}");
        for says in [
            translation.title,
            translation.quiet_on,
            translation.day[6][0],
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
    let look = look(Language::default());
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
    let look = look(Language::default());
    for group in [None, Some("news".to_owned())] {
        for channel in Channel::ALL {
            let opt_out = OptOut { user: UserId::from_bytes([1; 16]), channel, group: group.clone() };
            let asked = text(ask(&look, groups(), &opt_out));
            let done = text(done(&look, groups(), &opt_out, "n"));
            assert!(asked.contains("One-Click") && !asked.contains("Undo"), "{asked}");
            assert!(!done.contains("One-Click") && done.contains("name=\"Undo\""), "{done}");
            assert!(!format!("{asked}{done}").contains(&opt_out.user.to_string()));
            // A user who is already out is told so.
            let mut out = user(&[]);
            match &group {
                Some(group) => drop(out.groups.insert(group.clone(), false)),
                None => drop(out.channels.insert(channel, false)),
            }
            let html = shown(&look, &out, Some(&opt_out));
            assert!(html.contains("You are unsubscribed") && !html.contains("One-Click"), "{html}");
            assert!(html.contains("name=\"Undo\""), "{html}");
        }
    }
}

#[test]
fn a_language_and_a_zone_that_are_not_offered_are_kept_and_shown() {
    let look = look(Language::default());
    for (tag, label) in [("it-IT", "it-IT"), ("de-AT", "Deutsch (de-AT)")] {
        let html = shown(&look, &user(&[("language", tag), ("timezone", "US/Eastern")]), None);
        assert!(html.contains(&format!("selected>{label}</option>")), "{html}");
        assert!(html.contains(&format!("name=\"was.language\" value=\"{tag}\"")), "{html}");
        assert!(html.contains("value=\"US&#x2f;Eastern\" selected>US&#x2f;Eastern (UTC−05:00)</option>"), "{html}");
        assert!(html.contains(">Kolkata (UTC+05:30)</option>") && !html.contains("Calcutta"), "{html}");
    }
    let html = shown(&look, &user(&[]), None);
    assert_eq!(html.matches(" selected>").count(), 2, "{html}");
    assert!(html.contains("<option value=\"\" selected>As my browser says"), "{html}");
}

#[test]
fn the_user_s_own_language_and_theme_come_first() {
    let mut headers = HeaderMap::new();
    headers.insert("accept-language", "fr".parse().unwrap());
    let of = |display: &[(&str, &str)]| Look::of_anybody(&headers, false, "'none'", &Arc::default()).of(&user(display));
    let look = of(&[("language", "de-CH"), ("theme", "dark")]);
    assert_eq!((look.language, look.theme.as_str()), (german(), "dark"));
    let look = of(&[("language", "it-IT")]);
    assert_eq!((look.language.translation().tag, look.reader.as_str(), look.theme.as_str()), ("fr", "it-IT", "system"));
    assert!(shown(&of(&[("theme", "light")]), &user(&[]), None).contains("data-theme=\"light\""));
}

/// The row of the category at this place, which is shown as `group.{place}`.
fn row(html: &str, place: usize) -> &str {
    let from = format!("<label for=\"group.{place}\">");
    html.split_once(&from)
        .and_then(|(_, rest)| rest.split_once("\n</div>"))
        .unwrap_or_else(|| panic!("no {place}: {html}"))
        .0
}

#[test]
fn the_page_shows_the_catalogue_in_order_and_no_other_groups() {
    let mut reader = user(&[]);
    reader.groups.extend([("com.soa.notification.type.app.alert".to_owned(), false), ("elsewhere".to_owned(), false)]);
    let html = shown(&look(Language::default()), &reader, None);
    let names: Vec<_> = (1..=4).map(|place| row(&html, place).split('<').next().unwrap()).collect();
    assert_eq!(names, ["Security", "Offers", "Mail only", "&lt;&#x2f;label&gt;&lt;script&gt;&quot;x&#x27;&amp;"]);
    for absent in ["group.5", "Never shown", "elsewhere", "com.soa", "App alerts"] {
        assert!(!html.contains(absent), "{absent}: {html}");
    }
    // Without a catalogue there is no such part.
    let none = Groups { categories: &Categories::default(), ..groups() };
    let page = Page {
        look: &look(Language::default()),
        groups: none,
        user: &reader,
        action: "a",
        refused: None,
        saved: false,
        question: None,
        now: Timestamp::EPOCH,
    };
    assert!(!text(page.reply(StatusCode::OK)).contains(Language::default().translation().groups));
}

#[test]
fn a_category_is_named_in_the_reader_s_language_also_if_the_pages_do_not_speak_it() {
    for (language, own, name, hint) in [
        (german(), "de-AT", "Sicherheit", "Neue Geräte"),
        (Language::default(), "it-CH", "Sicurezza", "New devices"),
        (german(), "ja", "Security", "New devices"),
    ] {
        let reader = user(&[("language", own)]);
        let html = shown(&look(language).of(&reader), &reader, None);
        let row = row(&html, 1);
        assert!(row.starts_with(name) && row.contains(hint), "{row}");
    }
}

#[test]
fn what_is_required_is_locked_and_every_other_is_switched_as_a_whole_and_by_channel() {
    let mut reader = user(&[]);
    let off = [(shared::domain::ChannelType::Of(Channel::Push), false)].into();
    reader.handles.insert(HOSTILE.into(), Handle { channel_types: off, ..Handle::default() });
    reader.groups.insert("security".into(), false);
    let html = shown(&look(Language::default()), &reader, None);
    let required = row(&html, 1);
    assert!(required.contains("Always on") && !required.contains(" name="), "{required}");
    assert_eq!(required.matches(" checked disabled>").count(), 3, "{required}");
    // Nobody has chosen: an opt-in category is off.
    let opt_in = row(&html, 2);
    assert!(
        opt_in.contains("name=\"was.group.offers\" value=\"off\"") && opt_in.contains("by.email.offers"),
        "{opt_in}"
    );
    // One channel is no choice.
    let mail = row(&html, 3);
    assert!(mail.contains("name=\"group.mail\" value=\"on\"") && !mail.contains("by."), "{mail}");
    // If it is off, the user sees that and can take it back.
    let off = [(shared::domain::ChannelType::Of(Channel::Email), false)].into();
    reader.handles.insert("mail".into(), Handle { channel_types: off, ..Handle::default() });
    let without_mail = shown(&look(Language::default()), &reader, None);
    assert!(row(&without_mail, 3).contains("name=\"was.by.email.mail\" value=\"off\""), "{without_mail}");
    let own = row(&html, 4);
    let was = |channel: &str| {
        own.split_once(&format!("name=\"was.by.{channel}.")).unwrap().1.split_once(" value=").unwrap().1
    };
    assert!(was("email").starts_with("\"on\"") && was("push").starts_with("\"off\""), "{own}");
    assert!(!own.contains("by.sms"), "nobody can send text messages: {own}");
}

#[test]
fn a_brand_is_shown_on_every_page_and_stays_text() {
    let of =
        |name: &str| Brand::of(Some(name.into()), Some("https://cdn.example/logo.svg".into()), Some("#ffd400".into()));
    let look = Look { brand: Arc::new(of("<b>Acme").unwrap()), ..look(Language::default()) };
    let page = shown(&look, &user(&[]), None);
    let notice = text(notice(&look, StatusCode::OK, "t", "x"));
    for html in [page, notice] {
        assert!(
            html.contains("src=\"https:&#x2f;&#x2f;cdn.example&#x2f;logo.svg\"") && !html.contains("class=\"bell\""),
            "{html}"
        );
        assert!(html.contains("&lt;b&gt;Acme") && !html.contains("<b>Acme"), "{html}");
        assert!(html.contains("<style>:root{--brand:#ffd400;"), "{html}");
    }
    let reply =
        ask(&look, groups(), &OptOut { user: UserId::from_bytes([1; 16]), channel: Channel::Email, group: None });
    let response = reply.into_response();
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("; img-src https://cdn.example/logo.svg; frame-ancestors"), "{policy}");
    assert_eq!(policy.split("style-src ").nth(1).unwrap().split(';').next().unwrap().split(' ').count(), 2, "{policy}");
}
