//! The explorer: what the Tangle and the ledger hold.

mod address;
mod block;
mod chain;
mod flow;
mod history;
mod home;
mod milestone;
mod output;
mod proof;
mod search;
mod tag;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::pages::site::Site;

pub(crate) use address::read as read_address;
pub(crate) use block::{parse, what};

/// All its routes.
pub(crate) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/explorer", get(home::page))
        .route("/explorer/search", get(search::page))
        .route("/explorer/block/{id}", get(block::page))
        .route("/explorer/transaction/{id}", get(block::transaction_page))
        .route("/explorer/output/{id}", get(output::page))
        .route("/explorer/address/{address}", get(address::page))
        .route("/explorer/milestone/{index}", get(milestone::page))
        .route("/explorer/alias/{id}", get(chain::alias_page))
        .route("/explorer/nft/{id}", get(chain::nft_page))
        .route("/explorer/token/{id}", get(chain::token_page))
        .route("/explorer/tag/{tag}", get(tag::page))
        .route("/explorer/proof/{id}", get(proof::page))
}
