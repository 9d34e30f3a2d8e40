//! The domain: users, channels, notifications and the decision whether to send. No AWS, no HTTP, no clock.

pub mod api_key;
pub mod channel;
pub mod content_length;
pub mod custom;
pub mod dead_letter;
pub mod decide;
pub mod decimal;
pub mod delivery;
pub mod device;
pub mod device_token;
pub mod display;
pub mod email;
pub mod endpoint;
pub mod exact;
pub mod fedmember;
pub mod groups;
pub mod handle;
pub mod ids;
pub mod inbox;
pub mod json;
pub mod link;
pub mod merge;
pub mod notification;
pub mod patch;
pub mod phone;
pub mod provider;
pub mod push_data;
pub mod quiet;
pub mod rendered_content;
pub mod security;
pub mod suppression;
pub mod text;
pub mod time;
pub mod trace;
pub mod user;
pub mod user_change;
pub mod webhook;

pub use api_key::{ApiKey, Scope};
pub use channel::Channel;
pub use dead_letter::DeadLetter;
pub use decide::{
    Decided, Decision, DecisionInput, Hold, LookedUp, NOTHING_LOOKED_UP, Plan, Platform, Route, ToLookUp,
    addresses_to_look_up, decide,
};
pub use delivery::{AddressOutcome, AddressState, Delivery, DeliveryStatus, Reason};
pub use device::{DeviceHash, DeviceOwner, DeviceOwners};
pub use email::EmailAddress;
pub use endpoint::{ConfiguredChannel, Endpoint, Settings};
pub use fedmember::{AkanaUserId, Fedmember};
pub use groups::KnownGroups;
pub use handle::{ChannelType, Handle};
pub use ids::{NotificationId, UserId};
pub use inbox::{InboxChange, InboxEntry, InboxState};
pub use json::Json;
pub use link::{LinkBinding, LinkEpoch};
pub use merge::SettingsChange;
pub use notification::{Content, Notification};
pub use patch::Field;
pub use provider::{AddressKind, Provider};
pub use quiet::{QuietHours, TimeOfDay, Weekday};
pub use rendered_content::RenderedContent;
pub use security::SecuritySettings;
pub use suppression::{AddressHash, Cause, Suppressed, Suppression};
pub use time::Timestamp;
pub use user::User;
pub use user_change::UserChange;
