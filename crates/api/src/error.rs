//! Errors as clients see them: `{"error":{"code":"404","message":"…"}}`.
//!
//! The code is the HTTP status as a string. What a node has pruned is answered with 404 as well,
//! but with `prunedBefore`, the first milestone that is still there, so that a client can tell
//! "ask a node that keeps more" from "there is no such thing".

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tangle_node::{PeerError, PruneError, SnapshotError, SubmitError, TipsError, WhiteFlagError};
use tangle_storage::StoreError;
use tangle_types::MilestoneIndex;
use utoipa::ToSchema;

/// An answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    message: String,
    pruned_before: Option<MilestoneIndex>,
}

/// The body of every answer that is not a success.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    pub(crate) error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorDetail {
    /// The HTTP status.
    #[schema(pattern = "^[45][0-9]{2}$")]
    pub(crate) code: String,
    /// What went wrong and what to do.
    pub(crate) message: String,
    /// First milestone whose data this node still has. Present when what was asked for is, or may
    /// be, older.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, nullable = false)]
    pub(crate) pruned_before: Option<MilestoneIndex>,
}

impl ApiError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            pruned_before: None,
        }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(cause: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            format!("invalid parameter, error: {cause}"),
        )
    }

    /// 401: the token does not open this door.
    pub(crate) fn unauthorized(cause: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            format!("unauthorized, error: {cause}"),
        )
    }

    /// 403: this door is closed for everybody.
    pub(crate) fn forbidden(cause: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::FORBIDDEN, format!("forbidden, error: {cause}"))
    }

    /// 404: there is no such thing.
    pub(crate) fn not_found(cause: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("not found, error: {cause}"))
    }

    /// 404 for something known by an id, on a node that has pruned milestones up to `pruned`. An id
    /// does not tell its age, so the answer names both possibilities.
    pub(crate) fn unknown_id(what: &str, id: &impl std::fmt::Display, pruned: Pruned) -> Self {
        let Some(first) = pruned.first_kept() else {
            return Self::not_found(format_args!("{what} not found: {id}"));
        };
        let mut error = Self::not_found(format_args!(
            "{what} not found: {id}; it is unknown, or older than milestone {first}, the first \
             that this node has not pruned: ask a node that keeps more"
        ));
        error.pruned_before = Some(first);
        error
    }

    /// 404 for a milestone.
    pub(crate) fn unknown_index(index: MilestoneIndex, pruned: Pruned) -> Self {
        let Some(first) = pruned.first_kept().filter(|first| index < *first) else {
            return Self::not_found(format_args!("milestone not found: {index}"));
        };
        let mut error = Self::not_found(format_args!(
            "milestone {index} was pruned, this node keeps milestones from {first}: ask a node \
             that keeps more"
        ));
        error.pruned_before = Some(first);
        error
    }

    /// 405.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method not allowed, error: see the header Allow for what this path takes",
        )
    }

    /// 408.
    pub(crate) fn body_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "request timeout, error: the body came too slowly",
        )
    }

    /// 413.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("request entity too large, error: a body has at most {limit} bytes"),
        )
    }

    /// 415.
    pub(crate) fn unsupported_content_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!(
                "unsupported media type, error: set the header Content-Type to {} or {}",
                crate::content::JSON,
                crate::content::BINARY
            ),
        )
    }

    /// 415 where only JSON is taken.
    pub(crate) fn json_needed() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!(
                "unsupported media type, error: set the header Content-Type to {}",
                crate::content::JSON
            ),
        )
    }

    /// 500: it is our fault; the details go to the log.
    pub(crate) fn internal(cause: &(impl std::fmt::Display + ?Sized)) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal server error, error: the node's log says more",
        )
    }

    /// 503: not now.
    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("service unavailable, error: {cause}"),
        )
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }
}

/// Up to where a node has pruned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pruned(pub(crate) MilestoneIndex);

impl Pruned {
    fn first_kept(self) -> Option<MilestoneIndex> {
        (self.0.0 > 0).then(|| self.0.next())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            error: ErrorDetail {
                code: self.status.as_str().to_owned(),
                message: self.message,
                pruned_before: self.pruned_before,
            },
        };
        (self.status, Json(body)).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Invalid(reason) => Self::bad_request(reason),
            SubmitError::PowUnavailable
            | SubmitError::NotSynced
            | SubmitError::NoTips
            | SubmitError::Busy
            | SubmitError::Stopping => Self::unavailable(error),
        }
    }
}

impl From<TipsError> for ApiError {
    fn from(error: TipsError) -> Self {
        Self::unavailable(error)
    }
}

impl From<WhiteFlagError> for ApiError {
    fn from(error: WhiteFlagError) -> Self {
        match error {
            WhiteFlagError::Invalid(reason) => Self::bad_request(reason),
            WhiteFlagError::NotSolid | WhiteFlagError::Stopping => Self::unavailable(error),
        }
    }
}

impl From<PruneError> for ApiError {
    fn from(error: PruneError) -> Self {
        match error {
            PruneError::Invalid(reason) => Self::bad_request(reason),
            PruneError::Busy | PruneError::Stopping => Self::unavailable(error),
            PruneError::Store(error) => error.into(),
        }
    }
}

impl From<SnapshotError> for ApiError {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Invalid(reason) => Self::bad_request(reason),
            SnapshotError::Busy => Self::unavailable(error),
            SnapshotError::Failed(reason) => Self::internal(&reason),
        }
    }
}

impl From<PeerError> for ApiError {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::Address(_) => Self::bad_request(error),
            PeerError::Full(_) | PeerError::Refused(_) => Self::unavailable(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pruned_before(error: &ApiError) -> Option<u32> {
        error.pruned_before.map(|index| index.0)
    }

    #[test]
    fn pruned_is_told_from_unknown() {
        let nothing = Pruned(MilestoneIndex(0));
        let some = Pruned(MilestoneIndex(7));
        for (index, pruned, expected) in [
            (3, nothing, None),
            (3, some, Some(8)),
            (7, some, Some(8)),
            (8, some, None),
            (9_000, some, None),
        ] {
            let error = ApiError::unknown_index(MilestoneIndex(index), pruned);
            assert_eq!(error.status, StatusCode::NOT_FOUND);
            assert_eq!(pruned_before(&error), expected, "{index}");
            assert_eq!(error.message.contains("was pruned"), expected.is_some());
        }
        let unknown = ApiError::unknown_id("block", &"0x01", nothing);
        assert_eq!(pruned_before(&unknown), None);
        assert_eq!(unknown.message, "not found, error: block not found: 0x01");
        let maybe = ApiError::unknown_id("block", &"0x01", some);
        assert_eq!(
            (maybe.status, pruned_before(&maybe)),
            (unknown.status, Some(8))
        );
        assert!(maybe.message.contains("older than milestone 8"));
    }
}
