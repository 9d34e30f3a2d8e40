//! The URLs that a webhook may have: public addresses, and the hosts that an operator trusts.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use url::{Host, Url};

/// The most bytes of a webhook's URL.
const MAX_BYTES: usize = 2048;

/// The hosts that an operator trusts: they may be called over plain HTTP, and may have internal addresses. The list is
/// the deployment's `WebhookInsecureHosts`. It counts where a URL is registered and where it is called.
#[derive(Clone, Debug, Default)]
pub struct InsecureHosts(Arc<[String]>);

impl InsecureHosts {
    /// From hosts that are written as `host` or `host:port`.
    pub fn new(hosts: Vec<String>) -> Self {
        Self(hosts.into_iter().map(|host| host.to_lowercase()).collect())
    }

    /// Whether there is no such host.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return false };
        let host_and_port = format!("{host}:{port}");
        self.0.iter().any(|named| named == host || *named == host_and_port)
    }
}

/// A URL that a webhook may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookUrl {
    /// The URL in its normal form, in which an address has one spelling (`https://0x7f.1` is `127.0.0.1`).
    pub url: Url,
    /// Whether an operator trusts the host. If not, its name can still resolve to an internal address: the sender of
    /// the webhook must check that with [`is_public`].
    pub is_trusted: bool,
}

/// Reads a URL without credentials, https or of a host in `insecure`. Any other host must not be an address inside a
/// network or a name of this machine; else `None`.
pub fn parse(raw: &str, insecure: &InsecureHosts) -> Option<WebhookUrl> {
    if raw.len() > MAX_BYTES || raw.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let url = Url::parse(raw).ok()?;
    let is_trusted = insecure.has(&url);
    let allowed = match (url.scheme(), url.host()?) {
        ("http" | "https", _) if is_trusted => true,
        ("https", Host::Domain(name)) => is_public_name(name),
        ("https", Host::Ipv4(address)) => is_public_v4(address),
        ("https", Host::Ipv6(address)) => is_public_v6(address),
        _ => false,
    };
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    (allowed && !has_credentials && url.as_str().len() <= MAX_BYTES).then_some(WebhookUrl { url, is_trusted })
}

/// Whether an address is public: not private, loopback, link-local (where a cloud keeps its metadata), multicast or
/// otherwise special (<https://www.iana.org/assignments/iana-ipv4-special-registry>, and the same registry for IPv6).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_lowercase();
    let inner = ["localhost", "local", "internal", "localdomain"];
    name.contains('.') && !inner.iter().any(|suffix| name.rsplit('.').next() == Some(suffix))
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = a == 0 // this network
        || (a == 100 && (64..128).contains(&b)) // carriers' NAT, RFC 6598
        || (a == 192 && b == 0 && c == 0) // IETF protocol assignments, RFC 6890
        || (a == 192 && b == 88 && c == 99) // relays of 6to4, RFC 7526
        || (a == 198 && (18..20).contains(&b)) // benchmarks, RFC 2544
        || a >= 224; // multicast, reserved, broadcast
    !(special || address.is_private() || address.is_loopback() || address.is_link_local() || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([one, two], [three, four]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(one, two, three, four))
    };
    match (a, b) {
        // These IPv6 addresses contain an IPv4 address: mapped, NAT64 (RFC 6052), 6to4 (RFC 3056).
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xffff) => embedded(g, h),
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => embedded(g, h),
        (0x2002, _) => embedded(b, c),
        // Protocol assignments, Teredo among them (RFC 2928, RFC 4380); documentation (RFC 3849, RFC 9637).
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // All public addresses begin with the bits 001 (RFC 4291 §2.4).
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Option<String> {
        super::parse(raw, &InsecureHosts::default()).map(|WebhookUrl { url, is_trusted }| {
            assert!(!is_trusted);
            url.into()
        })
    }

    #[test]
    fn only_a_host_that_is_named_may_be_plain_or_inside() {
        let hosts = ["127.0.0.1:4711", "Hooks.Internal", "corp.example.com:8080", "[::1]:80"].map(str::to_owned);
        let hosts = InsecureHosts::new(hosts.to_vec());
        for (good, is_trusted) in [
            ("https://hooks.example.com/a", false),
            ("https://corp.example.com/a", false),
            ("https://corp.example.com:8080/a", true),
            ("http://127.0.0.1:4711/a", true),
            ("http://hooks.internal/a", true),
            ("https://hooks.internal:8443/a", true),
            ("http://[::1]/a", true),
        ] {
            let url = Url::parse(good).unwrap();
            assert_eq!(super::parse(good, &hosts), Some(WebhookUrl { url, is_trusted }));
        }
        for bad in [
            "http://hooks.example.com/a",
            "http://corp.example.com/a",
            "http://127.0.0.1:4712/a",
            "http://127.0.0.1/a",
            "https://127.0.0.1/a",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:10.0.0.1]/a",
            "https://other.internal/a",
            "http://user:pass@127.0.0.1:4711/a",
            "ftp://127.0.0.1:4711/a",
            "127.0.0.1:4711",
            "",
        ] {
            assert_eq!(super::parse(bad, &hosts), None, "{bad}");
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse("http://127.0.0.1:4711/a"), None);
    }

    #[test]
    fn the_outside_over_https() {
        for good in [
            "https://hooks.example.com/a?b=c",
            "https://example.com:8443/",
            "https://93.184.216.34/x",
            "https://[2606:2800:220:1::1]/",
            "https://[::ffff:93.184.216.34]/",
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        assert_eq!(parse("HTTPS://Hooks.Example.com").as_deref(), Some("https://hooks.example.com/"));
    }

    #[test]
    fn an_address_is_outside_or_it_is_not() {
        let public = |text: &str| is_public(text.parse().unwrap());
        for outside in [
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "169.253.0.1",
            "192.88.98.1",
            "198.20.0.1",
            "223.255.255.254",
            "2600:1f18::1",
            "2a00:1450:4001::200e",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(public(outside), "{outside}");
        }
        for inside in [
            "0.0.0.0",
            "0.1.2.3",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::8.8.8.8",
            "::1:808:808",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(inside), "{inside}");
        }
    }

    #[test]
    fn nothing_inside_in_whatever_spelling() {
        for bad in [
            "",
            "example.com",
            "http://example.com/",
            "ftp://example.com/",
            "https://",
            "https://user:pass@example.com/",
            "https://user@example.com/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://printer.local/",
            "https://metadata.google.internal/",
            "https://intranet/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://0/",
            "https://10.0.0.1/",
            "https://172.16.5.4/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://255.255.255.255/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://[2002:7f00:1::]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[ff02::1]/",
            "https://exa\nmple.com/",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
