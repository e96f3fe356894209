//! Signing in and out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::attempts::ATTEMPTS_MAX;
use super::{LOGIN, MAINTENANCE, Order, go_to};
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::site::{Site, Trouble};

/// The page with the form.
pub(super) async fn page(State(site): State<Arc<Site>>) -> Response {
    let page = if site.api.auth.has_tokens() {
        asking(None)
    } else {
        without_tokens()
    };
    answer(&site, Place::Operator, Ok(page))
}

/// Takes a token, and opens a session for it.
pub(super) async fn sign_in(State(site): State<Arc<Site>>, request: Request) -> Response {
    match signed_in(&site, request).await {
        Ok(cookie) => with_cookie(MAINTENANCE, &cookie),
        Err(page) => answer(&site, Place::Operator, page),
    }
}

/// Ends a session.
pub(super) async fn sign_out(State(site): State<Arc<Site>>, order: Order) -> Response {
    let cookie = site.sessions.end(&order.operator);
    with_cookie(LOGIN, &cookie)
}

/// The cookie of a new session, or the page that says why there is none. Whatever is wrong with a
/// token, the answer is the same.
async fn signed_in(site: &Site, request: Request) -> Result<String, Result<Page, Trouble>> {
    let sender = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let sender = sender.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |sender| sender.0.ip());
    let before = site.sessions.operator(request.headers(), Instant::now());
    // A browser that sees the node through a proxy with TLS says so.
    let origin = request.headers().get(header::ORIGIN);
    let is_encrypted = origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let fields = Fields::read(site, request).await.map_err(Err)?;
    if !site.attempts.may_try(sender, Instant::now()) {
        let refusal = format!("{ATTEMPTS_MAX} attempts in a minute are enough. Wait a minute.");
        return Err(Ok(refused(&refusal, StatusCode::TOO_MANY_REQUESTS)));
    }
    let Some(end) = site.api.auth.verify(fields.text("token")) else {
        tracing::info!(%sender, "somebody tried to sign in with a token that is not good");
        let refusal = "This token does not open this node.";
        return Err(Ok(refused(refusal, StatusCode::FORBIDDEN)));
    };
    if let Some(before) = before {
        site.sessions.end(&before);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let left = end.saturating_sub(now.unwrap_or_default().as_secs());
    tracing::info!(%sender, "an operator signed in");
    let time = Duration::from_secs(left);
    Ok(site.sessions.open(time, is_encrypted, Instant::now()))
}

fn with_cookie(path: &'static str, cookie: &str) -> Response {
    let mut response = go_to(path);
    let cookie = HeaderValue::from_str(cookie).expect("cookies are made of plain letters");
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

fn refused(refusal: &str, status: StatusCode) -> Page {
    let mut page = asking(Some(refusal));
    page.status = status;
    page
}

fn asking(refusal: Option<&str>) -> Page {
    let mut html = Html::default();
    html.plain("h1", "Sign in");
    if let Some(refusal) = refusal {
        let attributes = [("class", "card health bad"), ("role", "alert")];
        html.tag("section", &attributes, |html| html.plain("p", refusal));
    }
    html.tag("section", &[("class", "card")], |html| {
        html.plain(
            "p",
            "Settings and maintenance are for the operator of this node, who shows a token:",
        );
        let form = [("method", "post"), ("action", LOGIN), ("class", "fields")];
        html.tag("form", &form, |html| {
            html.tag("label", &[], |html| {
                html.text("Token");
                html.void(
                    "input",
                    &[
                        ("type", "password"),
                        ("name", "token"),
                        ("autocomplete", "off"),
                        ("autocapitalize", "none"),
                        ("spellcheck", "false"),
                        ("maxlength", "2048"),
                        ("required", ""),
                    ],
                );
            });
            html.tag("button", &[("type", "submit")], |html| html.text("Sign in"));
        });
        html.tag("p", &[("class", "quiet")], |html| {
            html.text("On the machine of the node, ");
            html.plain("code", "tangle tool jwt --key FILE");
            html.text(
                " makes one from the key of the configuration. A session ends after half an hour \
                 without use, after eight hours, and with its token.",
            );
        });
    });
    Page::new(Place::Operator, "Sign in", html)
}

fn without_tokens() -> Page {
    let mut html = Html::default();
    html.plain("h1", "Sign in");
    html.tag("section", &[("class", "card health bad")], |html| {
        html.plain("h2", "This node issues no tokens");
        html.tag("p", &[], |html| {
            html.text("Make a key with ");
            html.plain("code", "tangle tool jwt --new-key --key jwt.key");
            html.text(", name it in the configuration with ");
            html.plain("code", "jwt.key = { file = \"jwt.key\" }");
            html.text(", and start the node again.");
        });
    });
    let mut page = Page::new(Place::Operator, "Sign in", html);
    page.status = StatusCode::FORBIDDEN;
    page
}
