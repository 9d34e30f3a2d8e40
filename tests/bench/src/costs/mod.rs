//! From counts to dollars. `prices.json` has all prices, [`Prices::bill`] is the only function that multiplies by them, and
//! `measured.json` has the figures that it is given: the section `money` measures them, `scale` reads them.

mod invocation;
pub mod logs;
mod measured;
mod prices;
mod usage;

pub use invocation::{Assumed, Invocation, STORED_BESIDE_EACH};
pub use measured::{Kind, Measured};
pub use prices::Prices;
pub use usage::{Bill, Usage};
