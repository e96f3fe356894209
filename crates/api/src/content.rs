//! Bodies: what a client wants, what it sends, and how much of it is taken.
//!
//! Memory for bodies is bounded by the connections times [`SMALL_BYTES_MAX`], plus
//! [`LARGE_BODIES_MAX`] times the limit of a body: a body that grows beyond the small size waits
//! for one of the few large places.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::de::{Deserialize, Deserializer, Error};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use crate::ApiError;

/// Content type of JSON.
pub(crate) const JSON: &str = "application/json";
/// Content type of the binary form.
pub(crate) const BINARY: &str = "application/vnd.iota.serializer-v1";
/// Bytes of a body up to which it needs no large place: more than any block in the binary form.
const SMALL_BYTES_MAX: usize = 48 << 10;
/// Large bodies that are read at once.
const LARGE_BODIES_MAX: usize = 16;

/// How a body in the binary form is described.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it is described, never made")]
pub(crate) struct Binary(Vec<u8>);

/// A form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Binary,
}

/// Reads bodies within bounds.
#[derive(Debug)]
pub(crate) struct BodyReader {
    bytes_max: usize,
    timeout: Duration,
    /// Places for large bodies.
    large: Semaphore,
}

impl BodyReader {
    pub(crate) fn new(bytes_max: usize, timeout: Duration) -> Self {
        Self {
            bytes_max,
            timeout,
            large: Semaphore::new(LARGE_BODIES_MAX),
        }
    }

    /// The whole body.
    pub(crate) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
        let stated = header_text(headers, header::CONTENT_LENGTH)
            .and_then(|text| text.parse::<usize>().ok());
        if stated.is_some_and(|length| length > self.bytes_max) {
            return Err(ApiError::body_too_large(self.bytes_max));
        }
        tokio::time::timeout(self.timeout, self.collect(body))
            .await
            .unwrap_or_else(|_| Err(ApiError::body_timeout()))
    }

    /// The whole body of a request that must be JSON.
    pub(crate) async fn read_json(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Bytes, ApiError> {
        match sent(headers) {
            Ok(Form::Json) => self.read(headers, body).await,
            _ => Err(ApiError::json_needed()),
        }
    }

    async fn collect(&self, mut body: Body) -> Result<Bytes, ApiError> {
        let Some(first) = next_data(&mut body).await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = next_data(&mut body).await? else {
            return self.within_limit(first);
        };
        let mut whole = BytesMut::from(first);
        let mut place = None;
        let mut next = Some(second);
        while let Some(data) = next {
            let length = whole.len() + data.len();
            if length > self.bytes_max {
                return Err(ApiError::body_too_large(self.bytes_max));
            }
            if length > SMALL_BYTES_MAX && place.is_none() {
                let free = self.large.acquire().await;
                place = Some(free.expect("nobody closes the semaphore"));
            }
            whole.extend_from_slice(&data);
            next = next_data(&mut body).await?;
        }
        Ok(whole.freeze())
    }

    fn within_limit(&self, data: Bytes) -> Result<Bytes, ApiError> {
        if data.len() > self.bytes_max {
            return Err(ApiError::body_too_large(self.bytes_max));
        }
        Ok(data)
    }
}

/// The next piece of a body that holds data.
async fn next_data(body: &mut Body) -> Result<Option<Bytes>, ApiError> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ApiError::bad_request(format_args!("body: {error}")))?;
        if let Ok(data) = frame.into_data()
            && !data.is_empty()
        {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// The form that a client wants: binary when it says so, else JSON.
pub(crate) fn wanted(headers: &HeaderMap) -> Form {
    match header_text(headers, header::ACCEPT) {
        Some(accept) if accept.starts_with(BINARY) => Form::Binary,
        _ => Form::Json,
    }
}

/// The form that a client sends.
pub(crate) fn sent(headers: &HeaderMap) -> Result<Form, ApiError> {
    match header_text(headers, header::CONTENT_TYPE) {
        Some(kind) if kind.starts_with(BINARY) => Ok(Form::Binary),
        Some(kind) if kind.starts_with(JSON) => Ok(Form::Json),
        _ => Err(ApiError::unsupported_content_type()),
    }
}

/// Reads a JSON body.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format_args!("body is not as expected: {error}")))
}

/// A whole number from 0 to 2^32 - 1 in a JSON body. JSON Schema says that `3.0` is one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole(pub(crate) u32);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        // Every such number has an exact floating-point form.
        if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
            return Ok(Self(number as u32));
        }
        let expected = "a whole number from 0 to 4294967295 is expected";
        Err(D::Error::custom(format_args!("{number}: {expected}")))
    }
}

/// An answer in the binary form.
pub(crate) fn binary(bytes: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, BINARY)], bytes.into()).into_response()
}

/// An answer in JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(value).map_err(|error| ApiError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, JSON)], body).into_response())
}

fn header_text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_number_may_have_a_fraction_of_zero() {
        for (text, number) in [
            ("0", Some(0)),
            ("3.0", Some(3)),
            ("4294967295", Some(u32::MAX)),
            ("4.294967295e9", Some(u32::MAX)),
            ("4294967296", None),
            ("3.5", None),
            ("-1", None),
            ("\"3\"", None),
            ("null", None),
        ] {
            let read = from_json::<Whole>(text.as_bytes()).ok();
            assert_eq!(read, number.map(Whole), "{text}");
        }
    }
}
