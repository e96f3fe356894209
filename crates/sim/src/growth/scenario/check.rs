//! Whether a scenario makes sense.

use super::{ArrivalLaw, Delay, EngineChoice, Scenario, ScenarioError, StrategyChoice};

/// Most transactions of a run.
const TRANSACTIONS_MAX: u64 = 100_000_000_000;

impl Scenario {
    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        const POSITIVE: &str = "above 0 and at most a million";
        let positive =
            |key, value: f64| in_range(key, value, POSITIVE, value > 0.0 && value <= 1e6);
        let share =
            |key, value: f64| in_range(key, value, "from 0 to 1", (0.0..=1.0).contains(&value));
        self.check_arrivals()?;
        let count = self.transactions;
        in_range(
            "transactions",
            count as f64,
            "from 1 to 100 thousand million",
            (1..=TRANSACTIONS_MAX).contains(&count),
        )?;
        in_range(
            "parents",
            self.parents as f64,
            "from 1 to 8",
            (1..=8).contains(&self.parents),
        )?;
        share("warm_up_share", self.warm_up_share)?;
        share("genesis_spam_share", self.genesis_spam_share)?;
        positive("arrivals.per_second", self.arrivals.per_second)?;
        if let Some(cap) = self.arrivals.cap_per_second {
            positive("arrivals.cap_per_second", cap)?;
        }
        positive("the mean of the delay", self.delay.mean_seconds())?;
        if let Delay::Uniform {
            min_seconds,
            max_seconds,
        }
        | Delay::TwoPoint {
            min_seconds,
            max_seconds,
        } = self.delay
        {
            in_range(
                "delay.min_seconds",
                min_seconds,
                "from 0 to delay.max_seconds",
                (0.0..=max_seconds).contains(&min_seconds),
            )?;
        }
        if let Some(window) = self.window_seconds {
            positive("window_seconds", window)?;
        }
        if let Some(follow) = self.follow_weight_seconds {
            positive("follow_weight_seconds", follow)?;
        }
        self.check_strategy()?;
        self.check_engine()
    }

    fn check_arrivals(&self) -> Result<(), ScenarioError> {
        let refuse = |is_wrong: bool, text| match is_wrong {
            true => Err(ScenarioError::Arrivals(text)),
            false => Ok(()),
        };
        let is_trace = self.arrivals.law == ArrivalLaw::Trace;
        let recorded = self.recorded.as_ref();
        refuse(
            is_trace != self.arrivals.file.is_some(),
            "arrivals.file goes with the law `trace`, and only with it",
        )?;
        refuse(
            is_trace != recorded.is_some(),
            "the arrivals of the law `trace` are to be read from its file",
        )?;
        refuse(
            recorded.is_some_and(|recorded| recorded.count() < self.transactions),
            "transactions are more than the arrivals in arrivals.file",
        )?;
        let issuers = self.issuers.as_ref();
        refuse(
            issuers.is_some() && recorded.is_some_and(|recorded| recorded.has_issuers()),
            "arrivals.file names issuers, so `issuers` must not",
        )?;
        refuse(
            issuers.is_some_and(|issuers| issuers.all_weights().is_none()),
            "issuers takes either weights, from 0 up and not all 0, or count, perhaps with zipf; at \
             most 10000 issuers",
        )
    }

    fn check_strategy(&self) -> Result<(), ScenarioError> {
        let alpha = |key, value: f64| in_range(key, value, "from 0 up", value >= 0.0);
        match self.strategy {
            StrategyChoice::Urts {} | StrategyChoice::Heaviest { .. } => {}
            StrategyChoice::Rurts { age_max_seconds } => in_range(
                "strategy.age_max_seconds",
                age_max_seconds,
                "above 0",
                age_max_seconds > 0.0,
            )?,
            StrategyChoice::Walk { alpha: value, .. }
            | StrategyChoice::Hybrid { alpha: value, .. } => alpha("strategy.alpha", value)?,
            StrategyChoice::EIota {
                share_none,
                share_low,
                alpha_low,
                alpha_high,
                ..
            } => {
                alpha("strategy.alpha_low", alpha_low)?;
                alpha("strategy.alpha_high", alpha_high)?;
                let sum = share_none + share_low;
                let is_share = share_none >= 0.0 && share_low >= 0.0 && sum <= 1.0;
                in_range(
                    "strategy.share_none + strategy.share_low",
                    sum,
                    "from 0 to 1",
                    is_share,
                )?;
            }
        }
        let Some(start) = self.walks else {
            return Ok(());
        };
        if !self.strategy.walks() {
            return Err(ScenarioError::Walks);
        }
        let depth = start.depth_seconds.unwrap_or(0.0);
        in_range(
            "walks.depth_seconds",
            depth,
            "from 0 to a million",
            (0.0..=1e6).contains(&depth),
        )?;
        let particles = start.particles.unwrap_or(1);
        in_range(
            "walks.particles",
            particles as f64,
            "from 1 to 65536",
            (1..=65_536).contains(&particles),
        )
    }

    fn check_engine(&self) -> Result<(), ScenarioError> {
        let refuse = |is_wrong: bool, engine, what| match is_wrong {
            true => Err(ScenarioError::Engine { engine, what }),
            false => Ok(()),
        };
        match self.engine {
            EngineChoice::Flow => {
                let is_uniform = matches!(
                    self.strategy,
                    StrategyChoice::Urts {} | StrategyChoice::Rurts { .. }
                );
                refuse(!is_uniform, "flow", "this strategy; `walk` does")?;
                refuse(self.window_seconds.is_some(), "flow", "`window_seconds`")
            }
            EngineChoice::Walk => refuse(
                self.follow_weight_seconds.is_some(),
                "walk",
                "`follow_weight_seconds`",
            ),
        }
    }
}

fn in_range(
    key: &'static str,
    value: f64,
    range: &'static str,
    holds: bool,
) -> Result<(), ScenarioError> {
    if holds {
        Ok(())
    } else {
        Err(ScenarioError::Range { key, value, range })
    }
}
