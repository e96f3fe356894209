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
mod seen;
mod setup;
mod sight;

use serde::Serialize;
use tangle_dag::Chance;

use duel::Duel;
pub use odds::{Critical, Odds, Question, Search};
pub use seen::{Role, SeenBlock, Watched};
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
    Ok(watch(setup, seed)?.trial)
}

/// Plays an attack once, and shows its blocks.
///
/// # Errors
/// The setup makes no sense.
pub fn watch(setup: &Setup, seed: u64) -> Result<Watched, SetupError> {
    let setup = setup.effective()?;
    let outcome = |succeeded: bool, measure: f64| Trial {
        seed,
        succeeded,
        content_after: None,
        measure,
        refused: false,
    };
    if setup.has_engines() {
        return Ok(duel(&setup, seed));
    }
    Ok(match setup.attack {
        Attack::LargeWeight | Attack::Outpacing => {
            let succeeded = race::wins(&setup, &mut Chance::stream(seed, RACE));
            Watched {
                trial: outcome(succeeded, f64::from(u8::from(succeeded))),
                blocks: Vec::new(),
            }
        }
        Attack::LazyTips | Attack::GenesisTips => {
            let mut duel = Duel::new(&setup, seed);
            let honest = Duel::new(&without_attacker(&setup), seed).waiting();
            let extra = duel.waiting().late - honest.late;
            Watched {
                trial: outcome(extra > LATE, extra),
                blocks: duel.into_seen(),
            }
        }
        Attack::Selfish => {
            let honest = Setup {
                share: 0.0,
                ..setup
            };
            let mut duel = Duel::new(&setup, seed);
            let longer = duel.waiting().mean / Duel::new(&honest, seed).waiting().mean;
            Watched {
                trial: outcome(longer >= LONGER, longer),
                blocks: duel.into_seen(),
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

fn duel(setup: &Setup, seed: u64) -> Watched {
    let mut duel = Duel::new(setup, seed);
    let end = duel.run();
    let trial = Trial {
        seed,
        succeeded: end.succeeded,
        content_after: end.content_after,
        measure: end.double_part,
        refused: end.has_refused,
    };
    Watched {
        trial,
        blocks: duel.into_seen(),
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
