//! Pages in a browser: what those of another origin may do.
//!
//! They may read, and hand in blocks, as every program may: a wallet can be a page. What an
//! operator does is another thing. Where no token is asked for, a page would act with nothing but
//! the operator's presence at a browser that reaches the node; so such requests are refused unless
//! a token came with them, or the page is the node's own. Programs send no `Origin`.
//!
//! Forms of the node's pages are taken from these pages only ([`is_foreign_form`]).

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::ApiError;
use crate::auth::Permit;

/// Guards routes with which an operator tells the node what to do.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let has_token = request.extensions().get() == Some(&Permit::Token);
    if is_reading || has_token || !is_foreign(request.headers()) {
        return next.run(request).await;
    }
    ApiError::forbidden("a page of another origin needs a token for this").into_response()
}

/// Guards routes that make this machine work for whoever asks: pages of another origin may not, and
/// neither may one that was loaded under a name that now leads here.
pub(crate) async fn own_only(request: Request, next: Next) -> Response {
    let headers = request.headers();
    // What browsers say of requests that carry no origin, as those for a picture.
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_own_site = site.is_none_or(|site| matches!(site, b"same-origin" | b"none"));
    if is_own_site && is_at_fixed_host(headers) && !is_foreign(headers) {
        return next.run(request).await;
    }
    ApiError::forbidden("only the page served here may ask for this").into_response()
}

/// Whether a request names the machine that it goes to, and not only a name that leads here now.
pub(crate) fn is_at_fixed_host(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST);
    host.and_then(|host| host.to_str().ok())
        .is_some_and(is_fixed)
}

/// Whether the request comes from a page that this node did not serve.
fn is_foreign(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return false;
    };
    match named_host(origin, headers) {
        Some(host) => !is_fixed(host),
        None => true,
    }
}

/// Whether a form comes from a page that is not the node's own. Where a session is asked for, a
/// name that leads here by a trick is no danger: its cookie belongs to the right name.
pub(crate) fn is_foreign_form(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let origin = headers.get(header::ORIGIN);
    origin.is_some_and(|origin| named_host(origin, headers).is_none())
}

/// The host that a request names, if its origin is there.
fn named_host<'a>(origin: &HeaderValue, headers: &'a HeaderMap) -> Option<&'a str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let origin = origin.to_str().ok()?;
    let name = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"))?;
    name.eq_ignore_ascii_case(host).then_some(host)
}

/// Whether a name stands for one machine. Others can be made to lead to this node, after a page was
/// loaded from elsewhere under the same name.
fn is_fixed(host: &str) -> bool {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn foreign(origin: &'static str, host: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        headers.insert(header::HOST, HeaderValue::from_static(host));
        is_foreign(&headers)
    }

    #[test]
    fn only_pages_of_the_node_itself_are_not_foreign() {
        assert!(!is_foreign(&HeaderMap::new()), "a program");
        assert!(!foreign("http://127.0.0.1:14265", "127.0.0.1:14265"));
        assert!(!foreign("http://localhost:14265", "LOCALHOST:14265"));
        assert!(!foreign("http://[::1]:14265", "[::1]:14265"));
        assert!(foreign("https://evil.example", "127.0.0.1:14265"));
        assert!(foreign("http://127.0.0.1:3000", "127.0.0.1:14265"));
        assert!(foreign("null", "127.0.0.1:14265"), "a file, a frame");
        let rebound = "http://evil.example:14265";
        assert!(foreign(rebound, "evil.example:14265"));
    }

    #[test]
    fn only_forms_of_the_pages_themselves_are_taken() {
        let foreign = |headers: &[(&'static str, &'static str)]| {
            let headers = headers.iter().map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            is_foreign_form(&headers.collect())
        };
        let host = ("host", "node.example");
        assert!(!foreign(&[host]), "a program");
        assert!(!foreign(&[host, ("origin", "https://node.example")]));
        assert!(!foreign(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(foreign(&[host, ("origin", "https://evil.example")]));
        assert!(foreign(&[host, ("origin", "null")]));
        assert!(foreign(&[host, ("sec-fetch-site", "cross-site")]));
        assert!(foreign(&[
            host,
            ("origin", "https://node.example"),
            ("sec-fetch-site", "same-site")
        ]));
    }
}
