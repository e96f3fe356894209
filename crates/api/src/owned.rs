//! The outputs of many addresses in one answer, for wallets with many of them. The indexer of other
//! node software has nothing like it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use tangle_storage::OwnedLimits;
use tangle_types::{Address, Codec};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::ApiError;
use crate::app::App;
use crate::content::{self, Binary, Form};
use crate::error::ErrorBody;

/// Addresses of one request.
const ADDRESSES_MAX: usize = 1_000;
/// Limits of one answer.
const LIMITS: OwnedLimits = OwnedLimits {
    outputs_max: 10_000,
    bytes_max: 2 << 20,
};

/// The route.
pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default().routes(routes!(owned))
}

/// Unspent outputs that addresses can unlock, now or at another time. The request is up to 1000
/// addresses of 33 bytes each. The answer is the ledger's index (4 bytes, little-endian), 1 when
/// these are all outputs or 0 when fewer addresses must be asked for, and for each output its id,
/// its block's id, the index and the time of its milestone, and its bytes.
#[utoipa::path(
    post,
    path = "/api/tangle/v1/outputs",
    tag = "indexer",
    request_body(content((Binary = "application/vnd.iota.serializer-v1"))),
    responses(
        (
            status = 200, description = "The outputs.",
            content((Binary = "application/vnd.iota.serializer-v1"))
        ),
        (status = 400, description = "These are not addresses.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The content type is not binary.", body = ErrorBody),
    )
)]
async fn owned(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    if content::sent(&headers)? != Form::Binary {
        return Err(ApiError::unsupported_content_type());
    }
    let body = app.bodies.read(&headers, body).await?;
    let (chunks, rest) = body.as_chunks::<{ Address::LENGTH }>();
    if !rest.is_empty() || chunks.is_empty() || chunks.len() > ADDRESSES_MAX {
        return Err(ApiError::bad_request(format_args!(
            "1 to {ADDRESSES_MAX} addresses of {} bytes are expected, not {} bytes",
            Address::LENGTH,
            body.len()
        )));
    }
    let addresses: Result<Vec<Address>, _> = chunks
        .iter()
        .map(|chunk| Address::from_bytes(chunk))
        .collect();
    let addresses = addresses.map_err(ApiError::bad_request)?;
    let found = app
        .scan(move |reader| reader.owned_outputs(&addresses, LIMITS))
        .await?;
    let mut bytes = Vec::with_capacity(5 + found.outputs.len() * 160);
    found.ledger_index.write(&mut bytes);
    bytes.push(u8::from(found.is_complete));
    found
        .outputs
        .iter()
        .for_each(|output| output.write(&mut bytes));
    Ok(content::binary(bytes))
}
