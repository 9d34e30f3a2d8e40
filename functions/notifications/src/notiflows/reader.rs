//! Who reads, and in which deployment.

use shared::http::auth::Caller;
use uuid::Uuid;

use crate::App;

/// What the views need besides the notification.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    pub caller: &'a Caller,
    pub namespace: Uuid,
}

impl<'a> Reader<'a> {
    /// For the application that calls.
    pub fn new(app: &App, caller: &'a Caller) -> Self {
        Self { caller, namespace: app.namespace }
    }
}
