//! Names that lead outside. Whoever names a webhook's host also rules over what its name resolves to, and from one moment
//! to the next: so the addresses are looked at here, where the connection takes them from, and nowhere before.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use crate::domain::webhook::is_public;

/// The system's resolver, without the addresses inside a network.
#[derive(Debug)]
pub(super) struct Outside {
    /// Names that may lead anywhere.
    pub exempt: Vec<String>,
}

/// A name has inner addresses only.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no address outside")]
pub(super) struct LeadsInside;

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        let exempt = self.exempt.iter().any(|exempt| exempt == name.as_str());
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let outside: Vec<SocketAddr> = found.filter(|address| exempt || is_public(address.ip())).collect();
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

    async fn resolved(exempt: &[&str], name: &str) -> Option<usize> {
        let outside = Outside { exempt: exempt.iter().map(|name| (*name).to_owned()).collect() };
        outside.resolve(name.parse().unwrap()).await.ok().map(Iterator::count)
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_has_no_address_unless_it_is_exempt() {
        assert_eq!(resolved(&[], "localhost").await, None);
        assert_eq!(resolved(&["other"], "localhost").await, None);
        assert!(resolved(&["localhost"], "localhost").await.is_some_and(|count| count > 0));
    }

    #[tokio::test]
    async fn a_client_does_not_even_connect_to_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        // Nobody answers there: a request that did go out ends by the time limit.
        let client = || Client::builder().no_proxy().timeout(Duration::from_millis(300));
        let strict = client().dns_resolver(Outside { exempt: Vec::new() }).build().unwrap();
        let error = strict.get(&url).send().await.unwrap_err();
        assert!(LeadsInside::caused(&error), "{error:?}");
        assert!(listener.accept().is_err(), "nobody has knocked");

        let lenient = client().dns_resolver(Outside { exempt: vec!["localhost".into()] }).build().unwrap();
        let error = lenient.get(&url).send().await.unwrap_err();
        assert!(!LeadsInside::caused(&error), "{error:?}");
        assert!(listener.accept().is_ok(), "and now somebody has");
    }
}
