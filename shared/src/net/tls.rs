//! TLS, with the certificates that the system trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others).

use std::{
    error::Error,
    sync::{Arc, LazyLock},
};

use rustls::{ClientConfig, RootCertStore, client::Resumption, crypto::ring::default_provider};

/// How many sessions are remembered, to be taken up again.
const SESSIONS: usize = 32;

/// Built for the first connection that needs it: to read the system's certificates takes longer than all else at a start,
/// and most functions never call anybody over https.
static SYSTEM: LazyLock<Result<ClientConfig, rustls::Error>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (good, bad) = roots.add_parsable_certificates(found.certs);
    if good == 0 {
        // Every connection fails then, one by one.
        tracing::error!(bad, errors = found.errors.len(), "the system has no certificates to trust");
    }
    trusting(roots)
});

/// What connections are made by, as the system has it.
pub(super) fn system() -> Result<ClientConfig, rustls::Error> {
    SYSTEM.clone()
}

/// The same with other certificates than the system's.
pub fn trusting(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let config =
        ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(config)
}

/// What connections to an origin are made by, as the system has it.
pub fn of_system() -> Result<Arc<ClientConfig>, Box<dyn Error + Send + Sync>> {
    Ok(Arc::new(system()?))
}
