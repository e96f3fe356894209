//! Parameters in paths and queries, read strictly.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::ApiError;

/// The one parameter of a path, such as a block id. What it is not gives 400.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathParam<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for PathParam<T>
where
    S: Send + Sync,
    T: FromStr<Err: std::fmt::Display>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(ApiError::bad_request)?;
        let value = text
            .parse()
            .map_err(|error| ApiError::bad_request(format_args!("{}: {error}", shorten(&text))))?;
        Ok(Self(value))
    }
}

/// A number in decimal digits and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal(pub(crate) u32);

/// Why a text is not a [`Decimal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number from 0 to {} in decimal digits is expected", u32::MAX)]
pub(crate) struct DecimalError;

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        // `parse` would allow a plus sign.
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DecimalError);
        }
        text.parse().map(Self).map_err(|_| DecimalError)
    }
}

/// A text as it can be repeated in a message.
pub(crate) fn shorten(text: &str) -> String {
    const CHARS_MAX: usize = 100;
    let mut short: String = text
        .chars()
        .take(CHARS_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_is_digits_only() {
        assert_eq!("0".parse(), Ok(Decimal(0)));
        assert_eq!("007".parse(), Ok(Decimal(7)));
        assert_eq!("4294967295".parse(), Ok(Decimal(u32::MAX)));
        for bad in ["", "+1", "-1", "4294967296", "0x1", " 1", "1.0"] {
            assert_eq!(bad.parse::<Decimal>(), Err(DecimalError), "{bad}");
        }
    }
}
