//! Which pages may show the centre in a frame (`WidgetOrigins`).

/// The value of `frame-ancestors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestors(String);

/// A list that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be https origins, such as https://app.example.com, separated by commas")]
pub struct InvalidOrigins;

impl Ancestors {
    /// The origins of the list; no page at all where it is empty.
    pub fn of(origins: &[String]) -> Result<Self, InvalidOrigins> {
        if origins.is_empty() {
            return Ok(Self("'none'".to_owned()));
        }
        if origins.iter().all(|origin| is_origin(origin)) { Ok(Self(origins.join(" "))) } else { Err(InvalidOrigins) }
    }

    /// The list in the form of the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `https://host[:port]`. Other values of the policy (wildcards, schemes) would admit more pages than an operator can
/// foresee.
fn is_origin(text: &str) -> bool {
    let Some(authority) = text.strip_prefix("https://") else { return false };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let good = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    !host.is_empty() && host.chars().all(good) && is_port(port)
}

/// At most five digits, without a leading zero, as in the template's pattern for `WidgetOrigins`. If this check refused
/// a value that the pattern accepts, the function would not start. Browsers ignore a port above 65535.
fn is_port(text: &str) -> bool {
    text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') && !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(list: &str) -> Option<String> {
        let list: Vec<_> = list.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Ancestors::of(&list).ok().map(|ancestors| ancestors.as_str().to_owned())
    }

    #[test]
    fn only_whole_https_origins_are_taken() {
        assert_eq!(of("").as_deref(), Some("'none'"));
        assert_eq!(of("https://a.example").as_deref(), Some("https://a.example"));
        assert_eq!(
            of("https://a.example:8443,https://b.example").as_deref(),
            Some("https://a.example:8443 https://b.example")
        );
        for port in ["1", "65535", "65536", "99999"] {
            let origin = format!("https://a.example:{port}");
            assert_eq!(of(&origin), Some(origin), "the template takes it too");
        }
        for bad in [
            "*",
            "https:",
            "https://",
            "https://*.a.example",
            "http://a.example",
            "https://a.example/",
            "https://a.example;script-src *",
            "https://a b",
            "https://a:",
            "https://a:0",
            "https://a:+1",
            "https://a:0443",
            "https://a:100000",
            "https://a:b",
            "a.example",
            "'self'",
        ] {
            assert_eq!(of(bad), None, "{bad}");
            assert_eq!(of(&format!("https://a.example,{bad}")), None, "{bad}");
        }
    }
}
