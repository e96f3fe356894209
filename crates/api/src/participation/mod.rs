//! Votes with coins (`/api/participation/v1`), as the `inx-participation` extension of Hornet has
//! them. A node has these routes when somebody counts for it ([`VoteCounter`]).
//!
//! Numbers of 64 bits are JSON numbers here, unlike in the core API. Rewards for staking are left
//! out: an address has none, and `admin/events/{eventId}/rewards` does not exist.

mod counter;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tangle_types::json::ParticipationEventJson;
use tangle_types::participation::{CreatedEvent, EventId, EventIds, ParticipationEvent};
use tangle_types::{Address, MilestoneIndex, OutputId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::counter::{CounterError, CounterFuture, VoteCounter};
use crate::app::App;
use crate::error::ErrorBody;
use crate::params::{Decimal, PathParam, shorten};
use crate::schema::{
    AddressParticipationsSchema, CreatedEventSchema, EventIdText, EventIdsSchema,
    EventParticipationsSchema, EventSchema, EventStatusSchema, OutputIdText,
    OutputParticipationsSchema,
};
use crate::{ApiError, content};

/// The type number of a ballot.
const BALLOT: u32 = 0;
/// The type number of staking.
const STAKING: u32 = 1;

/// Routes that answer a question.
pub(crate) fn reading() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(events))
        .routes(routes!(event))
        .routes(routes!(event_status))
        .routes(routes!(participations_of_output))
        .routes(routes!(address_outputs))
        .routes(routes!(address_rewards))
        .routes(routes!(active))
        .routes(routes!(past))
}

/// Routes with which an operator tells what to count.
pub(crate) fn operating() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(add_event))
        .routes(routes!(remove_event))
}

/// The events whose votes this node counts.
#[utoipa::path(
    get,
    path = "/api/participation/v1/events",
    tag = "participation",
    params(("type" = Option<u32>, Query, description = "0: ballots only.", maximum = 1)),
    responses(
        (status = 200, description = "Their ids, in order.", body = EventIdsSchema),
        (status = 400, description = "There is no such type of events.", body = ErrorBody),
    )
)]
async fn events(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let kinds = numbers(query.as_deref(), "type")?;
    if let Some(kind) = kinds.iter().find(|kind| ![BALLOT, STAKING].contains(kind)) {
        return Err(ApiError::bad_request(format_args!(
            "invalid event type: {kind}"
        )));
    }
    // Only ballots are counted.
    let are_wanted = kinds.is_empty() || kinds.contains(&BALLOT);
    let event_ids = if are_wanted {
        counter(&app)?.events()
    } else {
        Vec::new()
    };
    content::json(&EventIds { event_ids })
}

/// An event.
#[utoipa::path(
    get,
    path = "/api/participation/v1/events/{eventId}",
    tag = "participation",
    params(("eventId" = EventIdText, Path)),
    responses(
        (status = 200, description = "The event.", body = EventSchema),
        (status = 400, description = "Not an event id.", body = ErrorBody),
        (status = 404, description = "This node does not count it.", body = ErrorBody),
    )
)]
async fn event(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<EventId>,
) -> Result<Response, ApiError> {
    let event = counter(&app)?.event(&id);
    let event = event.ok_or_else(|| unknown_event(&id))?;
    content::json(&ParticipationEventJson::from(&event))
}

/// How an event stands, after the newest milestone or an earlier one. An event that has ended is
/// told as of its end. The checksum is the same on all nodes.
#[utoipa::path(
    get,
    path = "/api/participation/v1/events/{eventId}/status",
    tag = "participation",
    params(
        ("eventId" = EventIdText, Path),
        (
            "milestoneIndex" = Option<u32>, Query, maximum = 4294967295_i64,
            description = "After which milestone; 0 or nothing for the newest."
        )
    ),
    responses(
        (status = 200, description = "How it stands.", body = EventStatusSchema),
        (status = 400, description = "Not an event id, or not an index.", body = ErrorBody),
        (
            status = 404, body = ErrorBody,
            description = "This node does not count it, or does not know any more how it stood."
        ),
        (status = 503, description = "Counting stands still.", body = ErrorBody),
    )
)]
async fn event_status(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<EventId>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let counter = counter(&app)?;
    let at = index(query.as_deref())?;
    let status = app.scan(move |_| Ok(counter.status(&id, at))).await??;
    content::json(&status.ok_or_else(|| unknown_event(&id))?)
}

/// What an output takes part in, or did while it was unspent.
#[utoipa::path(
    get,
    path = "/api/participation/v1/outputs/{outputId}",
    tag = "participation",
    params(("outputId" = OutputIdText, Path)),
    responses(
        (status = 200, description = "By event.", body = OutputParticipationsSchema),
        (status = 400, description = "Not an output id.", body = ErrorBody),
        (status = 404, description = "It takes part in nothing.", body = ErrorBody),
    )
)]
async fn participations_of_output(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<OutputId>,
) -> Result<Response, ApiError> {
    let found = counter(&app)?.output(&id);
    if found.participations.is_empty() {
        return Err(ApiError::not_found(format_args!("output not found: {id}")));
    }
    content::json(&found)
}

/// What the outputs of an address take part in, or did; at most a thousand outputs.
#[utoipa::path(
    get,
    path = "/api/participation/v1/addresses/{address}/outputs",
    tag = "participation",
    params(("address" = String, Path, description = "In Bech32.")),
    responses(
        (status = 200, description = "By output.", body = AddressParticipationsSchema),
        (
            status = 400, body = ErrorBody,
            description = "Not an address of this network, or too many outputs."
        ),
    )
)]
async fn address_outputs(
    State(app): State<Arc<App>>,
    PathParam(text): PathParam<String>,
) -> Result<Response, ApiError> {
    let (counter, address) = (counter(&app)?, address(&app, &text)?);
    let found = app.scan(move |_| Ok(counter.address(&address))).await??;
    content::json(&found)
}

/// What an address has earned by staking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AddressRewards)]
#[serde(rename_all = "camelCase")]
struct Rewards {
    /// By event; this node counts none.
    rewards: NoRewards,
    /// After which milestone.
    #[schema(value_type = u32)]
    milestone_index: MilestoneIndex,
}

/// Rewards are left out.
#[derive(Debug, Serialize, ToSchema)]
struct NoRewards {}

/// What an address has earned by staking: nothing, as this node counts ballots only.
#[utoipa::path(
    get,
    path = "/api/participation/v1/addresses/{address}",
    tag = "participation",
    params(
        ("address" = String, Path, description = "In Bech32."),
        (
            "milestoneIndex" = Option<u32>, Query, maximum = 4294967295_i64,
            description = "After which milestone; 0 or nothing for the newest."
        )
    ),
    responses(
        (status = 200, description = "No rewards.", body = Rewards),
        (
            status = 400, body = ErrorBody,
            description = "Not an address of this network, or not an index."
        ),
    )
)]
async fn address_rewards(
    State(app): State<Arc<App>>,
    PathParam(text): PathParam<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    address(&app, &text)?;
    let (newest, at) = (counter(&app)?.index(), index(query.as_deref())?);
    content::json(&Rewards {
        rewards: NoRewards {},
        milestone_index: at.map_or(newest, |at| at.min(newest)),
    })
}

/// Adds an event. What was cast for it until now is counted too, which may take a while, if the
/// node still has the milestones since it commenced.
#[utoipa::path(
    post,
    path = "/api/participation/v1/admin/events",
    tag = "participation",
    request_body = EventSchema,
    responses(
        (
            status = 201, body = CreatedEventSchema, description = "It is counted from now on.",
            headers(("Location" = String, description = "Its id."))
        ),
        (
            status = 400, body = ErrorBody,
            description = "Not a ballot, known already, or begun before what the node still has."
        ),
        (status = 415, description = "Not JSON.", body = ErrorBody),
        (status = 503, description = "The ledger cannot be read.", body = ErrorBody),
    )
)]
async fn add_event(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let counter = counter(&app)?;
    let body = app.bodies.read_json(&headers, body).await?;
    let json: ParticipationEventJson = content::from_json(&body)?;
    let event = ParticipationEvent::try_from(json).map_err(ApiError::bad_request)?;
    let event_id = counter.add(event).await?;
    let location = HeaderValue::try_from(event_id.to_string())
        .expect("hexadecimal digits may stand in a header");
    let answer = content::json(&CreatedEvent { event_id })?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], answer).into_response())
}

/// Removes an event with all that was counted for it.
#[utoipa::path(
    delete,
    path = "/api/participation/v1/admin/events/{eventId}",
    tag = "participation",
    params(("eventId" = EventIdText, Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "Not an event id.", body = ErrorBody),
        (status = 404, description = "This node does not count it.", body = ErrorBody),
    )
)]
async fn remove_event(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<EventId>,
) -> Result<StatusCode, ApiError> {
    if !counter(&app)?.remove(id).await? {
        return Err(unknown_event(&id));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The participations in an event that go on; none for an event that this node does not count.
#[utoipa::path(
    get,
    path = "/api/participation/v1/admin/events/{eventId}/active",
    tag = "participation",
    params(("eventId" = EventIdText, Path)),
    responses(
        (status = 200, description = "By output.", body = EventParticipationsSchema),
        (status = 400, description = "Not an event id.", body = ErrorBody),
    )
)]
async fn active(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<EventId>,
) -> Result<Response, ApiError> {
    participations(&app, id, true).await
}

/// The participations in an event that have ended; none for an event that this node does not count.
#[utoipa::path(
    get,
    path = "/api/participation/v1/admin/events/{eventId}/past",
    tag = "participation",
    params(("eventId" = EventIdText, Path)),
    responses(
        (status = 200, description = "By output.", body = EventParticipationsSchema),
        (status = 400, description = "Not an event id.", body = ErrorBody),
    )
)]
async fn past(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<EventId>,
) -> Result<Response, ApiError> {
    participations(&app, id, false).await
}

/// The participations in an event that go on, or those that have ended.
async fn participations(app: &App, id: EventId, go_on: bool) -> Result<Response, ApiError> {
    let counter = counter(app)?;
    let found = app.scan(move |_| Ok(counter.participations(&id, go_on)));
    content::json(&found.await?)
}

/// Who counts. On a node where nobody does, there are no routes that ask.
fn counter(app: &App) -> Result<Arc<dyn VoteCounter>, ApiError> {
    let counter = app.votes.clone();
    counter.ok_or_else(|| ApiError::not_found("this node does not count votes"))
}

fn unknown_event(id: &EventId) -> ApiError {
    ApiError::not_found(format_args!("event not found: {id}"))
}

fn address(app: &App, text: &str) -> Result<Address, ApiError> {
    let (hrp, address) = Address::from_bech32(text)
        .map_err(|error| ApiError::bad_request(format_args!("{}: {error}", shorten(text))))?;
    let needed = &app.node.status().parameters.bech32_hrp;
    if hrp != *needed {
        return Err(ApiError::bad_request(format_args!(
            "an address of this network starts with {needed}1"
        )));
    }
    Ok(address)
}

/// The milestone that is asked for.
fn index(query: Option<&str>) -> Result<Option<MilestoneIndex>, ApiError> {
    let numbers = numbers(query, "milestoneIndex")?;
    let index = numbers.first().filter(|index| **index > 0);
    Ok(index.copied().map(MilestoneIndex))
}

/// The values of a parameter, in order.
fn numbers(query: Option<&str>, name: &str) -> Result<Vec<u32>, ApiError> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let values = pairs.filter(|(found, value)| found == name && !value.is_empty());
    values
        .map(|(_, value)| {
            let number = value.parse::<Decimal>();
            number.map(|number| number.0).map_err(|error| {
                ApiError::bad_request(format_args!("{name} = {}: {error}", shorten(&value)))
            })
        })
        .collect()
}

impl From<CounterError> for ApiError {
    fn from(error: CounterError) -> Self {
        match error {
            CounterError::Refused(reason) => Self::bad_request(reason),
            CounterError::Forgotten(reason) => Self::not_found(reason),
            CounterError::Unavailable(reason) => Self::unavailable(reason),
            CounterError::Failed(reason) => Self::internal(&reason),
        }
    }
}
