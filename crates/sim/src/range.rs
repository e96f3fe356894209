//! Numbers that must lie in a range.

/// A number is out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{key} is {value}, and must be from {low} to {high}")]
pub struct OutOfRange {
    /// Which.
    pub key: &'static str,
    /// What was given.
    pub value: f64,
    /// The least that is allowed.
    pub low: f64,
    /// The most.
    pub high: f64,
}

/// Whether a number lies in its range, ends included; one that is none does not.
pub(crate) fn within(key: &'static str, value: f64, low: f64, high: f64) -> Result<(), OutOfRange> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(OutOfRange {
        key,
        value,
        low,
        high,
    })
}
