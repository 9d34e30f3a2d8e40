//! A stack for one section, requests to it, and their costs.

mod cost;
mod counts;
mod cpu;
mod mould;
mod request;
mod world;

pub use cost::Cost;
pub use counts::{Counts, Operation};
pub use mould::{Copy, Mould, batch};
pub use request::{Answer, Request};
pub use world::World;
