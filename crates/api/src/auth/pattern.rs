//! A path with `*` for anything.

/// A pattern, split at its stars, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// What a path starts with.
    head: String,
    /// What comes after each star, in order; the last one ends the path. Empty without a star.
    rest: Vec<String>,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let text = text.to_lowercase();
        let mut parts = text.split('*').map(str::to_owned);
        Self {
            head: parts.next().unwrap_or_default(),
            rest: parts.collect(),
        }
    }

    /// Whether all of `path` is as the pattern says.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let Some(head) = path.get(..self.head.len()) else {
            return false;
        };
        if !head.eq_ignore_ascii_case(&self.head) {
            return false;
        }
        let Some((last, middle)) = self.rest.split_last() else {
            return path.len() == self.head.len();
        };
        if middle.is_empty() && last.is_empty() {
            return true;
        }
        let path = path[self.head.len()..].to_lowercase();
        let mut left = path.as_str();
        for part in middle {
            let Some(at) = left.find(part.as_str()) else {
                return false;
            };
            left = &left[at + part.len()..];
        }
        left.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_holds_for_the_whole_path() {
        let cases = [
            ("/health", "/health", true),
            ("/health", "/HEALTH", true),
            ("/health", "/x/health", false),
            ("/health", "/healthy", false),
            ("/health", "", false),
            ("*", "", true),
            ("*", "/anything", true),
            ("/api/*", "/api/", true),
            ("/api/*", "/api", false),
            ("/api/*/x", "/api/a/b/x", true),
            ("/api/*/x", "/api/x", false),
            ("/api/*/x", "/api/a/xy", false),
            ("/a*b*c", "/abc", true),
            ("/a*b*c", "/a1b2c", true),
            ("/a*b*c", "/ac", false),
            ("/a*b*b", "/ab", false),
            ("/A*", "/ab", true),
            ("/a", "/ä", false),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(
                Pattern::new(pattern).matches(path),
                expected,
                "{pattern} on {path}"
            );
        }
    }
}
