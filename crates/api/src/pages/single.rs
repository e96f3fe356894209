//! A page that is not a node's: the same frame and rules, for another part of the program that
//! shows itself in a browser.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::middleware::{from_fn, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::mpsc;

use crate::origin;
use crate::pages::assets::{self, Asset};
use crate::pages::html::Html;
use crate::pages::layout::{Frame, guarded};

/// An answer that comes line by line, as a channel brings them; whoever fills the channel learns
/// from it when the client is gone.
#[must_use]
pub fn lines(lines: mpsc::Receiver<String>) -> Response {
    let lines = futures::stream::unfold(lines, async |mut lines| {
        let line = lines.recv().await?;
        Some((Ok::<_, Infallible>(line), lines))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(lines)).into_response()
}

/// A page without a node.
#[derive(Debug)]
pub struct SinglePage {
    /// Its title.
    pub title: &'static str,
    /// What stands beside the name of the program.
    pub label: &'static str,
    /// What it shows.
    pub content: Html,
    /// Its style, besides that of all pages.
    pub style: &'static Asset,
    /// Its script.
    pub script: &'static Asset,
    /// Of the program.
    pub version: &'static str,
}

impl SinglePage {
    fn answer(&self) -> Response {
        let frame = Frame {
            network: self.label,
            places: Vec::new(),
            has_search: false,
            is_awaited: false,
            styles: vec![&assets::STYLE, self.style],
            scripts: vec![self.script],
            program: ("Tangle", self.version),
        };
        frame.answer(StatusCode::OK, self.title, &self.content, None)
    }

    /// The page at `/`, its files, and `more` routes, which only programs and this page may use.
    pub fn router(self, more: Router) -> Router {
        let files = [&*assets::STYLE, &*assets::ICON, self.style, self.script];
        let page = Arc::new(self);
        Router::new()
            .route("/", get(async move || page.answer()))
            .merge(assets::routes(files))
            .merge(more.layer(from_fn(origin::own_only)))
            .layer(map_response(guarded))
    }
}
