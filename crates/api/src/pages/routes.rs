//! All pages behind one router.

use std::sync::Arc;

use crate::ApiConfig;
use axum::Router;
use axum::middleware::map_response;
use axum::routing::get;
use tangle_node::Handle;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::pages::site::{Beside, Setting, Site};
use crate::pages::{
    assets, docs, explorer, faucet, layout, load, operator, overview, peers, visualizer, wallet,
};

/// The pages of a node.
#[derive(Clone)]
pub struct Pages(Arc<Site>);

impl Pages {
    /// The pages of `node`, whose REST interface has the settings `api`, and of what is `beside`
    /// it. Its operator is shown `settings`.
    #[must_use]
    pub fn new(node: Handle, api: ApiConfig, beside: Beside, settings: Vec<Setting>) -> Self {
        let mut site = Site::new(node, api, beside);
        site.settings = settings;
        Self(Arc::new(site))
    }

    /// The routes, to be merged with those of the REST interface.
    pub fn router(&self) -> Router {
        let router = Router::new()
            .route("/", get(overview::page))
            .route(visualizer::PATH, get(visualizer::page))
            .route("/peers", get(peers::page))
            .route("/api/docs", get(docs::page))
            .merge(explorer::routes())
            .merge(assets::router());
        let router = match self.0.beside.faucet {
            Some(_) => router.route("/faucet", get(faucet::page).post(faucet::ask)),
            None => router,
        };
        let router = match &self.0.beside.load {
            Some(generator) => {
                router.merge(load::routes(Arc::clone(&self.0), Arc::clone(generator)))
            }
            None => router,
        };
        let router = match &self.0.beside.wallet {
            Some(wallet) => router.merge(wallet::routes(Arc::clone(&self.0), Arc::clone(wallet))),
            None => router,
        };
        router
            .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
            // Not compressed: the size would tell of the secrets in them.
            .merge(operator::routes())
            .layer(map_response(layout::guarded))
            .with_state(Arc::clone(&self.0))
    }

    /// Measures what the charts show, until `stop` is ready.
    pub async fn measure(&self, stop: impl Future<Output = ()>) {
        self.0.samples.take(&self.0.node, stop).await;
    }
}
