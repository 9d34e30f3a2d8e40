//! Names that lead outside. Whoever names a webhook's host also rules over what its name resolves to, and from one moment
//! to the next: so the addresses are looked at here, where the connection takes them from, and nowhere before.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use crate::domain::webhook::is_public;

/// The system's resolver, without the addresses inside a network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outside;

/// A name has inner addresses only.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no address outside")]
pub(super) struct LeadsInside;

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let outside: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if outside.is_empty() {
                return Err(LeadsInside.into());
            }
            Ok(Box::new(outside.into_iter()) as Addrs)
        })
    }
}

impl LeadsInside {
    /// Whether this is what kept a request from being sent.
    pub fn caused(error: &reqwest::Error) -> bool {
        let mut cause = Some(error as &(dyn std::error::Error + 'static));
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Duration};

    use reqwest::Client;

    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_inside_has_no_address() {
        let found = Outside.resolve("localhost".parse().unwrap()).await.map(Iterator::count);
        assert!(found.is_err_and(|error| error.is::<LeadsInside>()));
    }

    #[tokio::test]
    async fn a_client_does_not_even_connect_to_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        // Nobody answers there: a request that did go out ends by the time limit.
        let client = || Client::builder().no_proxy().timeout(Duration::from_millis(300));
        let error = client().dns_resolver(Outside).build().unwrap().get(&url).send().await.unwrap_err();
        assert!(LeadsInside::caused(&error), "{error:?}");
        assert!(listener.accept().is_err(), "nobody has knocked");

        let error = client().build().unwrap().get(&url).send().await.unwrap_err();
        assert!(!LeadsInside::caused(&error), "{error:?}");
        assert!(listener.accept().is_ok(), "and now somebody has");
    }
}
