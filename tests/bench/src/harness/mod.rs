//! A stack for one section, requests to it, and their costs.

mod cost;
mod counts;
mod cpu;
mod request;
mod runs;
mod seed_template;
mod world;

pub use cost::Cost;
pub use counts::{Counts, Operation};
pub use cpu::cpu_us;
pub use request::{Answer, Request};
pub use runs::named;
pub use seed_template::{Copy, DEVICE, SeedTemplate, batch};
pub use world::World;
