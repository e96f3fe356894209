//! Who may do what: public paths, paths that need a token, and everything else, which is closed.
//!
//! A pattern is a path in which `*` stands for anything. It is compared with the decoded path of a
//! request, without its query, as a whole and without regard to case. A public pattern wins over a
//! protected one.

mod pattern;
mod token;

use axum::http::{HeaderMap, Method, Request, header};
use percent_encoding::percent_decode_str;

use self::pattern::Pattern;
pub use self::token::{KeyError, Salt, TokenKey, TokenLifetime, Tokens};
use crate::ApiError;

/// Paths that anybody may use unless the operator says otherwise.
pub const PUBLIC_DEFAULT: [&str; 22] = [
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
    "/api/events/v1",
    "/api/indexer/v1/*",
    "/api/mqtt/v1",
    "/api/participation/v1/addresses*",
    "/api/participation/v1/events*",
    "/api/participation/v1/outputs*",
    "/api/poi/v1/*",
    "/api/tangle/v1/outputs",
    "/api/tangle/v1/sync",
    "/api/tangle/v1/tips",
];
/// Paths that need a token unless the operator says otherwise.
pub const PROTECTED_DEFAULT: [&str; 1] = ["/api/*"];

/// Why a request may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permit {
    /// Anybody may do this.
    Public,
    /// It came with a token.
    Token,
}

/// Who may do what.
#[derive(Clone, Debug)]
pub struct Auth {
    public: Vec<Pattern>,
    /// Public as long as it is only read.
    readable: Vec<Pattern>,
    protected: Vec<Pattern>,
    tokens: Option<Tokens>,
}

impl Auth {
    /// The rules of these patterns. Without `tokens` nobody has access to protected paths.
    pub fn new<T: AsRef<str>>(public: &[T], protected: &[T], tokens: Option<Tokens>) -> Self {
        Self {
            public: compile(public),
            readable: Vec::new(),
            protected: compile(protected),
            tokens,
        }
    }

    /// Lets anybody read paths of these patterns too; anything else than reading stays as it was.
    #[must_use]
    pub fn with_readable<T: AsRef<str>>(mut self, readable: &[T]) -> Self {
        self.readable = compile(readable);
        self
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

    /// Whether anybody may read a path, which is given decoded.
    #[must_use]
    pub fn may_read(&self, path: &str) -> bool {
        let mut open = self.public.iter().chain(&self.readable);
        open.any(|pattern| pattern.matches(path))
    }

    /// Whether who has a token may use a path, which is given decoded.
    pub(crate) fn opens_with_token(&self, path: &str) -> bool {
        let mut known = self.public.iter().chain(&self.protected);
        known.any(|pattern| pattern.matches(path))
    }

    /// Whether there are tokens at all.
    pub(crate) const fn has_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// Up to when a token is good, as [`Tokens::verify`] tells it; `None` if it is not.
    pub(crate) fn verify(&self, token: &str) -> Option<u64> {
        let tokens = self.tokens.as_ref().filter(|_| is_token(token))?;
        tokens.verify(token).ok()
    }

    /// Whether a request, with its path as it was sent, may pass.
    pub(crate) fn check<B>(&self, request: &Request<B>) -> Result<Permit, ApiError> {
        let path = request.uri().path();
        let decoded;
        let path = if path.contains('%') {
            decoded = percent_decode_str(path).decode_utf8_lossy();
            &decoded
        } else {
            path
        };
        let matches = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(path));
        let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
        if matches(&self.public) || is_reading && matches(&self.readable) {
            return Ok(Permit::Public);
        }
        if !matches(&self.protected) {
            return Err(ApiError::forbidden("this node does not serve this path"));
        }
        let Some(tokens) = &self.tokens else {
            return Err(ApiError::forbidden(
                "this node issues no tokens for protected paths, configure a signing key",
            ));
        };
        let token = bearer(request.headers()).ok_or_else(|| {
            ApiError::bad_request(
                "this path needs a header \"Authorization: Bearer TOKEN\"; the node's operator \
                 issues tokens with `tangle tool jwt`",
            )
        })?;
        tokens
            .verify(token)
            .map(|_| Permit::Token)
            .map_err(ApiError::unauthorized)
    }
}

fn compile<T: AsRef<str>>(patterns: &[T]) -> Vec<Pattern> {
    let compiled = patterns.iter().map(|text| Pattern::new(text.as_ref()));
    compiled.collect()
}

/// The token in the header, if it has the shape of one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && is_token(token)).then_some(token)
}

/// Whether a text has the shape of a token.
fn is_token(text: &str) -> bool {
    text.len() <= token::LENGTH_MAX && text.split('.').count() == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(auth: &Auth, path: &str) -> u16 {
        status_of(auth, Method::GET, path)
    }

    fn status_of(auth: &Auth, method: Method, path: &str) -> u16 {
        let request = Request::builder().method(method).uri(path).body(());
        let checked = auth.check(&request.expect("a request"));
        checked.map_or_else(|error| error.status().as_u16(), |_| 200)
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
            "/api/participation/v1/events",
            "/api/participation/v1/events/0x00/status",
            "/API/Core/V2/Info",
            "/api/core/v2/%69nfo",
        ] {
            assert_eq!(status(&auth, open), 200, "{open}");
        }
        for needs_token in [
            "/api/core/v2/peers",
            "/api/core/v2/whiteflag",
            "/api/participation/v1/admin/events",
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
    fn what_may_be_read_may_not_be_changed() {
        let auth = Auth::usual(None).with_readable(&["/api/core/v2/peers*"]);
        let path = "/api/core/v2/peers";
        assert_eq!(status_of(&auth, Method::GET, path), 200);
        for method in [Method::POST, Method::DELETE, Method::PUT] {
            assert_eq!(status_of(&auth, method, path), 403);
        }
    }

    #[test]
    fn protected_paths_are_closed_without_a_key() {
        assert_eq!(status(&Auth::usual(None), "/api/core/v2/peers"), 403);
        assert_eq!(status(&Auth::open(), "/api/core/v2/peers"), 200);
    }
}
