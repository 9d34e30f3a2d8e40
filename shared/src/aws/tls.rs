//! The authorities that connections to AWS trust: the public ones of the Mozilla programme, which are compiled in
//! (`webpki-roots`).
//!
//! The system's store has the same authorities, but to read and parse its file of 140 certificates takes longer than
//! the rest of a cold start's first call. The store is read as well where an operator asks for it (`SSL_CERT_FILE`,
//! `SSL_CERT_DIR`), and outside AWS's public partitions, whose end points may show certificates of authorities that
//! only the system knows. `AWS_CA_BUNDLE` names a PEM file of further roots to trust, as it does for the other SDKs and
//! the AWS CLI.

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::net::{Tls, add_system};

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// By the file of `AWS_CA_BUNDLE`, the region, and the environment's settings.
pub(super) fn trust(bundle: Option<String>, region: &str, setting: impl Fn(&str) -> Option<String>) -> Tls {
    let system = needs_system(region, setting);
    Tls::new(move || roots(bundle.as_deref(), system))
}

/// Whether the system's store is read: it is asked for, or the region is in China, in the European Sovereign Cloud or in one
/// of the isolated partitions (`us-iso-…`, `us-isob-…`, `eu-isoe-…`).
fn needs_system(region: &str, setting: impl Fn(&str) -> Option<String>) -> bool {
    let is_apart = region.starts_with("cn-") || region.starts_with("eusc-") || region.contains("-iso");
    is_apart || ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| setting(name).is_some())
}

fn roots(bundle: Option<&str>, system: bool) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = bundle {
        for root in CertificateDer::pem_file_iter(path)? {
            roots.add(root?)?;
        }
    }
    if system {
        add_system(&mut roots);
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_authorities_are_there_without_reading_a_file() {
        let roots = roots(None, false).unwrap();
        assert!(roots.len() > 100, "{}", roots.len());
        let named = |name: &[u8]| roots.roots.iter().any(|root| root.subject.windows(name.len()).any(|w| w == name));
        for amazon in ["Amazon Root CA 1", "Amazon Root CA 3", "Starfield Services Root Certificate Authority - G2"] {
            assert!(named(amazon.as_bytes()), "{amazon}");
        }
    }

    #[test]
    fn a_bundle_that_is_not_there_or_holds_something_else_is_an_error() {
        let not_roots = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/broken-roots.pem");
        for path in ["/nowhere/roots.pem", not_roots] {
            assert!(roots(Some(path), false).is_err(), "{path}");
        }
        let one = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/localhost.pem");
        let (without, with) = (roots(None, false).unwrap().len(), roots(Some(one), false).unwrap().len());
        assert_eq!(with, without + 1);
    }

    #[test]
    fn the_system_s_store_is_read_where_it_is_asked_for_or_needed() {
        let needed = |region: &str, set: &str| needs_system(region, |name| (name == set).then(|| "x".to_owned()));
        for region in ["us-east-1", "eu-central-1", "us-gov-west-1", "ap-southeast-2"] {
            assert!(!needed(region, "AWS_CA_BUNDLE"), "{region}");
        }
        for (region, set) in [
            ("cn-north-1", ""),
            ("eusc-de-east-1", ""),
            ("us-iso-east-1", ""),
            ("us-isob-east-1", ""),
            ("eu-isoe-west-1", ""),
            ("eu-central-1", "SSL_CERT_FILE"),
            ("eu-central-1", "SSL_CERT_DIR"),
        ] {
            assert!(needed(region, set), "{region} {set}");
        }
        let (public, both) = (roots(None, false).unwrap().len(), roots(None, true).unwrap().len());
        assert!(both > public, "{both} {public}");
    }
}
