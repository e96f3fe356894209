//! The core API (TIP-25): `/api/core/v2`, and what stands at the root.

mod blocks;
mod control;
mod info;
mod milestones;
mod outputs;
mod peers;
mod transactions;
mod treasury;
mod white_flag;

pub(crate) use self::blocks::Metadata as BlockMetadata;
pub(crate) use self::outputs::Whole as OutputWithMetadata;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Routes that answer a question.
pub(crate) fn reading() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(info::health))
        .routes(routes!(info::routes))
        .routes(routes!(info::info))
        .routes(routes!(blocks::tips))
        .routes(routes!(blocks::block))
        .routes(routes!(blocks::block_metadata))
        .routes(routes!(transactions::included_block))
        .routes(routes!(transactions::included_block_metadata))
        .routes(routes!(milestones::by_id))
        .routes(routes!(milestones::changes_by_id))
        .routes(routes!(milestones::by_index))
        .routes(routes!(milestones::changes_by_index))
        .routes(routes!(outputs::output))
        .routes(routes!(outputs::output_metadata))
        .routes(routes!(treasury::treasury))
        .routes(routes!(treasury::receipts))
        .routes(routes!(treasury::receipts_of))
}

/// Routes that hand something in, or make the node work.
pub(crate) fn acting() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(blocks::submit))
        .routes(routes!(white_flag::white_flag))
}

/// Routes with which an operator tells the node what to do.
pub(crate) fn operating() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(peers::list, peers::add))
        .routes(routes!(peers::peer, peers::remove))
        .routes(routes!(peers::ban))
        .routes(routes!(control::prune))
        .routes(routes!(control::snapshot))
        .routes(routes!(control::snapshot_by_its_old_path))
}
