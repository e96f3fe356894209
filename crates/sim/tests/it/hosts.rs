//! One strategy, two hosts: what the node would choose is what the simulator chose.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use tangle_dag::{
    Bias, Moment, Strategy, TipRequest, TipScore, TipSelection, UniformTipsConfig, WalkStart,
    WeightedTips, WeightedTipsConfig,
};
use tangle_sim::growth::{Delay, EngineChoice, Event, Scenario, StrategyChoice, WalkChoice, run};
use tangle_types::BlockId;

/// Two parents each: 100,000 choices for a strategy.
const TRANSACTIONS: u64 = 50_000;
const RATE: f64 = 20.0;
const WINDOW_SECONDS: f64 = 200.0;
const DEPTH_SECONDS: f64 = 30.0;
const SECOND: u64 = 1_000_000_000;
const SEED: u64 = 9;

fn id(serial: u64) -> BlockId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&serial.to_be_bytes());
    BlockId(bytes)
}

/// A node's tips, which hear of each transaction when it is revealed.
struct Node {
    tips: WeightedTips,
    hidden: BTreeMap<(u64, u64), Vec<BlockId>>,
    choices: u64,
    mismatches: u64,
}

impl Node {
    fn new(strategy: Strategy, start: WalkStart) -> Self {
        let config = WeightedTipsConfig {
            strategy,
            start,
            block_count: (WINDOW_SECONDS * RATE) as usize,
        };
        let mut tips = WeightedTips::new(UniformTipsConfig::default(), config, SEED);
        tips.on_solid(Moment(0), id(0), &[], TipScore::Healthy);
        Self {
            tips,
            hidden: BTreeMap::new(),
            choices: 0,
            mismatches: 0,
        }
    }

    fn on_issue(&mut self, event: &Event<'_>) {
        while let Some(entry) = self.hidden.first_entry()
            && entry.key().0 <= event.issued_ns
        {
            let ((revealed, serial), parents) = entry.remove_entry();
            let now = Moment(revealed);
            self.tips
                .on_solid(now, id(serial), &parents, TipScore::Healthy);
        }
        self.tips.on_tick(Moment(event.issued_ns));
        let chosen = self.tips.select(TipRequest {
            count: 2,
            semi_lazy: false,
        });
        // In the order in which they were drawn: the order of the tips follows from it.
        let parents: Vec<BlockId> = event.parents.iter().copied().map(id).collect();
        let mut sorted = parents.clone();
        sorted.sort_unstable();
        self.choices += 2;
        self.mismatches += u64::from(chosen != sorted);
        self.hidden
            .insert((event.revealed_ns, event.serial), parents);
    }
}

fn compare(choice: StrategyChoice, strategy: Strategy, delay: Delay) {
    let walks = strategy.takes_walks().then_some(WalkChoice {
        depth_seconds: Some(DEPTH_SECONDS),
        particles: Some(16),
    });
    let scenario = Scenario {
        seed: SEED,
        strategy: choice,
        walks,
        delay,
        window_seconds: Some(WINDOW_SECONDS),
        ..Scenario::new(EngineChoice::Walk, TRANSACTIONS, RATE)
    };
    // The simulator counts the age from the issue.
    let start = WalkStart {
        depth: (DEPTH_SECONDS as u64 - 1) * SECOND,
        particle_count: 16,
    };
    let mut node = Node::new(strategy, start);
    let mut sink = |event: &Event<'_>| {
        node.on_issue(event);
        ControlFlow::Continue(())
    };
    run(&scenario, Some(&mut sink)).expect("the scenario makes sense");
    assert_eq!(
        (node.choices, node.mismatches),
        (2 * TRANSACTIONS, 0),
        "{choice:?}"
    );
}

fn bias(alpha: f64) -> Bias {
    Bias::new(alpha).expect("a valid alpha")
}

#[test]
fn uniform_choices_are_the_same() {
    compare(StrategyChoice::Urts {}, Strategy::Uniform, Delay::default());
    let rurts = StrategyChoice::Rurts {
        age_max_seconds: 3.0,
    };
    let recent = Strategy::Recent {
        age_max: 3 * SECOND,
    };
    compare(rurts, recent, Delay::default());
}

#[test]
fn choices_by_weight_are_the_same() {
    for alpha in [0.001, 0.1] {
        let strategy = Strategy::Walk { bias: bias(alpha) };
        compare(StrategyChoice::Walk { alpha }, strategy, Delay::default());
    }
    compare(
        StrategyChoice::Heaviest {},
        Strategy::Heaviest,
        Delay::default(),
    );
}

#[test]
fn mixed_choices_are_the_same_also_when_delays_differ() {
    let delay = Delay::Exponential { mean_seconds: 1.0 };
    let strategy = Strategy::Hybrid { bias: bias(1.0) };
    compare(StrategyChoice::Hybrid { alpha: 1.0 }, strategy, delay);
    let choice = StrategyChoice::EIota {
        share_none: 0.1,
        share_low: 0.6,
        alpha_low: 0.01,
        alpha_high: 1.0,
    };
    let strategy = Strategy::Mixed {
        share_none: 0.1,
        share_low: 0.6,
        low: bias(0.01),
        high: bias(1.0),
    };
    compare(choice, strategy, delay);
}
