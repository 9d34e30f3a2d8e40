//! Resolves names to public addresses. The owner of a webhook's host can change its addresses at any time. So the
//! addresses are checked here, where the connection gets them, and not earlier.

use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    task::{Context, Poll},
    vec,
};

use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use lambda_http::Service;
use tokio::net::lookup_host;

use crate::domain::webhook::is_public;

/// The system's resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolver {
    /// All addresses.
    Anywhere,
    /// Only public addresses.
    Outside,
}

/// The error of a name that has only internal addresses.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no address outside")]
pub(super) struct LeadsInside;

impl Resolver {
    /// Whether an address may be called.
    pub fn takes(self, address: IpAddr) -> bool {
        self == Self::Anywhere || is_public(address)
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = *self;
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let taken: Vec<SocketAddr> = found.filter(|address| resolver.takes(address.ip())).collect();
            if taken.is_empty() && resolver == Self::Outside {
                return Err(LeadsInside.into());
            }
            Ok(taken.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_inside_has_no_address_outside() {
        let name = || "localhost".parse::<Name>().unwrap();
        let found = Resolver::Outside.call(name()).await.map(Iterator::count);
        assert!(found.is_err_and(|error| error.is::<LeadsInside>()));
        assert!(Resolver::Anywhere.call(name()).await.unwrap().all(|address| address.ip().is_loopback()));
    }
}
