//! What the conditions of an output mean, in words.

use tangle_types::{Address, Feature, Output, UnixSeconds, UnlockCondition};

use crate::amount::Unit;

/// Bytes of a tag or of metadata that are shown.
const SHOWN_BYTES_MAX: usize = 64;

/// How addresses, amounts and times are written.
pub struct Words<'a> {
    /// Human-readable part of addresses.
    pub hrp: &'a str,
    /// The base coin.
    pub unit: &'a Unit,
    /// The time of the newest milestone.
    pub now: UnixSeconds,
    /// The name of an address, if it has one.
    pub name: &'a dyn Fn(&Address) -> Option<String>,
}

impl Words<'_> {
    /// An address, with its name.
    #[must_use]
    pub fn address(&self, address: &Address) -> String {
        let text = address.to_bech32(self.hrp);
        match (self.name)(address) {
            Some(name) => format!("{name} ({text})"),
            None => text,
        }
    }

    /// A time: how far it is from now.
    #[must_use]
    pub fn time(&self, time: UnixSeconds) -> String {
        let span = span(time.0.abs_diff(self.now.0));
        if time > self.now {
            format!("{} (in {span})", date(time))
        } else {
            format!("{} ({span} ago)", date(time))
        }
    }

    fn condition(&self, condition: &UnlockCondition) -> String {
        match condition {
            UnlockCondition::Address(address) => format!("belongs to {}", self.address(address)),
            UnlockCondition::StorageDepositReturn {
                return_address,
                amount,
            } => format!(
                "who takes it must return {} of it to {}",
                self.unit.show(*amount),
                self.address(return_address)
            ),
            UnlockCondition::Timelock(until) if *until > self.now => {
                format!("cannot be spent before {}", self.time(*until))
            }
            UnlockCondition::Timelock(until) => {
                format!("was locked until {}; it is open", self.time(*until))
            }
            UnlockCondition::Expiration {
                return_address,
                unix_time,
            } if *unix_time > self.now => format!(
                "must be taken before {}; from then on it belongs to {}",
                self.time(*unix_time),
                self.address(return_address)
            ),
            UnlockCondition::Expiration {
                return_address,
                unix_time,
            } => format!(
                "expired {}; it belongs to {} now",
                self.time(*unix_time),
                self.address(return_address)
            ),
            UnlockCondition::StateController(address) => {
                format!("its state is changed by {}", self.address(address))
            }
            UnlockCondition::Governor(address) => {
                format!(
                    "it is governed, and can be destroyed, by {}",
                    self.address(address)
                )
            }
            UnlockCondition::ImmutableAlias(alias) => format!(
                "belongs for ever to alias {}",
                self.address(&Address::Alias(*alias))
            ),
        }
    }

    fn feature(&self, feature: &Feature) -> String {
        match feature {
            Feature::Sender(address) => format!("sent by {}", self.address(address)),
            Feature::Issuer(address) => format!("issued by {}", self.address(address)),
            Feature::Metadata(bytes) => format!("metadata {}", printable(bytes)),
            Feature::Tag(bytes) => format!("tag {}", printable(bytes)),
        }
    }
}

/// An output in sentences, one for each thing to know.
#[must_use]
pub fn explain(output: &Output, words: &Words<'_>) -> Vec<String> {
    let amount = words.unit.show(output.amount());
    let mut lines = vec![match output {
        Output::Basic(_) => format!("holds {amount}"),
        Output::Alias(alias) => format!(
            "an alias in state {} that holds {amount}",
            alias.state_index
        ),
        Output::Foundry(foundry) => format!(
            "a foundry that holds {amount}; of its token {} circulate, at most {} ever can",
            foundry
                .token_scheme
                .minted
                .saturating_sub(foundry.token_scheme.melted),
            foundry.token_scheme.maximum
        ),
        Output::Nft(_) => format!("an NFT that holds {amount}"),
    }];
    for token in output.native_tokens() {
        lines.push(format!("holds {} of token {}", token.amount, token.id));
    }
    let conditions = output.unlock_conditions().iter();
    lines.extend(conditions.map(|condition| words.condition(condition)));
    let features = output.features().iter();
    lines.extend(features.map(|feature| words.feature(feature)));
    let fixed = output
        .immutable_features()
        .into_iter()
        .flat_map(|all| all.iter());
    lines.extend(fixed.map(|feature| format!("{}, for ever", words.feature(feature))));
    lines
}

/// Bytes that somebody else chose: as text where they are harmless text, else as digits.
fn printable(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES_MAX)];
    let rest = match bytes.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} bytes more"),
    };
    match std::str::from_utf8(shown) {
        Ok(text) if text.chars().all(is_harmless) => format!("{text:?}{rest}"),
        _ => format!("0x{}{rest}", hex::encode(shown)),
    }
}

/// Nothing that steers a terminal or turns the direction of a text.
fn is_harmless(letter: char) -> bool {
    letter.is_ascii_graphic() || letter == ' ' || (letter.is_alphanumeric() && !letter.is_ascii())
}

/// A span of time, in its two largest units.
fn span(seconds: u32) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// A time as `2026-11-25 23:30:00 UTC`.
#[must_use]
pub fn date(time: UnixSeconds) -> String {
    let (days, rest) = (i64::from(time.0 / 86_400), time.0 % 86_400);
    // Howard Hinnant's calendar arithmetic: eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_767_225_600, "2026-01-01 00:00:00 UTC"),
            (4_294_967_295, "2106-02-07 06:28:15 UTC"),
        ] {
            assert_eq!(date(UnixSeconds(seconds)), text);
        }
    }

    #[test]
    fn what_others_wrote_cannot_steer_the_terminal() {
        assert_eq!(printable(b"hello"), "\"hello\"");
        assert_eq!(printable(b"a\x1b[2J"), "0x611b5b324a");
        assert_eq!(printable("a\u{202e}b".as_bytes()), "0x61e280ae62");
        let long = printable(&[b'x'; 8192]);
        assert!(
            long.len() < 100 && long.contains("8128 bytes more"),
            "{long}"
        );
    }
}
