//! How far apart the nodes of a dev network are: the values of `--latency` and `--loss`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::leaf;

/// Longest latency; a heartbeat has to come through long before a neighbour is given up.
const LATENCY_MAX: Duration = Duration::from_secs(10);
/// Greatest loss in per cent; with more, nodes take each other for liars that answer nothing.
const LOSS_PERCENT_MAX: f64 = 50.0;

/// How long messages are on their way: the same for all links, or a range from which each link
/// gets one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Latency {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
}

/// Messages that are lost, in per cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub(crate) struct Loss(f64);

leaf! {
    Latency => "time such as 50ms, or a range such as 20ms..80ms",
    Loss => "number",
}

impl FromStr for Latency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (min, max) = match text.split_once("..") {
            Some((min, max)) => (duration(min)?, duration(max)?),
            None => (duration(text)?, duration(text)?),
        };
        if min > max {
            return Err(format!("{text:?} begins after its end"));
        }
        if max > LATENCY_MAX {
            return Err(format!("{text:?} is more than 10s, the longest possible"));
        }
        Ok(Self { min, max })
    }
}

/// A time in whole units, such as `50ms` or `2s`.
fn duration(text: &str) -> Result<Duration, String> {
    let parse = |(number, from): (&str, fn(u64) -> Duration)| number.parse().ok().map(from);
    let in_ms = text.strip_suffix("ms");
    let in_ms = in_ms.map(|number| (number, Duration::from_millis as fn(u64) -> Duration));
    let in_s = text.strip_suffix('s');
    let in_s = in_s.map(|number| (number, Duration::from_secs as fn(u64) -> Duration));
    in_ms.or(in_s).and_then(parse).ok_or_else(|| {
        format!("{text:?} is no time: a whole number with ms or s is expected, such as 50ms")
    })
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.min.as_millis())?;
        if self.max > self.min {
            write!(f, "..{}ms", self.max.as_millis())?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Latency {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Latency> for String {
    fn from(latency: Latency) -> Self {
        latency.to_string()
    }
}

impl Loss {
    /// Whether anything is lost.
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0.0
    }

    /// Lost messages of a million.
    pub(crate) fn per_million(self) -> u32 {
        // At most 50 per cent, so it fits.
        (self.0 * 10_000.0).round() as u32
    }
}

impl TryFrom<f64> for Loss {
    type Error = String;

    fn try_from(percent: f64) -> Result<Self, String> {
        if (0.0..=LOSS_PERCENT_MAX).contains(&percent) {
            return Ok(Self(percent));
        }
        Err(format!(
            "{percent} is no loss: 0 to {LOSS_PERCENT_MAX} per cent are possible"
        ))
    }
}

impl From<Loss> for f64 {
    fn from(loss: Loss) -> Self {
        loss.0
    }
}

impl FromStr for Loss {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').unwrap_or(text).trim_end();
        let percent = number.parse::<f64>().map_err(|_| {
            format!("{text:?} is no loss: a number of per cent is expected, such as 1%")
        })?;
        Self::try_from(percent)
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(text: &str) -> (u128, u128) {
        let latency: Latency = text.parse().expect(text);
        let again: Latency = latency
            .to_string()
            .parse()
            .expect("it reads what it writes");
        assert_eq!(again, latency);
        (latency.min.as_millis(), latency.max.as_millis())
    }

    #[test]
    fn latency_is_a_time_or_a_range_of_times() {
        assert_eq!(latency("50ms"), (50, 50));
        assert_eq!(latency("20ms..80ms"), (20, 80));
        assert_eq!(latency("500ms..2s"), (500, 2_000));
        assert_eq!(Latency::default().to_string(), "0ms");
    }

    #[test]
    fn what_is_no_latency_is_refused() {
        for bad in [
            "",
            "50",
            "ms",
            "-1ms",
            "1.5s",
            "80ms..20ms",
            "11s",
            "1ms..",
            "1h",
        ] {
            assert!(bad.parse::<Latency>().is_err(), "{bad}");
        }
    }

    #[test]
    fn loss_is_in_per_cent() {
        let loss = |text: &str| text.parse::<Loss>().map(Loss::per_million);
        assert_eq!(loss("1%"), Ok(10_000));
        assert_eq!(loss("0.25"), Ok(2_500));
        assert_eq!(loss("50"), Ok(500_000));
        for bad in ["", "%", "-1", "51", "NaN", "many"] {
            assert!(loss(bad).is_err(), "{bad}");
        }
    }
}
