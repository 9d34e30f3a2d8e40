//! The parts for people: the command line ([`cli`]), the text that the terminal shows when everything is up
//! ([`screen`]), the page under `/_local/ui` ([`page`]), the demo's tokens in `/docs`, and the waits of [`retries`],
//! which nobody has to sit through. This module uses the rest of the crate, and the rest does not use this module.

pub mod cli;
mod docs;
pub mod page;
pub mod retries;
pub mod screen;

use crate::stack::{AddedRoutes, Additions, Options, Stack, StackError};

/// Starts a stack that also serves the page.
pub async fn start(options: Options) -> Result<Stack, StackError> {
    let Additions { routes, told, heard, .. } = page::additions();
    let routes: AddedRoutes = Box::new(|control| routes(control).merge(docs::routes()));
    Stack::start_with(options, Additions { routes, told, heard, around: docs::around }).await
}
