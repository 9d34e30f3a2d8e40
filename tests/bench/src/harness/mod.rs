//! A stack of one's own, requests to it, and what they cost.

mod counts;
mod request;
mod world;

pub use counts::{Counts, Operation};
pub use request::{Answer, Request};
pub use world::World;
