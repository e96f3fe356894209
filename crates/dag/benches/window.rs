//! What the window and the tip pools cost, in nanoseconds a block: `cargo bench -p tangle-dag`.
//!
//! Blocks have two parents chosen by the tip pools; every 40 000 blocks, which is a second of a
//! busy network, a milestone confirms the cone of six tips.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::convert::Infallible;
use std::time::{Duration, Instant};

use tangle_dag::{
    Dag, DagConfig, Inserted, Moment, TipRequest, TipSelection, UniformTips, UniformTipsConfig,
};
use tangle_types::{BlockId, MilestoneIndex};

const MILESTONES: u32 = 25;
const BLOCKS_PER_MILESTONE: u64 = 40_000;

fn id(number: u64) -> BlockId {
    let mut bytes = [0; 32];
    for (word, chunk) in bytes.chunks_mut(8).enumerate() {
        let mixed = (number * 4 + word as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        chunk.copy_from_slice(&(mixed ^ (mixed >> 29)).to_le_bytes());
    }
    BlockId(bytes)
}

#[derive(Default)]
struct Spent {
    insert: Duration,
    score: Duration,
    tips: Duration,
    select: Duration,
    cone: Duration,
    confirm: Duration,
    renew_tips: Duration,
}

fn main() {
    let config = DagConfig {
        below_max_depth: 15,
        unsolid_count_max: 20_000,
        root_count_max: 1_000_000,
    };
    let genesis = BlockId::ZERO;
    let mut dag = Dag::new(config, MilestoneIndex(0), [(genesis, MilestoneIndex(0))]);
    let mut tips = UniformTips::new(UniformTipsConfig::default(), 1);
    let mut spent = Spent::default();
    let mut number = 0;
    let mut confirmed = 0;
    for index in 1..=MILESTONES {
        for _ in 0..BLOCKS_PER_MILESTONE {
            number += 1;
            add(&mut dag, &mut tips, &mut spent, number);
        }
        confirmed += confirm(&mut dag, &mut tips, &mut spent, index);
    }
    let per_block = |name: &str, time: Duration| {
        println!(
            "{name:28} {:6} ns a block",
            time.as_nanos() / u128::from(number)
        );
    };
    per_block("insert", spent.insert);
    per_block("score", spent.score);
    per_block("tips: on_solid", spent.tips);
    per_block("tips: select", spent.select);
    per_block("cone", spent.cone);
    per_block("confirm, drop_hopeless", spent.confirm);
    per_block("tips: on_confirmed", spent.renew_tips);
    per_block(
        "insert and confirm",
        spent.insert + spent.cone + spent.confirm,
    );
    println!(
        "{confirmed} of {number} blocks confirmed, {} in the window",
        dag.len()
    );
}

fn add(dag: &mut Dag<u64>, tips: &mut UniformTips, spent: &mut Spent, number: u64) {
    let id = id(number);
    let start = Instant::now();
    let request = TipRequest {
        count: 2,
        semi_lazy: false,
    };
    let mut parents = tips.select(request);
    let selected = Instant::now();
    if parents.is_empty() {
        parents.push(BlockId::ZERO);
    }
    let inserted = dag.insert(id, &parents, number, |_| Ok::<_, Infallible>(None));
    let booked = Instant::now();
    assert!(matches!(inserted, Ok(Inserted::Solid(_))), "{inserted:?}");
    let score = dag.score(&id).expect("a solid block has a score");
    let scored = Instant::now();
    tips.on_solid(Moment(number / 40), id, &parents, score);
    spent.select += selected - start;
    spent.insert += booked - selected;
    spent.score += scored - booked;
    spent.tips += scored.elapsed();
    if number.is_multiple_of(BLOCKS_PER_MILESTONE) {
        tips.on_tick(Moment(number / 40));
    }
}

fn confirm(dag: &mut Dag<u64>, tips: &mut UniformTips, spent: &mut Spent, index: u32) -> usize {
    let starts = tips.select(TipRequest {
        count: 6,
        semi_lazy: false,
    });
    let start = Instant::now();
    let cone = dag.cone(&starts).expect("tips are solid");
    let walked = Instant::now();
    let values = dag.confirm(MilestoneIndex(index), &cone);
    dag.drop_hopeless();
    let confirmed = Instant::now();
    tips.on_confirmed(&|id| dag.score(id));
    spent.cone += walked - start;
    spent.confirm += confirmed - walked;
    spent.renew_tips += confirmed.elapsed();
    values.len()
}
