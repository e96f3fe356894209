//! Who may do what: public paths, paths that need a token, and everything else, which is closed.
//!
//! A pattern is a path in which `*` stands for anything. It is compared with the decoded path of a
//! request, without its query, as a whole and without regard to case. A public pattern wins over a
//! protected one.

mod pattern;
mod token;

use axum::http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use self::pattern::Pattern;
pub use self::token::{KeyError, Salt, TokenKey, TokenLifetime, Tokens};
use crate::ApiError;

/// Paths that anybody may use unless the operator says otherwise.
pub const PUBLIC_DEFAULT: [&str; 15] = [
    "/health",
    "/api/routes",
    "/api/openapi.json",
    "/api/docs",
    "/api/core/v2/info",
    "/api/core/v2/tips",
    "/api/core/v2/blocks*",
    "/api/core/v2/transactions*",
    "/api/core/v2/milestones*",
    "/api/core/v2/outputs*",
    "/api/core/v2/treasury",
    "/api/core/v2/receipts*",
    "/api/indexer/v1/*",
    "/api/mqtt/v1",
    "/api/poi/v1/*",
];
/// Paths that need a token unless the operator says otherwise.
pub const PROTECTED_DEFAULT: [&str; 1] = ["/api/*"];

/// Who may do what.
#[derive(Clone, Debug)]
pub struct Auth {
    public: Vec<Pattern>,
    protected: Vec<Pattern>,
    tokens: Option<Tokens>,
}

impl Auth {
    /// The rules of these patterns. Without `tokens` nobody has access to protected paths.
    pub fn new<T: AsRef<str>>(public: &[T], protected: &[T], tokens: Option<Tokens>) -> Self {
        let compile = |patterns: &[T]| -> Vec<Pattern> {
            let compiled = patterns.iter().map(|text| Pattern::new(text.as_ref()));
            compiled.collect()
        };
        Self {
            public: compile(public),
            protected: compile(protected),
            tokens,
        }
    }

    /// Everybody may do everything: for a network that only this machine can reach.
    #[must_use]
    pub fn open() -> Self {
        Self::new(&["*"], &[], None)
    }

    /// The usual rules: reading and posting blocks is public, the operator's routes need a token.
    #[must_use]
    pub fn usual(tokens: Option<Tokens>) -> Self {
        Self::new(&PUBLIC_DEFAULT[..], &PROTECTED_DEFAULT[..], tokens)
    }

    /// Whether a request for `path`, as it was sent, may pass.
    pub(crate) fn check(&self, path: &str, headers: &HeaderMap) -> Result<(), ApiError> {
        let decoded;
        let path = if path.contains('%') {
            decoded = percent_decode_str(path).decode_utf8_lossy();
            &decoded
        } else {
            path
        };
        let matches = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(path));
        if matches(&self.public) {
            return Ok(());
        }
        if !matches(&self.protected) {
            return Err(ApiError::forbidden("this node does not serve this path"));
        }
        let Some(tokens) = &self.tokens else {
            return Err(ApiError::forbidden(
                "this node issues no tokens for protected paths, configure a signing key",
            ));
        };
        let token = bearer(headers).ok_or_else(|| {
            ApiError::bad_request(
                "this path needs a header \"Authorization: Bearer TOKEN\"; the node's operator \
                 issues tokens with `tangle tool jwt`",
            )
        })?;
        tokens.verify(token).map_err(ApiError::unauthorized)
    }
}

/// The token in the header, if it has the shape of one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_token = token.len() <= token::LENGTH_MAX && token.split('.').count() == 3;
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(auth: &Auth, path: &str) -> u16 {
        let checked = auth.check(path, &HeaderMap::new());
        checked.map_or_else(|error| error.status().as_u16(), |()| 200)
    }

    #[test]
    fn usual_rules_let_clients_read_and_keep_the_operator_s_routes() {
        let auth = Auth::usual(Some(Tokens::new(
            TokenKey::generate(),
            Salt::new("salt"),
            "node",
        )));
        for open in [
            "/health",
            "/api/core/v2/info",
            "/api/core/v2/blocks",
            "/api/core/v2/blocks/0x00/metadata",
            "/api/indexer/v1/outputs",
            "/API/Core/V2/Info",
            "/api/core/v2/%69nfo",
        ] {
            assert_eq!(status(&auth, open), 200, "{open}");
        }
        for needs_token in [
            "/api/core/v2/peers",
            "/api/core/v2/whiteflag",
            "/api/core/v2/control/database/prune",
            "/api/core/v2/peers/health",
            "/api/core/v2/peers/%2Fhealth",
            "/api/x/health",
        ] {
            assert_eq!(status(&auth, needs_token), 400, "{needs_token}");
        }
        for closed in ["/", "/x/health", "/healthy", "/metrics"] {
            assert_eq!(status(&auth, closed), 403, "{closed}");
        }
    }

    #[test]
    fn protected_paths_are_closed_without_a_key() {
        assert_eq!(status(&Auth::usual(None), "/api/core/v2/peers"), 403);
        assert_eq!(status(&Auth::open(), "/api/core/v2/peers"), 200);
    }
}
