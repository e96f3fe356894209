//! All pages behind one router.

use std::sync::Arc;

use crate::ApiConfig;
use axum::Router;
use axum::middleware::map_response;
use axum::routing::get;
use tangle_node::Handle;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::pages::site::{Setting, Site};
use crate::pages::{assets, docs, explorer, faucet, layout, operator, overview, peers, visualizer};

/// The pages of a node.
#[derive(Clone)]
pub struct Pages(Arc<Site>);

impl Pages {
    /// The pages of `node`, whose REST interface has the settings `api`, with a `faucet` if there
    /// is one: the interface that it has for programs. Its operator is shown `settings`.
    #[must_use]
    pub fn new(
        node: Handle,
        api: ApiConfig,
        faucet: Option<Router>,
        settings: Vec<Setting>,
    ) -> Self {
        let mut site = Site::new(node, api, faucet);
        site.settings = settings;
        Self(Arc::new(site))
    }

    /// The routes, to be merged with those of the REST interface.
    pub fn router(&self) -> Router {
        let router = Router::new()
            .route("/", get(overview::page))
            .route("/visualizer", get(visualizer::page))
            .route("/peers", get(peers::page))
            .route("/api/docs", get(docs::page))
            .merge(explorer::routes())
            .merge(assets::router());
        let router = match self.0.faucet {
            Some(_) => router.route("/faucet", get(faucet::page).post(faucet::ask)),
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
