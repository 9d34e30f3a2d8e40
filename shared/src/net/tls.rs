//! TLS, and its trusted root certificates.

use std::{
    error::Error,
    fmt,
    sync::{Arc, LazyLock, OnceLock},
};

use rustls::{ClientConfig, RootCertStore, client::Resumption, crypto::ring::default_provider};

/// How many TLS sessions are remembered for resumption.
const SESSIONS: usize = 32;

type Fault = Box<dyn Error + Send + Sync>;

/// The trusted root certificates. They are read for the first connection and not earlier, because this takes longer
/// than everything else at a start, and most functions never call a server over https. A clone shares them.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    roots: Box<dyn Fn() -> Result<RootCertStore, Fault> + Send + Sync>,
    known: OnceLock<ClientConfig>,
}

static SYSTEM: LazyLock<Tls> = LazyLock::new(|| {
    Tls::new(|| {
        let mut roots = RootCertStore::empty();
        if add_system(&mut roots) == 0 {
            // Then every connection fails with its own error.
            tracing::error!("the system has no certificates to trust");
        }
        Ok(roots)
    })
});

impl Tls {
    /// Trusts the root certificates that `roots` reads.
    pub fn new(roots: impl Fn() -> Result<RootCertStore, Fault> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { roots: Box::new(roots), known: OnceLock::new() }))
    }

    /// Trusts the system's root certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` can name others).
    pub fn of_system() -> Self {
        SYSTEM.clone()
    }

    /// The TLS configuration for a connection.
    pub(super) fn config(&self) -> Result<ClientConfig, Fault> {
        if let Some(known) = self.0.known.get() {
            return Ok(known.clone());
        }
        let made = trusting((self.0.roots)()?)?;
        Ok(self.0.known.get_or_init(|| made).clone())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

/// Adds the system's root certificates. Returns how many they are.
pub fn add_system(roots: &mut RootCertStore) -> usize {
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs).0
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let config =
        ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(config)
}
