//! One template for different recipients, and the output that must not happen.

use serde_json::{Map, Value, json};

use super::*;
use crate::domain::{Channel, RenderedContent, Timestamp, User, UserId, display::Display, json::Json};

fn template(locales: Value) -> Template {
    let locales = locales.as_object().unwrap().iter();
    let read = |(tag, parts): (&String, &Value)| (tag.clone(), Parts::read(parts).unwrap());
    Template { code: "order.shipped".into(), locales: locales.map(read).collect() }
}

fn recipient(name: &str, language: &str, timezone: &str, format: &str, units: &str) -> Recipient {
    let display = Display {
        date_time_format: format.into(),
        timezone: timezone.into(),
        language: language.into(),
        measurement_unit: units.into(),
        theme: "dark".into(),
    };
    let first_name = name.split(' ').next().unwrap_or_default().to_owned();
    Recipient { name: name.into(), first_name, ..Recipient::nobody(display) }
}

fn variables(variables: Value) -> Map<String, Value> {
    variables.as_object().unwrap().clone()
}

fn ada() -> Recipient {
    recipient("Ada Lovelace", "en-US", "UTC", "friendly", "imperial")
}

/// The output of a template with one SMS text, or its error.
fn said(text: &str, given: Value) -> Result<String, String> {
    let template = template(json!({"default": {"sms": {"text": text}}}));
    match render(&template, Channel::Sms, &variables(given), &ada()) {
        Ok(RenderedContent::Sms(text)) => Ok(text),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn nested_variables_are_reached_by_their_names_and_by_an_index() {
    let order = json!({"order": {"number": 4711, "lines": [{"item": "tea"}, {"item": "cup"}]}});
    let text =
        "{{ order.number }}: {{ order.lines[0].item }} of {% for line in order.lines %}{{ line.item }} {% endfor %}";
    assert_eq!(said(text, order).unwrap(), "4711: tea of tea cup ");
}

#[test]
fn one_template_reads_as_each_recipient_would_have_it() {
    let template = template(json!({
        "default": {"sms": {"text": "Hi {{ user.first_name or 'there' }}, {{ km|distance }} to go, due {{ at|datetime }}. {{ total|number(2) }} {{ currency }}"}},
        "fr": {"sms": {"text": "Bonjour {{ user.first_name }}, encore {{ km|distance }}, le {{ at|datetime }}. {{ total|number(2) }} {{ currency }}"}},
        "de": {"sms": {"text": "Hallo {{ user.first_name }}, noch {{ km|distance }}, am {{ at|date }}, {{ at|time }}. {{ total|number(2) }} {{ currency }}"}},
    }));
    let given = variables(json!({"km": 12_345, "at": "2024-07-01T22:30:00Z", "total": "1234.5", "currency": "EUR"}));
    for (recipient, expected) in [
        (
            recipient("Ada", "en-US", "America/New_York", "friendly", "imperial"),
            "Hi Ada, 7.7 mi to go, due July 1, 2024 at 6:30 PM. 1,234.50 EUR",
        ),
        (
            recipient("", "en-GB", "Europe/London", "uk", "imperial"),
            "Hi there, 7.7 mi to go, due 01/07/2024 23:30. 1,234.50 EUR",
        ),
        (
            recipient("Zoé", "fr-CA", "America/Toronto", "friendly", "metric"),
            "Bonjour Zoé, encore 12,3 km, le 1er juillet 2024 à 18:30. 1 234,50 EUR",
        ),
        (
            recipient("Jörg", "de-CH", "Europe/Zurich", "friendly", "metric"),
            "Hallo Jörg, noch 12.3 km, am 2. Juli 2024, 00:30. 1’234.50 EUR",
        ),
        (
            recipient("Aiko", "ja", "Asia/Tokyo", "us", "metric"),
            "Hi Aiko, 12.3 km to go, due 07/02/2024 7:30 AM. 1,234.50 EUR",
        ),
    ] {
        let words = render(&template, Channel::Sms, &given, &recipient).unwrap();
        assert_eq!(words, RenderedContent::Sms(expected.into()), "{}", recipient.display.language);
    }
}

#[test]
fn a_channel_that_a_locale_leaves_out_is_said_as_the_next_one_has_it() {
    let template = template(json!({
        "default": {"email": {"subject": "Hello", "text": "x"}},
        "fr": {"email": {"subject": "Bonjour", "text": "x"}, "push": {"body": "Salut"}},
        "fr-CA": {"push": {"body": "Allô"}},
    }));
    let of = |channel, language: &str| match render(
        &template,
        channel,
        &Map::new(),
        &recipient("", language, "UTC", "us", "metric"),
    ) {
        Ok(RenderedContent::Email(letter)) => letter.subject.as_str().to_owned(),
        Ok(RenderedContent::Push(alert)) => alert.body,
        Ok(other) => panic!("{other:?}"),
        Err(error) => error.to_string(),
    };
    assert_eq!((of(Channel::Push, "fr-CA"), of(Channel::Email, "fr-CA")), ("Allô".into(), "Bonjour".into()));
    assert_eq!((of(Channel::Push, "fr-BE"), of(Channel::Email, "pt")), ("Salut".into(), "Hello".into()));
    assert_eq!(of(Channel::Push, "pt-BR"), "no part for push in any of the locales pt-BR, pt, default");
    assert_eq!(of(Channel::Slack, "fr"), "no part for slack in any of the locales fr, default");
}

#[test]
fn html_is_escaped_text_is_not_and_slack_has_its_own() {
    let template = template(json!({"default": {
        "email": {"subject": "{{ x }}", "text": "{{ x }}", "html": "<p>{{ x }}</p>{{ x|safe }}"},
        "slack": {"text": "*{{ x }}* {{ x|safe }}", "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "<https://e.com|{{ x }}>"}},
            {"type": "actions", "elements": [{"type": "button", "url": "https://e.com/?q={{ x }}", "value": "{{ 1 + 1 }}"}]},
        ]},
        "in_app": {"title": "{{ x }}", "body": "{{ x }}", "data": {"id": "{{ x }}"}},
    }}));
    let given = variables(json!({"x": "<!channel> & 'Co'"}));
    let of = |channel| serde_json::to_value(render(&template, channel, &given, &ada()).unwrap()).unwrap();
    assert_eq!(
        of(Channel::Email),
        json!({"email": {
            "subject": "<!channel> & 'Co'",
            "text": "<!channel> & 'Co'",
            "html": "<p>&lt;!channel&gt; &amp; &#x27;Co&#x27;</p><!channel> & 'Co'",
        }})
    );
    assert_eq!(
        of(Channel::Slack),
        json!({"slack": {
            "text": "*&lt;!channel&gt; &amp; 'Co'* <!channel> & 'Co'",
            "blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": "<https://e.com|&lt;!channel&gt; &amp; 'Co'>"}},
                {"type": "actions", "elements": [{"type": "button", "url": "https://e.com/?q=<!channel> & 'Co'", "value": "2"}]},
            ],
        }})
    );
    let same = "<!channel> & 'Co'";
    assert_eq!(of(Channel::InApp), json!({"in_app": {"title": same, "body": same, "data": {"id": same}}}));
}

fn template_of_subject(subject: &str) -> Template {
    template(json!({"default": {"email": {"subject": subject, "text": "x"}}}))
}

#[test]
fn a_subject_cannot_begin_another_header() {
    let template = template(json!({"default": {
        "email": {"subject": "Hi {{ x }}", "text": "x"},
        "push": {"title": "{{ x }}", "body": "b"},
    }}));
    let of =
        |channel, x: &str| render(&template, channel, &variables(json!({"x": x})), &ada()).map_err(|e| e.to_string());
    let shown = |channel, x: &str| match of(channel, x).unwrap() {
        RenderedContent::Email(email) => email.subject.as_str().to_owned(),
        RenderedContent::Push(alert) => alert.title.unwrap(),
        other => panic!("{other:?}"),
    };
    for end in ["\r\n", "\n", "\r", "\u{7f}", "\u{85}", "\t", "\u{2028}", "\u{1b}"] {
        let x = format!("a{end}Bcc: all@example.com");
        assert_eq!(shown(Channel::Email, &x), "Hi a Bcc: all@example.com", "{end:?}");
        assert_eq!(shown(Channel::Push, &x), "a Bcc: all@example.com", "{end:?}");
    }
    assert_eq!(shown(Channel::Email, &"x".repeat(500)), format!("Hi {}", "x".repeat(252)));
    let blank = template_of_subject("{{ x }}");
    let blank = render(&blank, Channel::Email, &variables(json!({"x": "\r\n"})), &ada());
    assert_eq!(blank.unwrap_err().to_string(), "email.subject: the rendered text is blank");
    let Ok(RenderedContent::Push(alert)) = of(Channel::Push, " ") else { panic!() };
    assert_eq!(alert.title, None, "a blank title is none");
}

#[test]
fn what_is_undefined_is_an_error_with_its_name_and_never_a_value() {
    let secret = json!({"order": {"card": "4111-secret"}, "n": "secret"});
    for (text, expected) in [
        ("{{ name }}", "sms.text, line 1: name is undefined"),
        ("a\n{% if order %}{{ order.total }}{% endif %}", "sms.text, line 2: order.total is undefined"),
        ("{{ order.total.net }}", "sms.text, line 1: order.total is undefined"),
        ("{{ name|upper }}", "sms.text, line 1: name is undefined"),
        ("{{ name|date }}", "sms.text, line 1: name is undefined"),
        ("{{ name|number }}", "sms.text, line 1: name is undefined"),
        ("{{ name|sort }}", "sms.text, line 1: name is undefined"),
        ("{{ 'a' ~ name }}", "sms.text, line 1: name is undefined"),
        ("{% for x in name %}{% endfor %}", "sms.text, line 1: name is undefined"),
        ("{% if name %}{% endif %}", "sms.text, line 1: name is undefined"),
        ("{{ n + 1 }}", "sms.text, line 1: a value is not of a type that the template can use here"),
        ("{{ n|int }}", "sms.text, line 1: a value is not of a type that the template can use here"),
        ("{{ n.foo() }}", "sms.text, line 1: "),
        ("{% if false %}x{% endif %}", "sms.text: the rendered text is blank"),
    ] {
        let told = said(text, secret.clone()).unwrap_err();
        assert!(told.starts_with(expected) && !told.contains("secret"), "{text}: {told}");
    }
    assert_eq!(said("{{ name|default('x') }}{% if name is defined %}y{% endif %}", json!({})).unwrap(), "x");
    assert_eq!(said("[{{ nothing }}]", json!({"nothing": null})).unwrap(), "[]");
}

#[test]
fn a_sender_cannot_pass_for_the_recipient() {
    let given = json!({"user": {"name": "Mallory"}, "theme": "light", "units": "metric", " reader": 1});
    assert_eq!(
        said("{{ user.name }} {{ theme }} {{ units }} {{ 1000|distance }}", given).unwrap(),
        "Ada Lovelace dark imperial 0.6 mi"
    );
}

/// A user of whom everything is known, whose text on each channel is `text`.
fn of_a_whole_user(text: &str, given: Value, channel: Channel) -> Result<Value, String> {
    let custom = Json::object(
        r#"{"plan": "<b>&", "seats": 3, "rate": 12.50, "long": 1234567890123456789.25, "tags": ["a"], "in": {"x": null}}"#,
        "custom",
    );
    let display = [("language", "de"), ("timezone", "Europe/Berlin")].map(|(name, value)| (name.into(), value.into()));
    let user = User {
        name: Some("Ada L.".into()),
        external_id: Some("ada".into()),
        first_name: Some("Ada".into()),
        email: Some("ada@example.com".into()),
        phone: Some("+14155552671".into()),
        avatar: Some("https://a.example/ada.png".into()),
        push_token: Some("a-secret".into()),
        teams: vec!["a-secret".into()],
        org: Some("a-secret".into()),
        custom: custom.unwrap(),
        display: display.into(),
        ..User::new(UserId::from_bytes([1; 16]), Timestamp::EPOCH)
    };
    let parts = json!({"email": {"subject": "S", "html": text}, "sms": {"text": text}, "slack": {"text": text}});
    let template = template(json!({"default": parts}));
    let rendered = render(&template, channel, &variables(given), &Recipient::from(&user));
    rendered.map(|content| serde_json::to_value(content).unwrap()).map_err(|error| error.to_string())
}

#[test]
fn a_text_has_its_recipient_s_own_record_and_nothing_that_is_not_for_texts() {
    let sms = |text: &str, given: Value| of_a_whole_user(text, given, Channel::Sms).map(|sms| sms["sms"].clone());
    let id = UserId::from_bytes([1; 16]).to_string();
    for (field, expected) in [
        ("id", id.as_str()),
        ("external_id", "ada"),
        ("name", "Ada L."),
        ("first_name", "Ada"),
        ("last_name", ""),
        ("email", "ada@example.com"),
        ("phone", "+14155552671"),
        ("avatar", "https://a.example/ada.png"),
        ("locale", "de"),
        ("timezone", "Europe/Berlin"),
        ("created_at", "1970-01-01T00:00:00.000Z"),
        ("updated_at", "1970-01-01T00:00:00.000Z"),
        ("custom_fields.plan", "<b>&"),
        ("custom_fields.seats + 1", "4"),
        ("custom_fields.rate", "12.5"),
        ("custom_fields.long", "1234567890123456789.25"),
        ("custom_fields.tags[0]", "a"),
        ("custom_fields['in'].x", ""),
        ("custom_fields.nothing|default('none')", "none"),
    ] {
        assert_eq!(
            sms(&format!("[{{{{ recipient.{field} }}}}]"), json!({})),
            Ok(json!(format!("[{expected}]"))),
            "{field}"
        );
    }
    let fields: Vec<_> = record_fields().collect();
    let all = sms("{% for name in recipient|list %}{{ name }} {% endfor %}", json!({})).unwrap();
    let mut named: Vec<_> = all.as_str().unwrap().split_whitespace().collect();
    named.sort_unstable();
    assert_eq!(named, {
        let mut fields = fields.clone();
        fields.sort_unstable();
        fields
    });
    let whole = sms("{{ recipient }}", json!({})).unwrap().to_string();
    assert!(whole.contains("ada@example.com") && !whole.contains("secret"), "{whole}");
    for (text, fault) in [
        ("{{ recipient.custom_fields.x }}", "sms.text, line 1: recipient.custom_fields.x is undefined"),
        ("{{ recipient.push_token }}", "sms.text, line 1: recipient.push_token is undefined"),
    ] {
        assert_eq!(sms(text, json!({})), Err(fault.to_owned()));
    }
    // A sender's variable of that name is what the sender means, outside of a run.
    assert_eq!(sms("{{ recipient.city }}", json!({"recipient": {"city": "Ulm"}})), Ok(json!("Ulm")));
}

#[test]
fn what_is_in_a_recipient_s_record_is_escaped_as_any_variable() {
    let of = |channel| of_a_whole_user("{{ recipient.custom_fields.plan }}", json!({}), channel).unwrap().to_string();
    assert_eq!(of(Channel::Email), r#"{"email":{"html":"&lt;b&gt;&amp;","subject":"S"}}"#);
    assert_eq!(of(Channel::Slack), r#"{"slack":{"text":"&lt;b&gt;&amp;"}}"#);
    assert_eq!(of(Channel::Sms), r#"{"sms":"<b>&"}"#);
}

#[test]
fn a_recipient_s_fields_are_known_before_there_is_a_recipient_except_the_custom_ones() {
    let text = "{{ recipient.first_name }}{{ recipient.custom_fields.a.b|upper }}{{ recipient.fist_name }}";
    let template = template(json!({"default": {"sms": {"text": text}}}));
    let missing = |given| template.missing(&[Channel::Sms], &variables(given), true);
    assert_eq!(missing(json!({})), ["recipient.fist_name"]);
    assert_eq!(missing(json!({"recipient": {}})), ["recipient.first_name"], "the sender's own");
    // The rest of a text is still looked at when it is written, whoever's variable it is.
    let wrong = json!({"sms": {"text": "{{ recipient.city }}{{ a|reverze }}"}});
    let faults = Parts::read(&wrong).unwrap_err();
    assert!(faults.iter().any(|fault| fault.contains("reverze")), "{faults:?}");
}

#[test]
fn a_template_ends_after_so_many_steps_and_bytes() {
    let many = json!({"all": vec![1; 1000]});
    let steps = said("{% for a in all %}{% for b in all %}{% endfor %}{% endfor %}x", many.clone());
    assert_eq!(steps.unwrap_err(), "sms.text, line 1: it takes more than 100000 steps");
    assert_eq!(
        said("{% for a in all %}xx{% endfor %}", many.clone()).unwrap_err(),
        "sms.text: the rendered text has 2000 characters, and at most 1600 are accepted"
    );
    assert_eq!(
        said("{% for a in all %}xxxxxxx{% endfor %}", many).unwrap_err(),
        "sms.text: the rendered text is longer than 6400 bytes"
    );
}

#[test]
fn what_a_template_will_need_is_known_before_there_is_a_recipient() {
    let template = template(json!({
        "default": {
            "email": {"subject": "{{ a }} {{ b|date }}", "text": "{{ user.name }} {{ c|default('x') }} {{ order.total }}"},
            "sms": {"text": "{% if d is defined %}{{ d }}{% endif %}{% for e in all %}{{ e.name|upper }}{% endfor %}{{ f }}"},
        },
        "fr": {"email": {"subject": "{{ g }}", "html": "{% set h = 1 %}{{ h }}{{ theme }}"}},
    }));
    let of = |channels: &[Channel], given: Value| template.missing(channels, &variables(given), true);
    assert_eq!(of(&[Channel::Email], json!({})), ["a", "b", "g", "order"]);
    assert_eq!(of(&[Channel::Email], json!({"a": 1, "b": 0, "g": null, "order": {}})), ["order.total"]);
    assert_eq!(of(&[Channel::Email], json!({"a": 1, "b": 0, "g": "", "order": {"total": 1}})), [""; 0]);
    assert_eq!(of(&[Channel::Sms], json!({})), ["all", "f"]);
    assert_eq!(
        of(&[Channel::Sms, Channel::Email], json!({"all": [{}], "a": 1, "b": 1, "g": 1, "order": {"total": 1}})),
        ["e.name"]
    );
    assert_eq!(of(&[Channel::Slack], json!({})), [""; 0]);
}

#[test]
fn what_is_too_long_in_every_language_is_known_before_there_is_a_recipient() {
    let template = template(json!({
        "default": {"sms": {"text": "{{ x }}"}, "push": {"title": "T", "body": "{{ x }}"}, "in_app": {"body": "{{ x }}"}},
        "fr": {"sms": {"text": "{{ x }}{{ x }}"}},
        "de": {"push": {"body": "kurz"}},
    }));
    let of = |count: usize| {
        let channels = [Channel::Sms, Channel::Push, Channel::InApp, Channel::Email];
        let faults = template.too_long(&channels, &variables(json!({"x": "ü".repeat(count)})));
        faults.into_iter().map(|(channel, fault)| format!("{channel}: {fault}")).collect::<Vec<_>>()
    };
    assert_eq!(of(1600), [""; 0], "it fits in one of the languages");
    let expected = "sms: sms.text: the rendered text has 1601 characters, and at most 1600 are accepted";
    assert_eq!(of(1601), [expected]);
    assert_eq!(
        of(3000),
        ["sms: sms.text: the rendered text has 3000 characters, and at most 1600 are accepted"],
        "not in German"
    );
    assert_eq!(template.too_long(&[Channel::Sms], &variables(json!({}))), [], "another fault");
}

#[test]
fn an_email_has_its_links_and_no_other_message_and_no_sender_can_put_others_there() {
    let links =
        Links { unsubscribe_url: "https://a.example/?t=x.y&z".into(), preferences_url: "https://p.example".into() };
    let text = "{{ unsubscribe_url }} {{ preferences_url }}";
    let template = template(json!({"default": {
        "email": {"subject": "S", "text": text, "html": "<a href=\"{{ unsubscribe_url }}\">x</a>"},
    }}));
    let given = variables(json!({"unsubscribe_url": "https://evil.example"}));
    let ada = ada().with_links(Some(links));
    let RenderedContent::Email(email) = render(&template, Channel::Email, &given, &ada).unwrap() else { panic!() };
    assert_eq!(email.text.unwrap(), "https://a.example/?t=x.y&z https://p.example");
    assert_eq!(email.html.unwrap(), "<a href=\"https:&#x2f;&#x2f;a.example&#x2f;?t=x.y&amp;z\">x</a>");
    let none = Map::new();
    let without = render(&template, Channel::Email, &none, &ada.with_links(None));
    assert_eq!(without.unwrap_err().to_string(), "email.text, line 1: unsubscribe_url is undefined");
    assert!(template.has_links());
    assert_eq!(template.missing(&[Channel::Email], &none, true), [""; 0]);
    assert_eq!(template.missing(&[Channel::Email], &none, false), ["preferences_url", "unsubscribe_url"]);
    // A template that was stored before, when a sender could give these variables.
    let old = json!({"default": {"sms": {"text": text}}});
    let old = Template { code: "old".into(), locales: serde_json::from_value(old).unwrap() };
    assert_eq!(old.missing(&[Channel::Sms], &none, true), ["preferences_url", "unsubscribe_url"]);
    assert!(!old.has_links());
}
