//! The demo's Google service account.

use ring::signature::RsaKeyPair;
use serde_json::json;
use shared::jwt::EncodingKey;
use uuid::Uuid;

/// The account's RSA key. It is the same at every start and it is public, because `ring` cannot make RSA keys, and
/// making one takes long. The text before the key in the file is not part of it.
const KEY: &str = include_str!("google-account-key.pem");

/// The project that the demo's account belongs to.
pub(super) const PROJECT: &str = "tidings-demo";

/// An account and its key.
#[derive(Debug)]
pub(super) struct ServiceAccount {
    pub(super) client_email: String,
    pub(super) token_uri: String,
    pub(super) key_id: String,
    /// The public key: PKCS #1 as DER.
    pub(super) public_key: Vec<u8>,
    private_key: &'static str,
}

impl ServiceAccount {
    /// An account whose tokens come from this endpoint; `None` if its key is not valid.
    pub(super) fn new(google_endpoint: &str) -> Option<Self> {
        let private_key = KEY.get(KEY.find("-----BEGIN")?..)?;
        let pair = RsaKeyPair::from_der(EncodingKey::from_rsa_pem(private_key.as_bytes()).ok()?.as_bytes()).ok()?;
        Some(Self {
            client_email: format!("tidings@{PROJECT}.iam.gserviceaccount.com"),
            token_uri: format!("{google_endpoint}/token"),
            key_id: Uuid::new_v4().simple().to_string(),
            public_key: pair.public().as_ref().to_vec(),
            private_key,
        })
    }

    /// The account's key file, in the form of Google's console.
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
