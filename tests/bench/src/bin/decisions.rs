//! Decides and renders as many times as its argument says, and does nothing else. It measures the cost of a decision.

use std::hint::black_box;
use std::process::ExitCode;
use uuid::Uuid;

use shared::render::prepare;
use shared::{
    clock::Clock,
    domain::{
        Channel, ConfiguredChannel, Content, DecisionInput, Endpoint, NO_CATEGORIES, NO_PAUSES, NOTHING_LOOKED_UP,
        Notification, NotificationId, Provider, Settings, Timestamp, User, UserId, user::UserRecord,
    },
};

fn main() -> ExitCode {
    let Some(times) = std::env::args().nth(1).and_then(|times| times.parse::<u32>().ok()) else {
        eprintln!("decisions: how often?");
        return ExitCode::FAILURE;
    };
    let now = Clock::system().now();
    let secret = Some("tidings/slack".to_owned());
    let slack = ConfiguredChannel { secret, ..ConfiguredChannel::new("slack-1", Provider::Slack) };
    let settings = Settings { slack_channel_id: Some("C0123456789".to_owned()), ..Settings::default() };
    let endpoint = Endpoint { provider: Provider::Slack, settings, created_at: now, updated_at: now, gone_at: None };
    let id = UserId::from(Uuid::new_v4());
    let user = User {
        channels: [(Channel::Slack, true)].into(),
        groups: [("orders".to_owned(), true)].into(),
        endpoints: [(slack.id.clone(), endpoint)].into(),
        ..User::new(id, now)
    };
    let notification = notification(id, now);
    let user = UserRecord::Present(Box::new(user));
    let configured = [slack];
    for _ in 0..times {
        let facts = DecisionInput {
            user: Some(&user),
            configured: &configured,
            categories: &NO_CATEGORIES,
            pauses: &NO_PAUSES,
            notification: &notification,
            looked_up: &NOTHING_LOOKED_UP,
        };
        black_box(prepare(black_box(facts), None, None, Channel::Slack, now));
    }
    ExitCode::SUCCESS
}

fn notification(user_id: UserId, now: Timestamp) -> Notification {
    let title = Some("Order shipped".to_owned());
    let content = Content::Inline { subject: None, title, body: "It should be with you on Thursday.".to_owned() };
    let plain = Notification::new(NotificationId::from(Uuid::new_v4()), user_id, vec![Channel::Slack], content, now);
    Notification { group: Some("orders".to_owned()), ..plain }
}
