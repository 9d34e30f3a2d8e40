//! The domain: users, channels, notifications and the decision whether to send. No AWS, no HTTP, no clock.

pub mod api_key;
pub mod channel;
pub mod custom;
pub mod decide;
pub mod decimal;
pub mod delivery;
pub mod display;
pub mod email;
pub mod endpoint;
pub mod handle;
pub mod ids;
pub mod json;
pub mod merge;
pub mod notification;
pub mod patch;
pub mod phone;
pub mod text;
pub mod time;
pub mod user;
pub mod webhook;

pub use api_key::{ApiKey, Scope};
pub use channel::Channel;
pub use decide::{Decision, Plan, decide};
pub use delivery::{Delivery, DeliveryStatus, Reason};
pub use email::EmailAddress;
pub use endpoint::{ConfiguredChannel, Endpoint, Provider, Settings};
pub use handle::{ChannelType, Handle};
pub use ids::{NotificationId, UserId};
pub use json::Json;
pub use merge::SettingsChange;
pub use notification::{Content, Notification};
pub use patch::Field;
pub use time::Timestamp;
pub use user::User;
