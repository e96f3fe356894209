//! What tip selection costs a node.

use std::collections::VecDeque;
use std::hint::black_box;

use anyhow::Result;
use serde::Serialize;
use tangle_dag::{
    Bias, Moment, Strategy, TipRequest, TipScore, TipSelection, UniformTips, UniformTipsConfig,
    WalkStart, WeightedTips, WeightedTipsConfig,
};
use tangle_types::BlockId;

use crate::{machine, report};

/// Blocks that come.
const BLOCKS: u64 = 200_000;
/// Milliseconds until all see a block.
const DELAY_MS: u64 = 200;
/// Blocks whose weights are known.
const WINDOW_BLOCKS: usize = 10_000;
/// Milliseconds of age at which walks start.
const DEPTH_MS: u64 = 6_000;

/// The cost of a strategy.
#[derive(Debug, Serialize)]
pub(crate) struct Selection {
    strategy: &'static str,
    /// Preference for weight, if it has one.
    alpha: Option<f64>,
    /// Processor time for a block that comes, when weights are wanted after each.
    upkeep_us: f64,
    /// Processor time for two parents, upkeep apart.
    selection_us: f64,
}

fn bias(alpha: f64) -> Bias {
    Bias::new(alpha).expect("a number above 0")
}

const fn window(strategy: Strategy) -> WeightedTipsConfig {
    WeightedTipsConfig {
        strategy,
        start: WalkStart {
            depth: DEPTH_MS,
            particle_count: 64,
        },
        block_count: WINDOW_BLOCKS,
    }
}

/// A weighted walk with a slight preference for weight.
pub(crate) fn walk() -> WeightedTipsConfig {
    window(Strategy::Walk { bias: bias(0.001) })
}

/// Measures all strategies.
pub(crate) fn measure() -> Vec<Selection> {
    let weighted = |strategy| -> Box<dyn TipSelection> {
        let pools = UniformTipsConfig::default();
        Box::new(WeightedTips::new(pools, window(strategy), 1))
    };
    let uniform =
        || -> Box<dyn TipSelection> { Box::new(UniformTips::new(UniformTipsConfig::default(), 1)) };
    let walk = |alpha| {
        let strategy = Strategy::Walk { bias: bias(alpha) };
        measure_one("walk", Some(alpha), || weighted(strategy))
    };
    let hybrid = Strategy::Hybrid { bias: bias(1.0) };
    vec![
        measure_one("urts", None, uniform),
        walk(0.001),
        walk(0.01),
        measure_one("hybrid", Some(1.0), || weighted(hybrid)),
        measure_one("heaviest", None, || weighted(Strategy::Heaviest)),
    ]
}

fn measure_one(
    strategy: &'static str,
    alpha: Option<f64>,
    tips: impl Fn() -> Box<dyn TipSelection>,
) -> Selection {
    let mut parents = Vec::with_capacity(BLOCKS as usize);
    let before = machine::cpu_seconds();
    grow(tips().as_mut(), |tips, _| {
        let request = TipRequest {
            count: 2,
            semi_lazy: false,
        };
        let chosen = tips.select(request);
        parents.push(chosen.clone());
        chosen
    });
    let both = machine::cpu_seconds() - before;
    // The same blocks once more, without selecting, but asked for a weight, so that all are known.
    let before = machine::cpu_seconds();
    grow(tips().as_mut(), |tips, number| {
        black_box(tips.weigh(&BlockId([0xff; 32])));
        parents[number].clone()
    });
    let upkeep = machine::cpu_seconds() - before;
    let micros = |seconds: f64| seconds.max(0.0) * 1e6 / BLOCKS as f64;
    Selection {
        strategy,
        alpha,
        upkeep_us: micros(upkeep),
        selection_us: micros(both - upkeep),
    }
}

/// A block each millisecond, seen after the delay.
fn grow(
    tips: &mut dyn TipSelection,
    mut parents_of: impl FnMut(&mut dyn TipSelection, usize) -> Vec<BlockId>,
) {
    let id = |number: u64| {
        let mut bytes = [0; 32];
        // Ids are hashes, and maps rely on that.
        let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bytes[..8].copy_from_slice(&mixed.to_le_bytes());
        bytes[8..16].copy_from_slice(&number.to_le_bytes());
        BlockId(bytes)
    };
    tips.on_solid(Moment(0), id(BLOCKS), &[], TipScore::Healthy);
    let mut hidden: VecDeque<(u64, Vec<BlockId>)> = VecDeque::new();
    for number in 0..BLOCKS {
        if number >= DELAY_MS
            && let Some((seen, parents)) = hidden.pop_front()
        {
            tips.on_solid(Moment(number), id(seen), &parents, TipScore::Healthy);
        }
        if number % 1_000 == 0 {
            tips.on_tick(Moment(number));
        }
        let parents = parents_of(tips, number as usize);
        hidden.push_back((number, parents));
    }
    black_box(tips.tip_count());
}

/// Prints them.
pub(crate) fn table(selections: &[Selection]) -> Result<()> {
    let cells = |row: &Selection| {
        vec![
            row.strategy.to_owned(),
            row.alpha
                .map_or_else(|| "-".to_owned(), |alpha| alpha.to_string()),
            format!("{:.2}", row.upkeep_us),
            format!("{:.2}", row.selection_us),
        ]
    };
    let cells: Vec<_> = selections.iter().map(cells).collect();
    let heads = ["strategy", "alpha", "upkeep us a block", "selection us"];
    report::table(&heads, &cells)
}
