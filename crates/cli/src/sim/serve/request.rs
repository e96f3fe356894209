//! What a page may ask for, and the bounds of it.

use clap::ValueEnum;
use serde::Deserialize;
use tangle_sim::attack::{Attack, AttackNameError, Setup, SetupError};
use tangle_sim::growth::{EngineChoice, Scenario, ScenarioError, StrategyChoice};

use super::super::attack::strategy;
use crate::sections::TipStrategy;

/// Most blocks of a run.
pub(super) const BLOCKS_MAX: u64 = 200_000;
/// Most blocks a second.
pub(super) const LAMBDA_MAX: f64 = 1_000.0;
/// Most trials of an attack.
pub(super) const TRIALS_MAX: u64 = 1_000;
/// Least and greatest preference for weight, besides none.
const ALPHA: std::ops::RangeInclusive<f64> = 0.000_1..=100.0;

/// Why a request makes no sense.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    /// A number is out of its range.
    #[error("{key} is {value}, and must be {range}")]
    Range {
        /// Which.
        key: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// No strategy has this name.
    #[error("{0:?} is no strategy: choose urts, rurts, walk, hybrid, e-iota or heaviest")]
    Strategy(String),
    /// No attack has this name.
    #[error(transparent)]
    Attack(#[from] AttackNameError),
    /// The simulator refuses it.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The simulator refuses it.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// A Tangle that shall grow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunRequest {
    lambda: f64,
    alpha: f64,
    strategy: String,
    seed: u64,
    blocks: u64,
}

/// An attack that shall be played.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttackRequest {
    attack: String,
    share: f64,
    lambda: f64,
    alpha: f64,
    strategy: String,
    pub(super) seed: u64,
    pub(super) trials: u64,
}

impl RunRequest {
    /// The scenario, checked. Delays are a second.
    pub(super) fn scenario(&self) -> Result<Scenario, RequestError> {
        let blocks = self.blocks;
        let is_count = (1..=BLOCKS_MAX).contains(&blocks);
        in_range("blocks", blocks as f64, "from 1 to 200000", is_count)?;
        let choice = choice(&self.strategy, self.lambda, self.alpha)?;
        let engine = match choice {
            StrategyChoice::Urts {} | StrategyChoice::Rurts { .. } => EngineChoice::Flow,
            _ => EngineChoice::Walk,
        };
        let scenario = Scenario {
            seed: self.seed,
            strategy: choice,
            ..Scenario::new(engine, blocks, self.lambda)
        };
        let mut scenario = scenario.effective()?;
        // More than there will be needs no room.
        let length = (blocks as f64 / self.lambda).max(1.0);
        scenario.window_seconds = scenario.window_seconds.map(|window| window.min(length));
        Ok(scenario)
    }
}

impl AttackRequest {
    /// The setup, checked.
    pub(super) fn setup(&self) -> Result<Setup, RequestError> {
        let trials = self.trials;
        let is_count = (1..=TRIALS_MAX).contains(&trials);
        in_range("trials", trials as f64, "from 1 to 1000", is_count)?;
        let choice = choice(&self.strategy, self.lambda, self.alpha)?;
        let attack: Attack = self.attack.parse()?;
        let setup = Setup {
            per_delay: self.lambda,
            ..Setup::new(attack, choice, self.share)
        };
        Ok(setup.effective()?)
    }
}

fn choice(name: &str, lambda: f64, alpha: f64) -> Result<StrategyChoice, RequestError> {
    let is_rate = (0.1..=LAMBDA_MAX).contains(&lambda);
    in_range("lambda", lambda, "from 0.1 to 1000", is_rate)?;
    let is_bias = alpha == 0.0 || ALPHA.contains(&alpha);
    in_range("alpha", alpha, "0, or from 0.0001 to 100", is_bias)?;
    let name = TipStrategy::from_str(name, false)
        .map_err(|_| RequestError::Strategy(name.chars().take(40).collect()))?;
    Ok(strategy(name, alpha))
}

const fn in_range(
    key: &'static str,
    value: f64,
    range: &'static str,
    holds: bool,
) -> Result<(), RequestError> {
    match holds {
        true => Ok(()),
        false => Err(RequestError::Range { key, value, range }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RunRequest {
        RunRequest {
            lambda: 20.0,
            alpha: 0.01,
            strategy: "walk".to_owned(),
            seed: 1,
            blocks: 1_000,
        }
    }

    fn refused(request: &RunRequest) -> String {
        let error = request.scenario().expect_err("out of bounds");
        error.to_string()
    }

    #[test]
    fn bounds_are_kept_and_told() {
        let scenario = request().scenario().expect("a good request");
        assert_eq!((scenario.transactions, scenario.seed), (1_000, 1));
        let blocks = RunRequest {
            blocks: BLOCKS_MAX + 1,
            ..request()
        };
        assert_eq!(
            refused(&blocks),
            "blocks is 200001, and must be from 1 to 200000"
        );
        for lambda in [0.0, -1.0, 1_001.0, f64::NAN, f64::INFINITY] {
            let text = refused(&RunRequest {
                lambda,
                ..request()
            });
            assert!(text.contains("must be from 0.1 to 1000"), "{text}");
        }
        for alpha in [-0.1, 0.000_01, 101.0, f64::NAN] {
            let text = refused(&RunRequest { alpha, ..request() });
            assert!(text.contains("must be 0, or from 0.0001 to 100"), "{text}");
        }
        let strategy = "<b>x".repeat(100);
        let text = refused(&RunRequest {
            strategy,
            ..request()
        });
        assert!(text.contains("is no strategy: choose urts") && text.len() < 200);
    }

    #[test]
    fn every_attack_and_strategy_can_be_asked_for() {
        for attack in Attack::ALL {
            for strategy in TipStrategy::value_variants() {
                let value = strategy.to_possible_value().expect("none is hidden");
                let request = AttackRequest {
                    attack: attack.name().to_owned(),
                    share: 0.3,
                    lambda: 20.0,
                    alpha: 0.01,
                    strategy: value.get_name().to_owned(),
                    seed: 0,
                    trials: 10,
                };
                let setup = request.setup().expect("a good request");
                assert_eq!((setup.attack, setup.share), (attack, 0.3));
            }
        }
    }
}
