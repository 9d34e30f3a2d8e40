//! Contract 1, row by row.

mod access;
mod bad_input;
mod erasure;
mod export;
mod notifications;
mod preferences;
mod users;
