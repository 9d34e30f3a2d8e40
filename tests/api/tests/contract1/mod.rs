//! Contract 1, one row of its table after the other.

mod access;
mod bad_input;
mod erasure;
mod export;
mod external_ids;
mod freed_addresses;
mod large_erasure;
mod notifications;
mod preferences;
mod subscriptions;
mod users;
