//! A way in for containers. What is emulated listens on loopback, which a container does not reach: on an address that it
//! does reach, each endpoint gets a relay. `sam local` runs functions in containers.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How the endpoints are written in the functions' environments.
const LOOPBACK: &str = "http://127.0.0.1:";

/// The relays; they end when this is dropped.
#[derive(Debug)]
pub struct Containers {
    environments: Value,
    _relays: JoinSet<()>,
}

impl Containers {
    /// Relays, on `address`, every endpoint that the functions' environments (by logical id) name.
    pub async fn start(address: IpAddr, functions: BTreeMap<String, BTreeMap<String, String>>) -> io::Result<Self> {
        let mut relays = JoinSet::new();
        let mut reached = BTreeMap::<String, SocketAddr>::new();
        let mut environments = BTreeMap::new();
        for (function, variables) in functions {
            let mut environment = BTreeMap::new();
            for (name, value) in variables {
                let port = value.strip_prefix(LOOPBACK).map(|rest| rest.chars().take_while(char::is_ascii_digit));
                let port = port.map(String::from_iter).unwrap_or_default();
                let value = match port.parse() {
                    Ok(number) => {
                        if !reached.contains_key(&port) {
                            let listener = TcpListener::bind((address, 0)).await?;
                            reached.insert(port.clone(), listener.local_addr()?);
                            relays.spawn(relay(listener, number));
                        }
                        value.replacen(&format!("{LOOPBACK}{port}"), &format!("http://{}", reached[&port]), 1)
                    }
                    Err(_) => value,
                };
                environment.insert(name, value);
            }
            environments.insert(function, environment);
        }
        Ok(Self { environments: json!(environments), _relays: relays })
    }

    /// The functions' environments for containers, as `sam local --env-vars` takes them.
    pub fn environments(&self) -> &Value {
        &self.environments
    }
}

/// Passes bytes on, both ways, until it is aborted; the connections end with it.
async fn relay(listener: TcpListener, port: u16) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((mut outside, _)) => {
                    connections.spawn(async move {
                        if let Ok(mut inside) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                            // Either side may hang up at any time.
                            let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
                        }
                    });
                }
                // Out of descriptors: give the connections under way a moment to end.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_endpoint_is_reached_through_its_relay_and_nothing_else_is_changed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("{LOOPBACK}{}", listener.local_addr().unwrap().port());
        let app = axum::Router::new().route("/queue", axum::routing::get(|| async { "here" }));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await });

        let variables =
            [("QUEUE_URL", format!("{endpoint}/queue")), ("SQS", endpoint.clone()), ("NAME", "tidings".into())];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        let functions = [("A".to_owned(), variables.clone().into()), ("B".to_owned(), variables.into())].into();
        // Another address of this machine than the endpoint's own, as a container would use.
        let containers = Containers::start([127, 0, 0, 2].into(), functions).await.unwrap();

        let environment = &containers.environments()["A"];
        assert_eq!(environment, &containers.environments()["B"]);
        assert_eq!(environment["NAME"], "tidings");
        let url = environment["QUEUE_URL"].as_str().unwrap();
        assert_eq!(url.strip_suffix("/queue"), environment["SQS"].as_str());
        assert!(url.starts_with("http://127.0.0.2:"), "{url}");
        let answer = reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "here");
        serving.abort();
    }
}
