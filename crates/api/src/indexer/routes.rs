//! The routes of the indexer.

use std::fmt::Display;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Serialize;
use tangle_storage::{ChainQuery, Kind};
use tangle_types::{AliasId, FoundryId, MilestoneIndex, NftId, OutputId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::query;
use crate::app::App;
use crate::error::ErrorBody;
use crate::params::PathParam;
use crate::schema::{AliasIdText, FoundryIdText, NftIdText, OutputIdText};
use crate::{ApiError, content};

/// All routes of the indexer.
pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(outputs))
        .routes(routes!(basic))
        .routes(routes!(alias))
        .routes(routes!(foundry))
        .routes(routes!(nft))
        .routes(routes!(alias_by_id))
        .routes(routes!(foundry_by_id))
        .routes(routes!(nft_by_id))
}

/// A page of output ids.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutputIds {
    /// State of the ledger for which this is true.
    #[schema(value_type = u32)]
    ledger_index: MilestoneIndex,
    /// Most outputs of a page.
    #[schema(value_type = u32)]
    page_size: usize,
    /// Where the next page starts, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, pattern = "^[0-9a-f]{76}\\.[0-9]{1,4}$")]
    cursor: Option<String>,
    /// The outputs, oldest first.
    #[schema(value_type = Vec<OutputIdText>)]
    items: Vec<OutputId>,
}

/// Parameters of all lists.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[allow(
    dead_code,
    reason = "described, never made: the query module reads the parameters"
)]
pub(super) struct Common {
    /// Whether it holds native tokens.
    #[param(nullable = false)]
    has_native_tokens: Option<bool>,
    /// Least number of kinds of native tokens.
    #[param(nullable = false, minimum = 0, maximum = 64)]
    min_native_token_count: Option<u32>,
    /// Greatest number of kinds of native tokens.
    #[param(nullable = false, minimum = 0, maximum = 64)]
    max_native_token_count: Option<u32>,
    /// Created before this time, in seconds since 1970.
    #[param(nullable = false, minimum = 0, maximum = 4294967295_i64)]
    created_before: Option<u32>,
    /// Created after this time, in seconds since 1970.
    #[param(nullable = false, minimum = 0, maximum = 4294967295_i64)]
    created_after: Option<u32>,
    /// Most outputs of a page; 0 and more than 1000 mean 1000.
    #[param(nullable = false, minimum = 0, maximum = 4294967295_i64)]
    page_size: Option<u32>,
    /// Where to go on, as the page before says; the page size inside it wins.
    #[param(nullable = false, pattern = "^[0-9a-fA-F]{76}\\.[0-9]{1,9}$")]
    cursor: Option<String>,
}

/// Parameter of all lists but that of foundries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[allow(
    dead_code,
    reason = "described, never made: the query module reads the parameters"
)]
pub(super) struct Unlockable {
    /// Whoever holds this address can unlock it, now or at another time.
    #[param(nullable = false)]
    unlockable_by_address: Option<String>,
}

/// Parameters of lists of outputs that somebody owns.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[allow(
    dead_code,
    reason = "described, never made: the query module reads the parameters"
)]
pub(super) struct Owned {
    /// The owner.
    #[param(nullable = false)]
    address: Option<String>,
    /// Whether part of the deposit has to be returned.
    #[param(nullable = false)]
    has_storage_deposit_return: Option<bool>,
    /// To whom it has to be returned.
    #[param(nullable = false)]
    storage_deposit_return_address: Option<String>,
    /// Whether it expires.
    #[param(nullable = false)]
    has_expiration: Option<bool>,
    /// Expires before this time.
    #[param(nullable = false, minimum = 0, maximum = 4294967295_i64)]
    expires_before: Option<u32>,
    /// Expires after this time.
    #[param(nullable = false, minimum = 0, maximum = 4294967295_i64)]
    expires_after: Option<u32>,
    /// Who gets it when it expires.
    #[param(nullable = false)]
    expiration_return_address: Option<String>,
    /// Whether it is locked until some time.
    #[param(nullable = false)]
    has_timelock: Option<bool>,
    /// Locked until before this time.
    #[param(nullable = false, minimum = 0, maximum = 4294967295_i64)]
    timelocked_before: Option<u32>,
    /// Locked until after this time.
    #[param(nullable = false, minimum = 0, maximum = 4294967295_i64)]
    timelocked_after: Option<u32>,
    /// Its sender.
    #[param(nullable = false)]
    sender: Option<String>,
    /// Its tag.
    #[param(nullable = false, pattern = "^0x([0-9a-fA-F]{2}){0,64}$")]
    tag: Option<String>,
}

/// Parameter of lists of outputs with an issuer.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[allow(
    dead_code,
    reason = "described, never made: the query module reads the parameters"
)]
pub(super) struct Issued {
    /// Its issuer.
    #[param(nullable = false)]
    issuer: Option<String>,
}

/// Parameters of lists of aliases.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[allow(
    dead_code,
    reason = "described, never made: the query module reads the parameters"
)]
pub(super) struct Controlled {
    /// Who may change its state.
    #[param(nullable = false)]
    state_controller: Option<String>,
    /// Who governs it.
    #[param(nullable = false)]
    governor: Option<String>,
    /// Its sender.
    #[param(nullable = false)]
    sender: Option<String>,
}

/// Parameter of lists of foundries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[allow(
    dead_code,
    reason = "described, never made: the query module reads the parameters"
)]
pub(super) struct OfAlias {
    /// Address of the alias that controls it.
    #[param(nullable = false)]
    alias_address: Option<String>,
}

macro_rules! list {
    ($(#[$doc:meta])* $name:ident, $path:literal, $kind:expr, [$($params:ty),*]) => {
        $(#[$doc])*
        #[utoipa::path(
            get,
            path = $path,
            tag = "indexer",
            params($($params),*),
            responses(
                (status = 200, description = "A page of output ids.", body = OutputIds),
                (status = 400, description = "A parameter is not one.", body = ErrorBody),
            )
        )]
        async fn $name(
            State(app): State<Arc<App>>,
            RawQuery(query): RawQuery,
        ) -> Result<Response, ApiError> {
            answer_list(&app, $kind, query.as_deref().unwrap_or_default()).await
        }
    };
}

list!(
    /// Unspent outputs of all kinds.
    outputs, "/api/indexer/v1/outputs", Kind::Any, [Common, Unlockable]
);
list!(
    /// Unspent basic outputs.
    basic, "/api/indexer/v1/outputs/basic", Kind::Basic, [Common, Unlockable, Owned]
);
list!(
    /// Unspent alias outputs.
    alias, "/api/indexer/v1/outputs/alias", Kind::Alias, [Common, Unlockable, Issued, Controlled]
);
list!(
    /// Unspent foundry outputs.
    foundry, "/api/indexer/v1/outputs/foundry", Kind::Foundry, [Common, OfAlias]
);
list!(
    /// Unspent NFT outputs.
    nft, "/api/indexer/v1/outputs/nft", Kind::Nft, [Common, Unlockable, Owned, Issued]
);

async fn answer_list(app: &App, kind: Kind, query: &str) -> Result<Response, ApiError> {
    let hrp = app.node.status().parameters.bech32_hrp.clone();
    let query = query::parse(kind, query, &hrp).map_err(ApiError::bad_request)?;
    let page_size = query.page_size;
    let page = app.scan(move |reader| reader.outputs(&query)).await?;
    content::json(&OutputIds {
        ledger_index: page.ledger_index,
        page_size,
        cursor: page.next.map(|next| query::write_cursor(next, page_size)),
        items: page.items,
    })
}

macro_rules! chain {
    (
        $(#[$doc:meta])*
        $name:ident, $path:literal, $param:literal, $text:ty, $id:ty, $query:expr
    ) => {
        $(#[$doc])*
        #[utoipa::path(
            get,
            path = $path,
            tag = "indexer",
            params(($param = $text, Path)),
            responses(
                (status = 200, description = "The id of its unspent output.", body = OutputIds),
                (status = 400, description = "Not such an id.", body = ErrorBody),
                (status = 404, description = "There is none with this id.", body = ErrorBody),
            )
        )]
        async fn $name(
            State(app): State<Arc<App>>,
            PathParam(id): PathParam<$id>,
        ) -> Result<Response, ApiError> {
            answer_chain(&app, &$query(id), &id)
        }
    };
}

chain!(
    /// The unspent output of an alias.
    alias_by_id, "/api/indexer/v1/outputs/alias/{aliasId}", "aliasId", AliasIdText, AliasId,
    ChainQuery::Alias
);
chain!(
    /// The unspent output of a foundry.
    foundry_by_id, "/api/indexer/v1/outputs/foundry/{foundryId}", "foundryId", FoundryIdText,
    FoundryId, ChainQuery::Foundry
);
chain!(
    /// The unspent output of an NFT.
    nft_by_id, "/api/indexer/v1/outputs/nft/{nftId}", "nftId", NftIdText, NftId, ChainQuery::Nft
);

fn answer_chain(app: &App, query: &ChainQuery, id: &impl Display) -> Result<Response, ApiError> {
    let (output, ledger_index) = app.reader().chain_output(query)?;
    let Some(output) = output else {
        return Err(ApiError::not_found(format_args!("record not found: {id}")));
    };
    content::json(&OutputIds {
        ledger_index,
        page_size: 1,
        cursor: None,
        items: vec![output],
    })
}
