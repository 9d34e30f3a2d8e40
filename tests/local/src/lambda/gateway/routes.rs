//! Chooses the template's route for a request, as an HTTP API does.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::percent;

/// The route for requests that no other route matches.
pub const DEFAULT: &str = "$default";

/// A route and its target.
#[derive(Debug)]
pub struct Target<T> {
    /// The route's key as in the event, such as `ANY /a/{id}`.
    pub key: String,
    method: String,
    segments: Vec<Segment>,
    is_default: bool,
    /// The target.
    pub to: T,
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
    Greedy(String),
}

/// The route that was chosen and the values of its parameters, decoded.
#[derive(Debug)]
pub struct Match<'a, T> {
    /// The route.
    pub target: &'a Target<T>,
    /// The values of the parameters `{name}`, by name.
    pub parameters: BTreeMap<String, String>,
}

/// All routes, the most specific first.
#[derive(Debug)]
pub struct Routes<T>(Vec<Target<T>>);

impl<T> Routes<T> {
    /// Makes routes of `(method, path, target)`, and orders them, the most specific first.
    pub fn new(routes: impl IntoIterator<Item = (String, String, T)>) -> Self {
        let routes = routes.into_iter().map(|(method, path, to)| Target::new(method, &path, to));
        let mut routes: Vec<_> = routes.collect();
        routes.sort_by_key(|target| Reverse(target.rank()));
        Self(routes)
    }

    /// The most specific route for a method and a path. The path is still percent-encoded, so that an encoded slash
    /// does not separate segments.
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_, T>> {
        let segments: Vec<_> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        self.0.iter().find_map(|target| {
            let takes_method = target.method == "ANY" || target.method.eq_ignore_ascii_case(method);
            let parameters = target.parameters(&segments).filter(|_| takes_method)?;
            Some(Match { target, parameters })
        })
    }
}

impl<T> Target<T> {
    fn new(method: String, path: &str, to: T) -> Self {
        let is_default = path == DEFAULT;
        let inner = path.strip_prefix('/').unwrap_or(path);
        Self {
            key: if is_default { DEFAULT.to_owned() } else { format!("{method} {path}") },
            method,
            segments: if is_default { Vec::new() } else { inner.split('/').map(Segment::read).collect() },
            is_default,
            to,
        }
    }

    /// How specific a route is. In each segment, a literal comes before a parameter, and a parameter before a greedy
    /// parameter. Then a method comes before `ANY`.
    fn rank(&self) -> (bool, Vec<u8>, bool) {
        let segments = self.segments.iter().map(|segment| match segment {
            Segment::Literal(_) => 3,
            Segment::Parameter(_) => 2,
            Segment::Greedy(_) => 1,
        });
        (!self.is_default, segments.collect(), self.method != "ANY")
    }

    fn parameters(&self, path: &[&str]) -> Option<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        if self.is_default {
            return Some(found);
        }
        let mut rest = path;
        for segment in &self.segments {
            let (&first, after) = rest.split_first()?;
            let value = percent::decode(first);
            match segment {
                Segment::Literal(literal) if *literal == value => {}
                Segment::Literal(_) => return None,
                // A parameter is never empty.
                _ if value.is_empty() => return None,
                Segment::Parameter(name) => drop(found.insert(name.clone(), value)),
                Segment::Greedy(name) => {
                    found.insert(name.clone(), percent::decode(&rest.join("/")));
                    return Some(found);
                }
            }
            rest = after;
        }
        rest.is_empty().then_some(found)
    }
}

impl Segment {
    fn read(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name.to_owned()),
                None => Self::Parameter(name.to_owned()),
            },
            None => Self::Literal(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(keys: &[(&str, &str)]) -> Routes<()> {
        Routes::new(keys.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned(), ())))
    }

    fn all() -> Routes<()> {
        routes(&[
            ("ANY", "$default"),
            ("ANY", "/api/{proxy+}"),
            ("ANY", "/api/users/{id}"),
            ("GET", "/api/users/{id}"),
            ("ANY", "/api/users/me"),
            ("ANY", "/api/users/{id}/preferences"),
            ("ANY", "/"),
        ])
    }

    #[test]
    fn the_most_specific_route_wins() {
        for (method, path, key) in [
            ("GET", "/api/users/me", "ANY /api/users/me"),
            ("GET", "/api/users/%6De", "ANY /api/users/me"),
            ("GET", "/api/users/7", "GET /api/users/{id}"),
            ("PUT", "/api/users/7", "ANY /api/users/{id}"),
            ("PUT", "/api/users/7/preferences", "ANY /api/users/{id}/preferences"),
            ("PUT", "/api/users/7/preferences/", "ANY /api/{proxy+}"),
            ("PUT", "/api/users/", "ANY /api/{proxy+}"),
            ("PUT", "/api", "$default"),
            ("PUT", "/api/", "$default"),
            ("GET", "/", "ANY /"),
            ("GET", "/other", "$default"),
        ] {
            let routes = all();
            let found = routes.find(method, path).unwrap();
            assert_eq!(found.target.key, key, "{method} {path}");
        }
    }

    #[test]
    fn parameters_are_decoded_after_the_path_is_parted() {
        let routes = all();
        let found = routes.find("PUT", "/api/users/a%2Fb%25/preferences").unwrap();
        assert_eq!(found.parameters["id"], "a/b%");
        let found = routes.find("PUT", "/api/x/y%20z/").unwrap();
        assert_eq!(found.parameters["proxy"], "x/y z/");
    }

    #[test]
    fn without_a_default_route_the_rest_is_not_found() {
        let routes = routes(&[("GET", "/a")]);
        assert!(routes.find("GET", "/b").is_none());
        assert!(routes.find("POST", "/a").is_none());
        assert!(routes.find("GET", "/a").is_some());
    }
}
