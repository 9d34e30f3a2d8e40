//! TLS to AWS. Its services show certificates of Amazon's own authorities, whose five roots are compiled in: reading the
//! system's store, 140 certificates, takes longer than all the rest of a handshake. `AWS_CA_BUNDLE` names a PEM file of roots
//! to trust besides, as it does for the SDKs and the AWS CLI. In China AWS has other authorities: there the system's store is
//! read as well.

use std::{
    error::Error,
    ffi::OsString,
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{config, net};

type Fault = Box<dyn Error + Send + Sync>;

/// Amazon Trust Services' roots, as <https://www.amazontrust.com/repository/> lists them.
const ROOTS: [&[u8]; 5] = [
    include_bytes!("roots/amazon-root-ca-1.der"),
    include_bytes!("roots/amazon-root-ca-2.der"),
    include_bytes!("roots/amazon-root-ca-3.der"),
    include_bytes!("roots/amazon-root-ca-4.der"),
    include_bytes!("roots/starfield-services-root-g2.der"),
];

/// What connections go by, made by the first that needs it.
pub(super) fn amazon() -> Result<Arc<ClientConfig>, Fault> {
    known(false)
}

/// The same with the system's roots.
pub(super) fn amazon_and_system() -> Result<Arc<ClientConfig>, Fault> {
    known(true)
}

fn known(system: bool) -> Result<Arc<ClientConfig>, Fault> {
    static KNOWN: [OnceLock<Arc<ClientConfig>>; 2] = [OnceLock::new(), OnceLock::new()];
    let place = &KNOWN[usize::from(system)];
    if let Some(known) = place.get() {
        return Ok(known.clone());
    }
    let made = Arc::new(net::trusting(roots(config::optional("AWS_CA_BUNDLE").map(OsString::from), system)?)?);
    Ok(place.get_or_init(|| made).clone())
}

fn roots(bundle: Option<OsString>, system: bool) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    for root in ROOTS {
        roots.add(CertificateDer::from(root))?;
    }
    if let Some(path) = bundle {
        for root in CertificateDer::pem_file_iter(path)? {
            roots.add(root?)?;
        }
    }
    if system {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_roots_can_be_read() {
        assert!(roots(None, false).is_ok_and(|roots| roots.len() == ROOTS.len()));
    }

    #[test]
    fn a_bundle_that_is_not_there_or_holds_something_else_is_an_error() {
        let not_roots = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/broken-roots.pem");
        for path in ["/nowhere/roots.pem", not_roots] {
            assert!(roots(Some(path.into()), false).is_err(), "{path}");
        }
    }
}
