//! What a person looks at: the command line ([`cli`]), the screen that the terminal shows once all is up ([`screen`]) and the
//! page under `/_local/ui` ([`page`]). It uses the rest of this crate, and nothing of the rest knows it.

pub mod cli;
pub mod page;
pub mod screen;

use crate::stack::{Options, Stack, StackError};

/// Starts a stack that also serves the page.
pub async fn start(options: Options) -> Result<Stack, StackError> {
    Stack::start_with(options, page::additions()).await
}
