use super::*;
use crate::{delivery::tests::outgoing, domain::Channel};

const LATER: Outcome = Outcome::Retry { after: None };
const TOO_MANY: Outcome = Outcome::NotTried { after: None };

#[test]
fn every_documented_error_is_told_apart() {
    use Outcome::{AddressGone, Misconfigured, Rejected, Unknown};
    for (error, outcome) in [
        ("access_denied", Misconfigured),
        ("accesslimited", Misconfigured),
        ("account_inactive", Misconfigured),
        ("as_user_not_supported", Misconfigured),
        ("attachment_payload_limit_exceeded", Rejected),
        ("cannot_reply_to_message", Rejected),
        ("channel_not_found", Rejected),
        ("deprecated_endpoint", Misconfigured),
        ("duplicate_channel_not_found", Rejected),
        ("duplicate_message_not_found", Rejected),
        ("ekm_access_denied", Misconfigured),
        ("enterprise_is_restricted", Misconfigured),
        ("fatal_error", Unknown),
        ("internal_error", Unknown),
        ("invalid_arg_name", Rejected),
        ("invalid_arguments", Rejected),
        ("invalid_array_arg", Rejected),
        ("invalid_auth", Misconfigured),
        ("invalid_blocks", Rejected),
        ("invalid_blocks_format", Rejected),
        ("invalid_charset", Rejected),
        ("invalid_form_data", Rejected),
        ("invalid_metadata_format", Rejected),
        ("invalid_metadata_schema", Rejected),
        ("invalid_post_type", Rejected),
        ("is_archived", AddressGone { since: None }),
        ("markdown_text_conflict", Rejected),
        ("message_limit_exceeded", TOO_MANY),
        ("messages_tab_disabled", Misconfigured),
        ("metadata_must_be_sent_from_app", Rejected),
        ("metadata_too_large", Rejected),
        ("method_deprecated", Misconfigured),
        ("missing_file_data", Rejected),
        ("missing_post_type", Rejected),
        ("missing_scope", Misconfigured),
        ("msg_blocks_too_long", Rejected),
        ("msg_too_long", Rejected),
        ("no_permission", Misconfigured),
        ("no_text", Rejected),
        ("not_allowed_token_type", Misconfigured),
        ("not_authed", Misconfigured),
        ("not_in_channel", Rejected),
        ("org_login_required", LATER),
        ("rate_limited", TOO_MANY),
        ("ratelimited", TOO_MANY),
        ("request_timeout", LATER),
        ("restricted_action", Rejected),
        ("restricted_action_non_threadable_channel", Rejected),
        ("restricted_action_read_only_channel", Rejected),
        ("restricted_action_thread_locked", Rejected),
        ("restricted_action_thread_only_channel", Rejected),
        ("send_on_behalf_not_allowed", Misconfigured),
        ("service_unavailable", LATER),
        ("slack_connect_canvas_sharing_blocked", Rejected),
        ("slack_connect_file_link_sharing_blocked", Rejected),
        ("slack_connect_lists_sharing_blocked", Rejected),
        ("team_access_not_granted", Misconfigured),
        ("team_added_to_org", LATER),
        ("team_not_found", Rejected),
        ("token_expired", Misconfigured),
        ("token_revoked", Misconfigured),
        ("too_many_attachments", Rejected),
        ("too_many_contact_cards", Rejected),
        ("two_factor_setup_required", Misconfigured),
        ("an_error_of_tomorrow", LATER),
    ] {
        assert_eq!(classify(200, Some(error), None), outcome, "{error}");
    }
}

#[test]
fn an_answer_without_a_known_error_goes_by_its_status() {
    let after = Some(Duration::from_secs(30));
    for (status, error, outcome) in [
        (429, Some("ratelimited"), Outcome::NotTried { after }),
        (429, None, Outcome::NotTried { after }),
        (503, None, Outcome::Retry { after }),
        (403, None, Outcome::Misconfigured),
        (404, None, Outcome::Misconfigured),
        (413, None, Outcome::Rejected),
        (302, None, Outcome::Retry { after }),
    ] {
        assert_eq!(classify(status, error, after), outcome, "{status} {error:?}");
    }
}

#[test]
fn a_token_is_bare_or_in_json_and_nothing_else() {
    let bot = Some("xoxb-1-2-abc".to_owned());
    assert_eq!(token("xoxb-1-2-abc"), bot);
    assert_eq!(token(" xoxb-1-2-abc\n"), bot);
    assert_eq!(token(r#"{"token": "xoxb-1-2-abc"}"#), bot);
    for bad in ["", "{}", "null", r#"{"token": 1}"#, r#"{"token": "x"}"#, "secret", "xoxb-1\n2", "xoxb-ä"] {
        assert_eq!(token(bad), None, "{bad:?}");
    }
}

#[tokio::test]
async fn what_is_not_slack_s_is_not_sent() {
    let slack = Slack::new("http://127.0.0.1:1", Clock::system());
    let (chat, sms) = (RenderedContent::Slack(Chat::default()), RenderedContent::Sms("x".into()));
    let send = async |content, secret| slack.send(&outgoing(Channel::Slack, "C1", content), secret).await;
    assert_eq!(send(&chat, "").await, Outcome::Misconfigured);
    assert_eq!(send(&sms, "xoxb-1").await, Outcome::Rejected);
    // Nobody listens there, so the request was not sent.
    assert_eq!(send(&chat, "xoxb-1").await, LATER);
}
