//! What this service speaks itself: users (contract 1), all that is held about one, and addresses that get no mail.

pub mod export;
pub mod suppressions;
pub mod users;
