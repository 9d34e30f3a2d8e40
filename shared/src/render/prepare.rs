//! The decision and the rendering in one function, so that `explain` always says what the worker does.

use super::{
    fill::{left_out, render},
    links::Links,
    recipient::Recipient,
    template::{Template, VersionedTemplate},
};
use crate::domain::{
    Channel, Content, Decided, Decision, DecisionInput, Hold, Plan, Reason, RenderedContent, Timestamp, User,
    decide::{self, Rule, Said, Step},
    user::UserRecord,
};

/// The next step of a delivery, and the trace that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// The next step.
    pub next: Next,
    /// Every rule that was asked, in order. The last rule ended the decision.
    pub trace: Vec<Step>,
}

/// The next step of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Send this rendered content by this plan.
    Send(Plan, RenderedContent),
    /// Send later.
    Hold(Hold),
    /// Never send, for this reason.
    Stop(Reason),
}

/// Decides for one channel, and renders the content. `template` is the notification's template; `None` if the
/// notification has no template, or if the template does not exist. `links` are in an email that [has them](Links::are_in).
pub fn prepare(
    input: DecisionInput<'_>,
    template: Option<&VersionedTemplate>,
    links: Option<Links>,
    channel: Channel,
    now: Timestamp,
) -> Prepared {
    let Decided { decision, mut trace } = decide::decide(input, channel, now);
    let plan = match decision {
        Decision::Send(plan) => plan,
        Decision::Hold(hold) => return Prepared { next: Next::Hold(hold), trace },
        Decision::Skip(reason) => return Prepared { next: Next::Stop(reason), trace },
    };
    if input.notification.content == Content::emptied() {
        trace.push(Step::new(Rule::Rendered, "emptied: its recipient was erased", Said::Stop));
        return Prepared { next: Next::Stop(Reason::UserErased), trace };
    }
    let links = links.filter(|_| Links::are_in(channel, input.notification));
    let template_version = template.map(|template| template.version);
    let (next, saw, said) = match words(input, template.map(|template| &template.template), links, channel) {
        Ok((words, saw)) => (Next::Send(plan, words), saw, Said::Pass),
        Err((reason, saw)) => (Next::Stop(reason), saw, Said::Stop),
    };
    trace.push(Step { template_version, ..Step::new(Rule::Rendered, saw, said) });
    Prepared { next, trace }
}

/// The rendered content and its source, or the reason why it cannot be sent. The two texts never show a variable's
/// value.
fn words(
    input: DecisionInput<'_>,
    template: Option<&Template>,
    links: Option<Links>,
    channel: Channel,
) -> Result<(RenderedContent, String), (Reason, String)> {
    let (code, variables) = match &input.notification.content {
        Content::Inline { subject, title, body } => {
            let words = RenderedContent::inline(subject.as_deref(), title.as_deref(), body, channel);
            return match words.too_long() {
                Some(too_long) => Err((Reason::TooLong, format!("inline: {too_long}"))),
                None => Ok((words, "inline".to_owned())),
            };
        }
        Content::Template { template_code, variables } => (template_code, variables),
        // The run has expired, or whoever calls has not looked at it.
        Content::OfRun(_) => return Err((Reason::RenderFailed, "the run is not there".to_owned())),
    };
    let failed = |why: &str| (Reason::RenderFailed, format!("{code}: {why}"));
    let template = template.ok_or_else(|| failed("there is no such template"))?;
    let recipient = match input.user {
        Some(UserRecord::Present(user)) => Recipient::from(user.as_ref() as &User).with_links(links),
        Some(UserRecord::Erased) | None => return Err(failed("there is nobody to read it")),
    };
    match render(template, channel, variables, &recipient) {
        Ok(words) => {
            let mut saw = format!("{code} in {}", recipient.display.language);
            let names = left_out(template, channel, &recipient);
            if !names.is_empty() {
                saw = format!("{saw}; left out of its data, because the names are taken: {}", names.join(", "));
            }
            Ok((words, saw))
        }
        Err(error) if error.is_length() => Err((Reason::TooLong, format!("{code}: {error}"))),
        Err(error) => Err(failed(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::{
        domain::{
            ConfiguredChannel, NO_CATEGORIES, NO_PAUSES, NOTHING_LOOKED_UP, Notification, NotificationId, Provider,
            UserId,
        },
        render::{Parts, Sms, template::AlertTemplate},
    };

    fn prepared(content: Content, template: Option<&VersionedTemplate>) -> Prepared {
        let user = User { phone: Some("+14155552671".into()), ..User::new(UserId::random(), Timestamp::EPOCH) };
        let (id, at) = (NotificationId::random(), Timestamp::EPOCH);
        let notification = Notification::new(id, user.id, vec![Channel::Sms], content, at);
        let channel = ConfiguredChannel::new("x", Provider::Sms);
        let user = UserRecord::Present(Box::new(user));
        let input = DecisionInput {
            user: Some(&user),
            configured: &[channel],
            categories: &NO_CATEGORIES,
            pauses: &NO_PAUSES,
            notification: &notification,
            looked_up: &NOTHING_LOOKED_UP,
        };
        prepare(input, template, None, Channel::Sms, Timestamp::EPOCH)
    }

    fn filled(variables: serde_json::Value, template: Option<&VersionedTemplate>) -> (Option<RenderedContent>, String) {
        let variables = variables.as_object().unwrap().clone();
        let prepared = prepared(Content::Template { template_code: "hello".into(), variables }, template);
        let saw = prepared.trace.last().unwrap().saw.clone();
        match prepared.next {
            Next::Send(_, words) => (Some(words), saw),
            Next::Stop(Reason::RenderFailed) => (None, saw),
            other => panic!("{other:?}"),
        }
    }

    fn versioned(locales: BTreeMap<String, Parts>) -> VersionedTemplate {
        VersionedTemplate { template: Template { code: "hello".into(), locales }, version: 7 }
    }

    #[test]
    fn the_trace_says_which_version_was_rendered_or_could_not_be() {
        let sms = Some(Sms { text: "Hello {{ who }}".into() });
        let template = versioned(BTreeMap::from([("default".to_owned(), Parts { sms, ..Parts::default() })]));
        let version_of = |variables: serde_json::Value, template| {
            let variables = variables.as_object().unwrap().clone();
            let trace = prepared(Content::Template { template_code: "hello".into(), variables }, template).trace;
            let (last, others) = trace.split_last().unwrap();
            assert!(others.iter().all(|step| step.template_version.is_none()));
            (last.said, last.template_version)
        };
        assert_eq!(version_of(json!({"who": "Ada"}), Some(&template)), (Said::Pass, Some(7)));
        assert_eq!(version_of(json!({}), Some(&template)), (Said::Stop, Some(7)));
        assert_eq!(version_of(json!({}), None), (Said::Stop, None));
        let inline = Content::Inline { subject: None, title: None, body: "Hi".into() };
        assert_eq!(prepared(inline, None).trace.last().unwrap().template_version, None);
    }

    #[test]
    fn a_template_is_filled_in_or_the_delivery_ends_with_what_is_missing() {
        let sms = Some(Sms { text: "Hello {{ who }}".into() });
        let locales = BTreeMap::from([("default".to_owned(), Parts { sms, ..Parts::default() })]);
        let template = versioned(locales);
        let good = filled(json!({"who": "Ada"}), Some(&template));
        assert_eq!(good, (Some(RenderedContent::Sms("Hello Ada".into())), "hello in en-US".into()));
        let (words, saw) = filled(json!({"secret": "Ada"}), Some(&template));
        assert!(words.is_none() && saw.contains("who") && !saw.contains("Ada"), "{saw}");
        assert_eq!(filled(json!({}), None), (None, "hello: there is no such template".into()));
    }

    #[test]
    fn what_is_too_long_ends_with_its_length_whoever_wrote_it() {
        let content = Content::Inline { subject: None, title: Some("T".into()), body: "x".repeat(1599) };
        let Prepared { next, trace } = prepared(content, None);
        assert_eq!(next, Next::Stop(Reason::TooLong));
        assert_eq!(trace.last().unwrap().saw, "inline: 1601 characters, and at most 1600 are accepted");
        let sms = Some(Sms { text: "{{ x }}".into() });
        let locales = BTreeMap::from([("default".to_owned(), Parts { sms, ..Parts::default() })]);
        let template = versioned(locales);
        for (count, saw) in [
            (1601, "hello: sms.text: the rendered text has 1601 characters, and at most 1600 are accepted"),
            (6401, "hello: sms.text: the rendered text is longer than 6400 bytes"),
        ] {
            let variables = json!({"x": "x".repeat(count)}).as_object().unwrap().clone();
            let content = Content::Template { template_code: "hello".into(), variables };
            let Prepared { next, trace } = prepared(content, Some(&template));
            assert_eq!((next, trace.last().unwrap().saw.as_str()), (Next::Stop(Reason::TooLong), saw));
        }
    }

    #[test]
    fn a_name_that_is_taken_is_left_out_of_an_old_template_s_data_and_the_trace_says_so() {
        let data = json!({"from": "{{ who }}", "order": "{{ who }}", "google.x": "1"});
        let alert: AlertTemplate = serde_json::from_value(json!({"body": "b", "data": data})).unwrap();
        let parts = Parts { push: Some(alert.clone()), in_app: Some(alert), ..Parts::default() };
        let locales = BTreeMap::from([("default".to_owned(), parts)]);
        let template = Template { code: "hello".into(), locales };
        let user = User::new(UserId::random(), Timestamp::EPOCH);
        let user = UserRecord::Present(Box::new(user));
        let variables = json!({"who": "Ada"}).as_object().unwrap().clone();
        let content = Content::Template { template_code: "hello".into(), variables };
        let (id, at) = (NotificationId::random(), Timestamp::EPOCH);
        let notification = Notification::new(id, UserId::random(), vec![Channel::Push], content, at);
        let input = DecisionInput {
            user: Some(&user),
            configured: &[],
            categories: &NO_CATEGORIES,
            pauses: &NO_PAUSES,
            notification: &notification,
            looked_up: &NOTHING_LOOKED_UP,
        };
        let said = |channel| {
            let (words, saw) = words(input, Some(&template), None, channel).unwrap();
            match words {
                RenderedContent::Push(alert) | RenderedContent::InApp(alert) => {
                    (alert.data.keys().cloned().collect::<Vec<_>>().join(" "), saw)
                }
                other => panic!("{other:?}"),
            }
        };
        let saw = "hello in en-US; left out of its data, because the names are taken: from, google.x";
        assert_eq!(said(Channel::Push), ("order".into(), saw.into()));
        assert_eq!(said(Channel::InApp), ("from google.x order".into(), "hello in en-US".into()));
    }

    #[test]
    fn what_an_erasure_has_emptied_is_not_sent_to_who_comes_after() {
        assert_eq!(prepared(Content::emptied(), None).next, Next::Stop(Reason::UserErased));
    }

    #[test]
    fn a_sender_s_own_words_need_no_template() {
        let content = Content::Inline { subject: None, title: None, body: "Hi".into() };
        let Prepared { next, trace } = prepared(content, None);
        assert!(matches!(next, Next::Send(_, RenderedContent::Sms(text)) if text == "Hi"));
        assert_eq!(trace.last().map(|step| (step.rule, step.said)), Some((Rule::Rendered, Said::Pass)));
    }
}
