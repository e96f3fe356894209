//! Amounts of base coins as people write them. The unit is always there, so that nothing is taken
//! for a thousand or a million times of what was meant: `1.5TST` (the network's unit), `1500000u`
//! (the smallest unit).

use std::fmt;

/// How a network writes its base coin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Name of the unit, such as `TST`.
    pub name: String,
    /// Digits behind the point.
    pub decimals: u8,
}

/// The suffix of the smallest unit.
const SMALLEST: &str = "u";
/// More digits than a u64 has say nothing.
const DECIMALS_MAX: u8 = 19;

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// No unit behind the number.
    #[error("{text:?} has no unit: write {text}{unit} or {text}u (1{unit} is {one}u)")]
    Unit {
        /// What was given.
        text: String,
        /// The network's unit.
        unit: String,
        /// The network's unit in the smallest.
        one: u128,
    },
    /// Another unit.
    #[error("{found:?} is not a unit of this network: write {unit}, or u for the smallest")]
    OtherUnit {
        /// What was given.
        found: String,
        /// The network's unit.
        unit: String,
    },
    /// Not a decimal number.
    #[error("{0:?} is not a number")]
    Number(String),
    /// Finer than the smallest unit.
    #[error("{text:?} has more than {decimals} digits behind the point")]
    TooFine {
        /// What was given.
        text: String,
        /// Digits that are allowed.
        decimals: u8,
    },
    /// More than there can be.
    #[error("{0:?} is too large")]
    TooLarge(String),
}

impl Unit {
    /// The unit called `name`, of `10^decimals` smallest ones.
    #[must_use]
    pub fn new(name: &str, decimals: u8) -> Self {
        Self {
            name: name.to_owned(),
            decimals: decimals.min(DECIMALS_MAX),
        }
    }

    /// Reads an amount with its unit.
    ///
    /// # Errors
    /// See [`AmountError`].
    pub fn parse(&self, text: &str) -> Result<u64, AmountError> {
        let text = text.trim();
        let end = text
            .find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '.' | '_'))
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let decimals = match unit.trim() {
            "" => {
                return Err(AmountError::Unit {
                    text: text.to_owned(),
                    unit: self.name.clone(),
                    one: 10_u128.pow(u32::from(self.decimals)),
                });
            }
            // Where the network's unit is called so itself, it has no decimals or is meant.
            unit if unit.eq_ignore_ascii_case(&self.name) => self.decimals,
            SMALLEST => 0,
            found => {
                return Err(AmountError::OtherUnit {
                    found: found.to_owned(),
                    unit: self.name.clone(),
                });
            }
        };
        parse_decimal(number, decimals)
    }

    /// An amount with its unit, exactly.
    #[must_use]
    pub fn show(&self, amount: u64) -> Shown<'_> {
        Shown { unit: self, amount }
    }
}

/// Reads a number with at most `decimals` digits behind the point.
fn parse_decimal(text: &str, decimals: u8) -> Result<u64, AmountError> {
    let plain: String = text.chars().filter(|letter| *letter != '_').collect();
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(part) || whole.len() + part.len() == 0 {
        return Err(AmountError::Number(text.to_owned()));
    }
    if part.len() > usize::from(decimals) {
        return Err(AmountError::TooFine {
            text: text.to_owned(),
            decimals,
        });
    }
    let zeros = usize::from(decimals) - part.len();
    let digits = format!("{whole}{part}{}", "0".repeat(zeros));
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    let too_large = |_| AmountError::TooLarge(text.to_owned());
    significant.parse().map_err(too_large)
}

/// An amount for a person.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    unit: &'a Unit,
    amount: u64,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10_u128.pow(u32::from(self.unit.decimals));
        let amount = u128::from(self.amount);
        let (whole, part) = (amount / one, amount % one);
        let mut text = whole.to_string();
        for at in (1..text.len())
            .rev()
            .filter(|at| (text.len() - at) % 3 == 0)
            .collect::<Vec<_>>()
        {
            text.insert(at, '_');
        }
        if part > 0 {
            let width = usize::from(self.unit.decimals);
            let digits = format!("{part:0width$}");
            text.push('.');
            text.push_str(digits.trim_end_matches('0'));
        }
        f.pad(&format!("{text} {}", self.unit.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        let unit = Unit::new("TST", 6);
        for (text, amount) in [
            ("1.5TST", 1_500_000),
            ("1.5 tst", 1_500_000),
            ("1500000u", 1_500_000),
            ("0.000001TST", 1),
            (".5TST", 500_000),
            ("5.TST", 5_000_000),
            ("1_000TST", 1_000_000_000),
            ("18446744073709.551615TST", u64::MAX),
            ("0u", 0),
        ] {
            assert_eq!(unit.parse(text), Ok(amount), "{text}");
        }
    }

    #[test]
    fn what_is_not_clear_is_refused() {
        let unit = Unit::new("TST", 6);
        for text in [
            "",
            "1",
            "1.5",
            "TST",
            "u",
            ".TST",
            "1.0000001TST",
            "1.5u",
            "-1TST",
            "1e3TST",
            "1,5TST",
            "1.2.3TST",
            "1MIOTA",
            "18446744073709.551616TST",
            "99999999999999999999u",
        ] {
            assert!(unit.parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_shown_can_be_read_back() {
        let unit = Unit::new("TST", 6);
        for (amount, text) in [
            (0, "0 TST"),
            (1, "0.000001 TST"),
            (1_500_000, "1.5 TST"),
            (1_234_567_000_000, "1_234_567 TST"),
            (u64::MAX, "18_446_744_073_709.551615 TST"),
        ] {
            assert_eq!(unit.show(amount).to_string(), text);
            assert_eq!(unit.parse(text), Ok(amount));
        }
    }
}
