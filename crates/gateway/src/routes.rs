//! Which path goes where. Nothing is sent from here.

use http::Uri;

/// Some paths and the processes that serve them.
#[derive(Debug, Clone)]
pub struct Route {
    /// What the paths begin with. `/login` stands for `/login` and everything below `/login/`. A prefix that ends in `/`
    /// or `.`, such as `/t/` or `/polity.forum.v1.`, stands for everything that begins so. `/` stands for itself alone.
    pub prefix: String,
    /// Where the processes listen, such as `http://forum-1:8080`, taken in turn.
    pub targets: Vec<Uri>,
    /// Whether it also takes what no prefix stands for.
    pub fallback: bool,
}

/// Why a route can never work.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RouteError {
    /// A prefix no path begins with.
    #[error("the prefix `{prefix}` must begin with `/`")]
    Prefix {
        /// The prefix.
        prefix: String,
    },
    /// Nobody to send to.
    #[error("the route `{prefix}` has no target")]
    NoTarget {
        /// The route's prefix.
        prefix: String,
    },
    /// A target that is not `http://host:port`.
    #[error("the target `{target}` of the route `{prefix}` must be of the form `http://host:port`")]
    Target {
        /// The route's prefix.
        prefix: String,
        /// The target.
        target: Uri,
    },
}

impl Route {
    /// Whether it could ever work.
    pub(crate) fn check(&self) -> Result<(), RouteError> {
        let prefix = || self.prefix.clone();
        if !self.prefix.starts_with('/') {
            return Err(RouteError::Prefix { prefix: prefix() });
        }
        if self.targets.is_empty() {
            return Err(RouteError::NoTarget { prefix: prefix() });
        }
        let works = |target: &&Uri| target.scheme_str() == Some("http") && target.authority().is_some();
        match self.targets.iter().find(|target| !works(target)) {
            Some(target) => Err(RouteError::Target { prefix: prefix(), target: target.clone() }),
            None => Ok(()),
        }
    }
}

/// Prefixes with what belongs to them, the longest first.
pub(crate) struct Table<T>(Vec<Entry<T>>);

pub(crate) struct Entry<T> {
    pub(crate) prefix: String,
    pub(crate) fallback: bool,
    pub(crate) value: T,
}

impl<T> Table<T> {
    pub(crate) fn new(mut entries: Vec<Entry<T>>) -> Self {
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.prefix.len()));
        Self(entries)
    }

    /// What stands for `path`: the longest prefix, else the fallback.
    pub(crate) fn find(&self, path: &str) -> Option<&T> {
        let entry = self.0.iter().find(|entry| stands_for(&entry.prefix, path));
        entry.or_else(|| self.0.iter().find(|entry| entry.fallback)).map(|entry| &entry.value)
    }
}

fn stands_for(prefix: &str, path: &str) -> bool {
    match path.strip_prefix(prefix) {
        Some("") => true,
        Some(_) if prefix == "/" => false,
        Some(rest) => prefix.ends_with(['/', '.']) || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(prefixes: &[(&'static str, bool)]) -> Table<&'static str> {
        let entry =
            |&(prefix, fallback): &(&'static str, bool)| Entry { prefix: prefix.into(), fallback, value: prefix };
        Table::new(prefixes.iter().map(entry).collect())
    }

    #[test]
    fn the_longest_prefix_wins_and_ends_at_a_boundary() {
        let table = table(&[
            ("/", false),
            ("/login", false),
            ("/api/v1/forum", false),
            ("/api", false),
            ("/t/", false),
            ("/polity.forum.v1.", false),
        ]);
        for (path, expected) in [
            ("/", Some("/")),
            ("/login", Some("/login")),
            ("/login/mfa", Some("/login")),
            ("/logins", None),
            ("/api/v1/forum/threads", Some("/api/v1/forum")),
            ("/api/v1/forums", Some("/api")),
            ("/t/42", Some("/t/")),
            ("/t", None),
            ("/polity.forum.v1.ForumApi/Post", Some("/polity.forum.v1.")),
            ("/elsewhere", None),
            ("//login", None),
            ("", None),
        ] {
            assert_eq!(table.find(path).copied(), expected, "{path}");
        }
    }

    #[test]
    fn the_fallback_takes_only_what_nobody_else_stands_for() {
        let table = table(&[("/", true), ("/login", false)]);
        assert_eq!(table.find("/elsewhere"), Some(&"/"));
        assert_eq!(table.find("/login"), Some(&"/login"));
    }

    #[test]
    fn a_route_that_can_never_work_is_refused() {
        let check = |prefix: &str, targets: &[&'static str]| {
            let targets = targets.iter().map(|target| Uri::from_static(target)).collect();
            Route { prefix: prefix.to_owned(), targets, fallback: false }.check()
        };
        assert_eq!(check("/a", &["http://a:1", "http://b:2"]), Ok(()));
        assert_eq!(check("a", &["http://a:1"]), Err(RouteError::Prefix { prefix: "a".to_owned() }));
        assert_eq!(check("/a", &[]), Err(RouteError::NoTarget { prefix: "/a".to_owned() }));
        for target in ["https://a:1", "/path", "a:1"] {
            assert!(matches!(check("/a", &["http://a:1", target]), Err(RouteError::Target { .. })), "{target}");
        }
    }
}
