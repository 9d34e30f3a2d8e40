//! The demo's Google service account, with a key of its own at every start.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use uuid::Uuid;

/// The project that the demo's account belongs to.
pub(super) const PROJECT: &str = "tidings-demo";

/// An account and its key.
#[derive(Debug)]
pub(super) struct ServiceAccount {
    pub(super) client_email: String,
    pub(super) token_uri: String,
    pub(super) key_id: String,
    /// PKCS#1, DER.
    pub(super) public_key: Vec<u8>,
    private_key: String,
}

impl ServiceAccount {
    /// Makes an account whose tokens come from this Google; `None` where no key can be made.
    pub(super) fn generate(google_endpoint: &str) -> Option<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().ok()?;
        Some(Self {
            client_email: format!("tidings@{PROJECT}.iam.gserviceaccount.com"),
            token_uri: format!("{google_endpoint}/token"),
            key_id: Uuid::new_v4().simple().to_string(),
            public_key: pair.public_key().as_ref().to_vec(),
            private_key: pem(pkcs8.as_ref()),
        })
    }

    /// The file that Google's console hands out.
    pub(super) fn json(&self) -> String {
        json!({
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": self.key_id,
            "private_key": self.private_key,
            "client_email": self.client_email,
            "client_id": "100000000000000000000",
            "token_uri": self.token_uri,
            "universe_domain": "googleapis.com",
        })
        .to_string()
    }
}

fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}
