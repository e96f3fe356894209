//! Attacks on a Tangle, and how often they succeed.
//!
//! A [`Setup`] says who attacks what; a [`trial`] plays it once. Without a coordinator honest
//! issuers follow a strategy of tip selection and a merchant a [`Rule`] of weight or confidence,
//! as in the literature; an attack that is after a payment succeeds when the merchant was content
//! and new blocks approve the second spend in the end. With a coordinator the same blocks go to
//! real engines whose milestones decide; then an attack succeeds only when honest nodes have
//! applied both spends.
//!
//! [`Odds`] say how sure a counted share is, [`Search`] finds the critical share of an attacker.

mod duel;
mod host;
mod odds;
mod plan;
mod race;
mod setup;
mod sight;

use serde::Serialize;
use tangle_dag::Chance;

use duel::Duel;
pub use odds::{Critical, Odds, Question, Search};
pub use setup::{Aim, Attack, AttackNameError, Rule, Setup, SetupError};

/// Honest blocks that wait too long, above those that do without an attack: harm.
const LATE: f64 = 0.05;
/// By how much selfish issuers lengthen the wait of honest ones: harm.
const LONGER: f64 = 1.25;
/// The stream from which races draw.
const RACE: u64 = 16;

/// What came of one attack.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// Its seed.
    pub seed: u64,
    /// Whether the attacker got what it is after.
    pub succeeded: bool,
    /// Delays from the payment until the merchant was content, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_after: Option<f64>,
    /// The second spend's part of what new blocks approve in the end, or of honest blocks the share
    /// that waited too long because of the attack, or the growth of their waiting.
    pub measure: f64,
    /// Whether an honest engine has found the spends to conflict, and refused one.
    pub refused: bool,
}

/// Plays an attack once. The same setup and seed give the same trial.
///
/// # Errors
/// The setup makes no sense.
pub fn trial(setup: &Setup, seed: u64) -> Result<Trial, SetupError> {
    let setup = setup.effective()?;
    let plain = |succeeded: bool| Trial {
        seed,
        succeeded,
        content_after: None,
        measure: f64::from(u8::from(succeeded)),
        refused: false,
    };
    if setup.has_engines() {
        return Ok(duel(&setup, seed));
    }
    Ok(match setup.attack {
        Attack::LargeWeight | Attack::Outpacing => {
            plain(race::wins(&setup, &mut Chance::stream(seed, RACE)))
        }
        Attack::LazyTips | Attack::GenesisTips => {
            let late = |setup: &Setup| Duel::new(setup, seed).waiting().late;
            let extra = late(&setup) - late(&without_attacker(&setup));
            Trial {
                seed,
                succeeded: extra > LATE,
                content_after: None,
                measure: extra,
                refused: false,
            }
        }
        Attack::Selfish => {
            let mean = |setup: &Setup| Duel::new(setup, seed).waiting().mean;
            let honest = Setup {
                share: 0.0,
                ..setup
            };
            let longer = mean(&setup) / mean(&honest);
            Trial {
                seed,
                succeeded: longer >= LONGER,
                content_after: None,
                measure: longer,
                refused: false,
            }
        }
        _ => duel(&setup, seed),
    })
}

/// Of draws by the strategy, the share that ends on blocks of the attacker, who only spams or is
/// selfish.
///
/// # Errors
/// The setup makes no sense.
pub fn foreign_share(setup: &Setup, seed: u64) -> Result<f64, SetupError> {
    let setup = setup.effective()?;
    Ok(Duel::new(&setup, seed).foreign_share())
}

fn duel(setup: &Setup, seed: u64) -> Trial {
    let end = Duel::new(setup, seed).run();
    Trial {
        seed,
        succeeded: end.succeeded,
        content_after: end.content_after,
        measure: end.double_part,
        refused: end.has_refused,
    }
}

/// The same honest blocks, and nobody else.
fn without_attacker(setup: &Setup) -> Setup {
    Setup {
        share: 0.0,
        per_delay: setup.per_delay * (1.0 - setup.share),
        ..*setup
    }
}
