//! TLS to AWS. Its services show certificates of Amazon's own authorities, whose five roots are compiled in: reading the
//! system's store, 140 certificates, takes longer than all the rest of a handshake. `AWS_CA_BUNDLE` names a PEM file of roots
//! to trust besides, as it does for the SDKs and the AWS CLI. In China AWS has other authorities: there the system's store is
//! read as well.

use std::{
    env,
    io::{self, Error},
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Amazon Trust Services' roots, as <https://www.amazontrust.com/repository/> lists them.
const ROOTS: [&[u8]; 5] = [
    include_bytes!("roots/amazon-root-ca-1.der"),
    include_bytes!("roots/amazon-root-ca-2.der"),
    include_bytes!("roots/amazon-root-ca-3.der"),
    include_bytes!("roots/amazon-root-ca-4.der"),
    include_bytes!("roots/starfield-services-root-g2.der"),
];

/// How many sessions are remembered, to be taken up again: one a service.
const SESSIONS: usize = 8;

/// The configuration of this process, made by the first connection that needs one.
pub(super) fn config(trusts_system: bool) -> io::Result<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    let config = build(env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()), trusts_system)?;
    Ok(CONFIG.get_or_init(|| Arc::new(config)).clone())
}

fn build(bundle: Option<std::ffi::OsString>, trusts_system: bool) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for root in ROOTS {
        roots.add(CertificateDer::from(root)).map_err(Error::other)?;
    }
    if let Some(path) = bundle {
        for root in CertificateDer::pem_file_iter(path).map_err(Error::other)? {
            roots.add(root.map_err(Error::other)?).map_err(Error::other)?;
        }
    }
    if trusts_system {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(Error::other)?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(config)
}
