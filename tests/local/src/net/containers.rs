//! Relays for containers. The emulators listen on loopback, which a container cannot reach. So each endpoint gets a
//! relay on an address that a container can reach. `sam local` runs functions in containers.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The start of the endpoints in the functions' environments.
const LOOPBACK: &str = "http://127.0.0.1:";

/// The running relays. They end when this value is dropped.
#[derive(Debug)]
pub struct Containers {
    address: IpAddr,
    environments: Value,
    _relays: JoinSet<()>,
}

impl Containers {
    /// Starts a relay on `address` for every endpoint in the functions' environments (by logical id).
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
        Ok(Self { address, environments: json!(environments), _relays: relays })
    }

    /// The address on which the relays listen.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The functions' environments for containers, in the form of `sam local --env-vars`.
    pub fn environments(&self) -> &Value {
        &self.environments
    }
}

/// Forwards bytes in both directions until it is aborted. The connections end with it.
async fn relay(listener: TcpListener, port: u16) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((mut outside, _)) => {
                    connections.spawn(async move {
                        if let Ok(mut inside) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                            // Each side may close the connection at any time.
                            let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
                        }
                    });
                }
                // There may be no free file descriptors. The pause lets running connections end.
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
        // A container would also use another address of this machine than the endpoint's own.
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
