//! What this service speaks itself: users (contract 1), all that is held about one, topics that one is
//! subscribed to, and addresses that get no mail; and what
//! an operator sets up: keys of applications, and channels.

pub mod api_keys;
pub mod channels;
pub mod export;
pub mod health;
pub mod subscriptions;
pub mod suppressions;
pub mod users;
