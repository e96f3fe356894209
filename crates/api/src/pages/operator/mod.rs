//! What the operator of a node sees and does: signing in, settings, maintenance.
//!
//! ```text
//! form ──> of this node's page? ──> session? ──> key of the session's forms? ──> node handle
//! ```
//!
//! Who has no session is sent to the page where one is opened, for a token as the routes of the
//! REST interface take it. A session may do what its token may do there.

mod attempts;
mod login;
mod maintenance;
mod sessions;
mod settings;

pub(crate) use self::attempts::Attempts;
pub(crate) use self::sessions::Sessions;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use self::sessions::Operator;
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::layout::{Place, answer};
use crate::pages::site::{Site, Trouble};

/// The field that holds the key of a session's forms.
const FORM_KEY: &str = "key";
const LOGIN: &str = "/login";
const LOGOUT: &str = "/logout";
const SETTINGS: &str = "/settings";
const MAINTENANCE: &str = "/maintenance";

pub(crate) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route(LOGIN, get(login::page).post(login::sign_in))
        .route(LOGOUT, post(login::sign_out))
        .route(SETTINGS, get(settings::page))
        .route(MAINTENANCE, get(maintenance::page))
        .route(maintenance::PRUNE, post(maintenance::prune))
        .route(maintenance::SNAPSHOT, post(maintenance::snapshot))
        .route(maintenance::PEER_ADD, post(maintenance::add_peer))
        .route(maintenance::PEER_REMOVE, post(maintenance::remove_peer))
}

/// What an operator asks for by a form.
struct Order {
    operator: Operator,
    fields: Fields,
}

impl FromRequestParts<Arc<Site>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Response> {
        let operator = site.sessions.operator(&parts.headers, Instant::now());
        operator.ok_or_else(|| go_to(LOGIN))
    }
}

impl FromRequest<Arc<Site>> for Order {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Response> {
        let operator = site.sessions.operator(request.headers(), Instant::now());
        let refused = |trouble| answer(site, Place::Operator, Err(trouble));
        let fields = Fields::read(site, request).await.map_err(refused)?;
        let operator = operator.ok_or_else(|| go_to(LOGIN))?;
        if !operator.has_sent(fields.text(FORM_KEY)) {
            return Err(refused(Trouble::Forged));
        }
        Ok(Self { operator, fields })
    }
}

/// Sends a browser to another page.
fn go_to(path: &'static str) -> Response {
    let headers = [
        (header::LOCATION, path),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The way to the operator's other pages, and out.
fn tabs(html: &mut Html, operator: &Operator, here: &str) {
    html.tag(
        "nav",
        &[("class", "tabs"), ("aria-label", "Operator")],
        |html| {
            for (path, name) in [
                (MAINTENANCE, "Maintenance"),
                (SETTINGS, "Settings"),
                ("/peers", "Peers"),
            ] {
                let mut attributes = vec![("href", path)];
                if path == here {
                    attributes.push(("aria-current", "page"));
                }
                html.tag("a", &attributes, |html| html.text(name));
            }
            form(html, operator, LOGOUT, "tab", |html| {
                html.tag("button", &[("type", "submit")], |html| {
                    html.text("Sign out");
                });
            });
        },
    );
}

/// A form of a session.
fn form(
    html: &mut Html,
    operator: &Operator,
    action: &'static str,
    class: &'static str,
    body: impl FnOnce(&mut Html),
) {
    let attributes = [("method", "post"), ("action", action), ("class", class)];
    html.tag("form", &attributes, |html| {
        let key = [
            ("type", "hidden"),
            ("name", FORM_KEY),
            ("value", operator.form_key.as_str()),
        ];
        html.void("input", &key);
        body(html);
    });
}
