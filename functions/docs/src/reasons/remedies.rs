//! What to do about each reason of a delivery.

use shared::domain::Reason;

/// What an application or an operator can do. Every reason has an answer here, or this does not compile.
pub const fn remedy(reason: Reason) -> &'static str {
    match reason {
        Reason::Expired => {
            "Nothing, if the message is no longer useful. Otherwise send it again with a later `expires_at`, or without \
             one. If many expire, check what they waited for: a pause, quiet hours, or a queue that grows (the alarm \
             `LatenessAlarm`)."
        }
        Reason::UserNotFound => {
            "Create the user with `POST /api/v1/users`, then send the notification again. If you name users by \
             `external_id`, check its spelling: it has to be the same as on creation, capital letters included."
        }
        Reason::UserErased => {
            "Nothing: this person must not be contacted any more. Remove the user from your own lists, too. Creating the \
             user again starts afresh."
        }
        Reason::NotSubscribed => {
            "Nothing: it is the user's choice, or the topic is gone. A user who subscribes again gets what is sent to the \
             topic from then on."
        }
        Reason::ChannelOff => {
            "Nothing: it is the user's choice. `GET /api/v1/users/{id}` shows it in `preferences`. A message that the \
             user must get, such as a security code, can be sent as `critical`, or in a category that is `critical`: it \
             ignores the switch."
        }
        Reason::GroupOptedOut => {
            "Nothing: it is the user's choice. The delivery's `trace` says which category, and whether the user is out of \
             it everywhere or on this channel only. A category that nobody can opt out of is `required`; one that is \
             opt-in has `default_in` false."
        }
        Reason::Paused => {
            "`GET /api/v1/pauses` shows the pauses with their reasons, and `DELETE /api/v1/pauses/{what}` ends one. What \
             is held is decided again within a minute after that. What a pause with the mode `drop` has skipped is not \
             sent any more: send it again."
        }
        Reason::NoProvider => {
            "Configure one with `PUT /api/v1/channels/{channel_id}`; `GET /api/v1/health` shows what else is missing. If \
             the notification should not go out on this channel, leave the channel out of `channels`."
        }
        Reason::NotYetDue => {
            "Nothing: it is decided again and sent at `send_at`. `DELETE /api/v1/notifications/{id}` cancels it until \
             then."
        }
        Reason::QuietHours => {
            "Nothing: it is decided again and sent when they end. `next_attempt_at` says when that is. A notification that \
             cannot wait can be sent as `critical`."
        }
        Reason::RateLimited => {
            "Nothing: it is sent when its turn comes, and uses up no attempt. If too many messages wait, ask the provider \
             for a higher rate, then raise `rate_per_second` of the configured channel."
        }
        Reason::NoAddress => {
            "Store one: the user's `email` or `push_token` with `PUT /api/v1/users/{id}`; device tokens, a Slack id, a \
             phone number or a webhook with `PUT /admin/v1/users/{user_id}/channel-settings/{channel_id}`. A token \
             that a provider has reported as gone was removed: the application has to register its new one."
        }
        Reason::AddressSuppressed => {
            "Ask the person for another address. If the old one works again, and the person wants the mail, an operator \
             lifts the suppression with `DELETE /api/v1/users/{id}/suppressions/{address}`; `GET \
             /api/v1/users/{id}/suppressions` says since when and why it is there."
        }
        Reason::DeviceHandedOn => {
            "Nothing, if somebody else has logged in on that device. When this user logs in again, the application \
             registers the token again, and the device is this user's again."
        }
        Reason::Cancelled => "Nothing. To send it after all, send a new notification with another `request_id`.",
        Reason::RenderFailed => {
            "The last step of the `trace` names the template, the place and the variable. Try the template with the same \
             variables at `POST /api/v1/templates/{code}/render`, correct it or the variables, and send the notification \
             again."
        }
        Reason::TooLong => {
            "The last step of the `trace` says what is too long, and the limit. Shorten the template, or cut the variable \
             in it (`{{ text[:100] }}`), then send the notification again."
        }
        Reason::AddressGone => {
            "Nothing has to be cleaned up: a device token is removed from the user, and a webhook that answered 410 is \
             switched off until it is set again. The next notification is sent to the addresses that are left."
        }
        Reason::ProviderRejected => {
            "The log of `dispatch` has the provider's own code in its line `refused`. As a rule it is about the content \
             (such as Slack blocks that are not valid) or about the address. Correct that, then send the notification \
             again."
        }
        Reason::ProviderUnavailable => {
            "Nothing, while it is `retrying`: `next_attempt_at` says when it is tried next. If it is `dead_lettered`, \
             wait until the provider works again, then redrive it with `POST /api/v1/dead-letters/redrive`."
        }
        Reason::ProviderMisconfigured => {
            "`GET /api/v1/health` says what is wrong with the provider, and how to repair it: a secret that is missing or \
             has another form, a sender that is not verified, an account in the sandbox. What is `dead_lettered` by then \
             is sent by `POST /api/v1/dead-letters/redrive`."
        }
        Reason::OutcomeUnknown => {
            "Ask the provider, or the person, before you send it again. Without `at_most_once` such a delivery is \
             repeated, and may arrive twice."
        }
        Reason::AttemptsExhausted => {
            "The worker died, or the table did not take the outcome: look at the log of `dispatch` for that time. If the \
             message may arrive twice, redrive it with `POST /api/v1/dead-letters/redrive`."
        }
        Reason::ReceivedTooOften => {
            "Look at the log of `dispatch` for the notification's id: something in this message or in its records stops \
             the worker. When that is repaired, redrive it with `POST /api/v1/dead-letters/redrive`."
        }
    }
}
