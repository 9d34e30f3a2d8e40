//! The domain: users, channels, notifications and the decision whether to send. No AWS, no HTTP, no clock.

pub mod channel;
pub mod decide;
pub mod delivery;
pub mod email;
pub mod endpoint;
pub mod fedmember;
pub mod groups;
pub mod ids;
pub mod notification;
pub mod patch;
pub mod security;
pub mod text;
pub mod time;
pub mod user;

pub use channel::Channel;
pub use decide::{Decision, Plan, decide};
pub use delivery::{Delivery, DeliveryStatus, Reason};
pub use email::EmailAddress;
pub use endpoint::{ConfiguredChannel, Endpoint, Provider, Settings};
pub use fedmember::{AkanaUserId, Fedmember};
pub use groups::KnownGroups;
pub use ids::{NotificationId, UserId};
pub use notification::{Content, Notification};
pub use patch::Field;
pub use security::SecuritySettings;
pub use time::Timestamp;
pub use user::User;
