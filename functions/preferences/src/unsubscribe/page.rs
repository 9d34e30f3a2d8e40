//! What a recipient reads. It names a group or a channel and no person, loads nothing, runs nothing and remembers nothing.

use lambda_http::http::{HeaderName, StatusCode, header};
use shared::{domain::Channel, http::Reply, unsubscribe::OptOut};

/// No script, no style, no picture; its form may lead back here only, and no other page may show it.
const POLICY: &str = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The form that does what a mail program does by itself. It has no `action`, so it goes to the page's own URL.
const FORM: &str = "<form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
                    <button type=\"submit\">Unsubscribe</button></form>\n";

/// An answer to who follows a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// 200: what the button will do.
    Ask(OptOut),
    /// 200: what has been done.
    Done(OptOut),
    /// 400: no link of ours.
    NotOurs,
    /// 410: a link that was ours.
    Expired,
    /// 400: no form, or another one.
    NotOneClick,
    /// 405.
    MethodNotAllowed,
    /// 413.
    TooLarge,
    /// 500.
    Internal,
    /// 503, with `Retry-After`.
    Unavailable,
}

impl Page {
    /// The answer.
    pub fn reply(&self) -> Reply {
        let (status, title, text) = match self {
            Self::Ask(opt_out) => (
                StatusCode::OK,
                "Unsubscribe?",
                format!("If you unsubscribe, {} Nothing has changed yet.", effect(opt_out)),
            ),
            Self::Done(opt_out) => (StatusCode::OK, "You are unsubscribed", format!("From now on {}", effect(opt_out))),
            Self::NotOurs => (
                StatusCode::BAD_REQUEST,
                "This link does not work",
                "It is not complete, or not one of ours. Nothing has changed. Please use the link in the email as it \
                 stands there."
                    .to_owned(),
            ),
            Self::Expired => (
                StatusCode::GONE,
                "This link has expired",
                "Nothing has changed. Please use the link in a newer email, or change what you receive where you have \
                 your account."
                    .to_owned(),
            ),
            Self::NotOneClick => (
                StatusCode::BAD_REQUEST,
                "Nothing has changed",
                "The body must be a form with the field List-Unsubscribe=One-Click.".to_owned(),
            ),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "Nothing has changed", "The method must be GET or POST.".to_owned())
            }
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "Nothing has changed",
                "The body must not be larger than 256 KiB.".to_owned(),
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "This did not work",
                "Something is wrong on our side. Please try again later.".to_owned(),
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "This did not work",
                "We cannot be reached at the moment. Please try again.".to_owned(),
            ),
        };
        let form = if let Self::Ask(_) = self { FORM } else { "" };
        let html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title></head>\n\
             <body>\n<h1>{title}</h1>\n<p>{text}</p>\n{form}</body>\n</html>\n"
        );
        let reply = Reply::text(status, "text/html; charset=utf-8", html)
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::CACHE_CONTROL, "no-store")
            // The URL is the right to opt out: it goes to nobody else.
            .header(header::REFERRER_POLICY, "no-referrer")
            .header(HeaderName::from_static("x-robots-tag"), "noindex")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        match self {
            Self::MethodNotAllowed => reply.header(header::ALLOW, "GET, POST"),
            Self::Unavailable => reply.header(header::RETRY_AFTER, "1"),
            _ => reply,
        }
    }
}

/// The end of a sentence, in HTML.
fn effect(opt_out: &OptOut) -> String {
    let what = match (&opt_out.group, opt_out.channel) {
        (Some(group), _) => format!("messages of the group “{}”", escape(group)),
        (None, Channel::Email) => "email from us".to_owned(),
        (None, Channel::Push) => "push messages from us".to_owned(),
        (None, Channel::Sms) => "text messages from us".to_owned(),
        (None, Channel::Slack) => "Slack messages from us".to_owned(),
        (None, Channel::InApp) => "messages in your inbox here".to_owned(),
    };
    format!("you get no more {what}, unless it is critical.")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use shared::domain::UserId;

    use super::*;

    fn html(page: &Page) -> String {
        match page.reply().into_response().into_body() {
            Body::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    fn of(channel: Channel, group: Option<&str>) -> OptOut {
        OptOut { user: UserId::random(), channel, group: group.map(str::to_owned) }
    }

    #[test]
    fn a_group_s_name_stays_text() {
        let html = html(&Page::Ask(of(Channel::Email, Some("</p><script>\"x'&"))));
        assert!(html.contains("“&lt;/p&gt;&lt;script&gt;&quot;x&#39;&amp;”"), "{html}");
        assert!(!html.contains("<script"), "{html}");
    }

    #[test]
    fn only_who_is_asked_has_a_button_and_nobody_is_named() {
        for group in [None, Some("news")] {
            for channel in Channel::ALL {
                let opt_out = of(channel, group);
                let [ask, done] = [Page::Ask(opt_out.clone()), Page::Done(opt_out.clone())].map(|page| html(&page));
                assert!(ask.contains("<form method=\"post\">") && !done.contains("<form"), "{ask}{done}");
                assert!(!format!("{ask}{done}").contains(&opt_out.user.to_string()));
            }
        }
        assert!(!html(&Page::NotOurs).contains("<form"));
    }
}
