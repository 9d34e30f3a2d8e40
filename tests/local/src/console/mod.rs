//! The parts for people: the command line ([`cli`]), the text that the terminal shows when everything is up
//! ([`screen`]), and the page under `/_local/ui` ([`page`]); the waits of [`retries`], which nobody has to sit through. This
//! module uses the rest of the crate, and the rest does not use this module.

pub mod cli;
pub mod page;
pub mod retries;
pub mod screen;

use crate::stack::{Options, Stack, StackError};

/// Starts a stack that also serves the page.
pub async fn start(options: Options) -> Result<Stack, StackError> {
    Stack::start_with(options, page::additions()).await
}
