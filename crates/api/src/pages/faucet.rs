//! The faucet: a form that hands an address to the faucet's own interface.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use serde::Deserialize;
use tower::ServiceExt;

use crate::pages::explorer::read_address;
use crate::pages::fields::Fields;
use crate::pages::html::Html;
use crate::pages::layout::{Page, Place, answer};
use crate::pages::show::{self, fact};
use crate::pages::site::{Site, Trouble};

/// Largest answer of the faucet.
const BODY_BYTES_MAX: usize = 4_096;

/// What the faucet says of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FaucetState {
    is_healthy: bool,
    address: String,
    balance: u64,
}

/// How the faucet refuses.
#[derive(Debug, Deserialize)]
struct Refusal {
    error: RefusalText,
}

#[derive(Debug, Deserialize)]
struct RefusalText {
    message: String,
}

/// The page with the form.
pub(crate) async fn page(State(site): State<Arc<Site>>) -> Response {
    let page = made(&site).await;
    answer(&site, Place::Faucet, page)
}

/// Takes the form.
pub(crate) async fn ask(State(site): State<Arc<Site>>, request: Request) -> Response {
    let page = asked(&site, request).await;
    answer(&site, Place::Faucet, page)
}

async fn made(site: &Site) -> Result<Page, Trouble> {
    let state = state(site).await;
    let mut html = Html::default();
    html.plain("h1", "Faucet");
    html.tag("section", &[("class", "card")], |html| {
        html.plain(
            "p",
            "Gives coins of this network to an address. They have no value.",
        );
        form(html, "");
    });
    if let Some(state) = state {
        html.tag("section", &[("class", "card")], |html| {
            html.tag("dl", &[("class", "facts")], |html| {
                fact(html, "State", |html| {
                    let standing = if state.is_healthy {
                        show::State::Good
                    } else {
                        show::State::Bad
                    };
                    show::mark(html, standing);
                });
                fact(html, "Has", |html| html.text(site.unit.show(state.balance)));
                fact(html, "Pays from", |html| {
                    show::id(
                        html,
                        &format!("/explorer/address/{}", state.address),
                        &state.address,
                    );
                });
            });
        });
    }
    Ok(Page::new(Place::Faucet, "Faucet", html))
}

async fn asked(site: &Site, request: Request) -> Result<Page, Trouble> {
    let sender = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .copied();
    let headers = request.headers().clone();
    let fields = Fields::read(site, request).await?;
    let text = fields.text("address");
    let hrp = site.node.status().parameters.bech32_hrp.clone();
    let address = match read_address(text, &hrp) {
        Ok(address) => address.to_bech32(&hrp),
        Err(Trouble::Wrong(reason)) => return Ok(refused(text, &reason, StatusCode::BAD_REQUEST)),
        Err(trouble) => return Err(trouble),
    };
    let json = serde_json::json!({ "address": address }).to_string();
    let mut order = Request::builder()
        .method(Method::POST)
        .uri("/api/enqueue")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(json))
        .map_err(|_| Trouble::Failed)?;
    // The faucet limits senders by where they are, which a proxy in front may tell.
    for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        if let Some(value) = headers.get(name) {
            order.headers_mut().insert(name, value.clone());
        }
    }
    if let Some(sender) = sender {
        order.extensions_mut().insert(sender);
    }
    let Some((status, body)) = ask_faucet(site, order).await else {
        return Ok(refused(
            text,
            "The faucet does not answer.",
            StatusCode::BAD_GATEWAY,
        ));
    };
    if status == StatusCode::ACCEPTED {
        return Ok(accepted(&address));
    }
    let reason = serde_json::from_slice::<Refusal>(&body).map_or_else(
        |_| "The faucet refuses.".to_owned(),
        |refusal| refusal.error.message,
    );
    Ok(refused(text, &reason, status))
}

fn form(html: &mut Html, address: &str) {
    let attributes = [
        ("method", "post"),
        ("action", "/faucet"),
        ("class", "search"),
    ];
    html.tag("form", &attributes, |html| {
        html.void(
            "input",
            &[
                ("name", "address"),
                ("value", address),
                ("aria-label", "Address"),
                ("placeholder", "Your address"),
                ("autocomplete", "off"),
                ("autocapitalize", "none"),
                ("spellcheck", "false"),
                ("maxlength", "90"),
                ("required", ""),
            ],
        );
        html.tag("button", &[("type", "submit")], |html| {
            html.text("Get coins")
        });
    });
}

fn accepted(address: &str) -> Page {
    let mut html = Html::default();
    html.plain("h1", "Faucet");
    html.tag("section", &[("class", "card health good")], |html| {
        html.plain("h2", "Coins are on their way");
        html.tag("p", &[], |html| {
            html.text("They arrive with one of the next milestones at ");
            show::id(html, &format!("/explorer/address/{address}"), address);
        });
    });
    Page::new(Place::Faucet, "Faucet", html)
}

fn refused(address: &str, reason: &str, status: StatusCode) -> Page {
    let mut html = Html::default();
    html.plain("h1", "Faucet");
    html.tag("section", &[("class", "card health bad")], |html| {
        html.plain("h2", "No coins this time");
        html.plain("p", reason);
        form(html, address);
    });
    let mut page = Page::new(Place::Faucet, "Faucet", html);
    page.status = status;
    page
}

async fn state(site: &Site) -> Option<FaucetState> {
    let request = Request::builder()
        .uri("/api/info")
        .body(Body::empty())
        .ok()?;
    let (_, body) = ask_faucet(site, request).await?;
    serde_json::from_slice(&body).ok()
}

/// What the faucet answers; nothing when there is none.
async fn ask_faucet(site: &Site, request: Request) -> Option<(StatusCode, Bytes)> {
    let faucet: Router = site.beside.faucet.clone()?;
    let response = faucet.oneshot(request).await.ok()?;
    let status = response.status();
    let body = http_body_util::Limited::new(response.into_body(), BODY_BYTES_MAX);
    let body = body.collect().await.ok()?;
    Some((status, body.to_bytes()))
}
