//! The answer that carries contract 3's user.

use lambda_http::http::StatusCode;
pub use shared::dialects::notiflows::user::{Readable, UserView};
use shared::{
    domain::User,
    http::{Reply, auth::Caller},
};

/// The answer that carries what this application may read of `user`, with its `ETag`.
pub fn reply(status: StatusCode, user: &User, caller: &Caller) -> Reply {
    Reply::json(status, &Readable::by(caller, user, UserView::from(user))).etag(user.version)
}
