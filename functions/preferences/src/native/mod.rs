//! This service's own dialect: channel preferences (contract 1), categories, quiet hours, links to the preference centre, and
//! unsubscribe links.

pub mod categories;
pub mod channel_preferences;
pub mod links;
pub mod preference_link;
pub mod quiet_hours;
pub mod unsubscribe;
