//! What the functions that speak contract 3 have in common: its errors, who may call, how settings of a channel and
//! preferences are read.

mod access;
mod device_tokens;
mod faults;
pub mod preferences;
mod problem;
mod rate;
pub mod settings;

pub use access::{Keys, admin};
pub use faults::{Faults, FieldFault};
pub use problem::{Credential, Problem, Resource};
pub use rate::{RateLimit, Slowed};
