use std::collections::HashMap;

use super::*;
use crate::walk::Bias;

const TWO: TipRequest = TipRequest {
    count: 2,
    semi_lazy: false,
};

fn id(number: u32) -> BlockId {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    BlockId(bytes)
}

fn number(id: &BlockId) -> u32 {
    u32::from_be_bytes(id.0[..4].try_into().expect("four bytes"))
}

fn tips(strategy: Strategy) -> WeightedTips {
    let config = WeightedTipsConfig {
        strategy,
        start: WalkStart {
            depth: 5_000,
            particle_count: 8,
        },
        block_count: 1_000,
    };
    WeightedTips::new(UniformTipsConfig::default(), config, 1)
}

fn heaviest() -> WeightedTips {
    tips(Strategy::Heaviest)
}

fn solid(tips: &mut WeightedTips, now: u64, number: u32, parents: &[u32], score: TipScore) {
    let parents: Vec<BlockId> = parents.iter().map(|it| id(*it)).collect();
    tips.on_solid(Moment(now), id(number), &parents, score);
}

fn healthy(tips: &mut WeightedTips, now: u64, number: u32, parents: &[u32]) {
    solid(tips, now, number, parents, TipScore::Healthy);
}

fn select(tips: &mut WeightedTips) -> Vec<u32> {
    tips.select(TWO).iter().map(number).collect()
}

/// Two branches from block 0; the one over block 1 is heavier and ends at 5.
fn forked() -> WeightedTips {
    let mut tips = heaviest();
    healthy(&mut tips, 0, 0, &[]);
    for (number, parent) in [(1, 0), (3, 1), (5, 3), (2, 0)] {
        healthy(&mut tips, 1, number, &[parent]);
    }
    tips
}

#[test]
fn the_heaviest_branch_is_chosen_and_equal_parents_are_one() {
    assert_eq!(select(&mut forked()), [5]);
}

#[test]
fn a_hybrid_takes_one_parent_by_weight_and_others_at_random() {
    let mut tips = tips(Strategy::Hybrid {
        bias: Bias::HEAVIEST,
    });
    healthy(&mut tips, 0, 0, &[]);
    for (number, parent) in [(1, 0), (3, 1), (5, 3), (2, 0)] {
        healthy(&mut tips, 1, number, &[parent]);
    }
    let chosen: Vec<Vec<u32>> = (0..50).map(|_| select(&mut tips)).collect();
    assert!(chosen.iter().all(|chosen| chosen.contains(&5)));
    assert!(chosen.contains(&vec![2, 5]));
}

#[test]
fn a_lazy_block_is_not_chosen_and_uses_up_no_tip() {
    let mut tips = forked();
    solid(&mut tips, 2, 7, &[5], TipScore::Lazy);
    assert_eq!(select(&mut tips), [5]);
    // Whoever builds on it all the same makes a tip that walks do not reach.
    healthy(&mut tips, 2, 8, &[7]);
    assert_eq!(select(&mut tips), [5]);
}

#[test]
fn a_referenced_tip_is_not_chosen_but_walks_pass_through_what_is_referenced() {
    let mut tips = forked();
    let waiting = |numbers: &'static [u32]| {
        move |id: &BlockId| numbers.contains(&number(id)).then_some(TipScore::Healthy)
    };
    tips.on_confirmed(&waiting(&[5, 2]));
    assert_eq!(select(&mut tips), [5]);
    tips.on_confirmed(&waiting(&[2]));
    assert_eq!(select(&mut tips), [2], "the pools have nothing else");
    tips.on_confirmed(&waiting(&[]));
    assert!(select(&mut tips).is_empty());
}

#[test]
fn a_block_that_becomes_lazy_is_left_and_returns_when_it_is_not() {
    let mut tips = forked();
    let lazy_five = |id: &BlockId| {
        Some(match number(id) {
            5 => TipScore::SemiLazy,
            _ => TipScore::Healthy,
        })
    };
    tips.on_confirmed(&lazy_five);
    assert!(!select(&mut tips).contains(&5));
    tips.on_confirmed(&|_| Some(TipScore::Healthy));
    assert_eq!(select(&mut tips), [5]);
}

#[test]
fn weight_and_confidence_are_told() {
    let mut tips = forked();
    let weighed = |tips: &mut WeightedTips, number: u32| tips.weigh(&id(number));
    let of = |weight, confidence| Some(Weighed { weight, confidence });
    assert_eq!(weighed(&mut tips, 0), of(5, 1.0));
    assert_eq!(weighed(&mut tips, 3), of(2, 1.0));
    assert_eq!(weighed(&mut tips, 2), of(1, 0.0));
    assert_eq!(weighed(&mut tips, 9), None);
}

#[test]
fn confidence_is_right_when_cones_are_forgotten() {
    let mut tips = tips(Strategy::Uniform);
    let mut chance = Chance::new(5);
    healthy(&mut tips, 0, 0, &[]);
    let mut parents = HashMap::from([(0, vec![])]);
    for block in 1..800_u32 {
        let reach = block.min(20) as usize;
        let chosen: Vec<u32> = (0..2)
            .map(|_| block - 1 - chance.below(reach) as u32)
            .collect();
        healthy(&mut tips, u64::from(block) * 1_000, block, &chosen);
        parents.insert(block, chosen);
    }
    tips.catch_up();
    for (block, other) in [(799, 3), (700, 690), (500, 100), (300, 299), (100, 200)] {
        let mut stack = vec![block];
        let mut is_past = false;
        while let Some(place) = stack.pop().filter(|_| !is_past) {
            is_past = place == other;
            stack.extend(parents[&place].iter().filter(|parent| **parent >= other));
        }
        let mut left = 10_000;
        assert_eq!(
            tips.window.approves(block, other, &mut left),
            is_past,
            "{block} {other}"
        );
    }
    let mut left = 0;
    assert!(
        !tips.window.approves(500, 100, &mut left),
        "it may not look for long"
    );
}

#[test]
fn the_depth_that_is_needed_follows_the_rate() {
    let mut tips = heaviest();
    assert_eq!(tips.report().depth_needed_ms, None);
    let mut now = 1_000;
    healthy(&mut tips, now, 0, &[]);
    // Ten a second, each approving the one before, of which 3 s stay in the pool.
    for number in 1..2_000 {
        now += 100;
        healthy(&mut tips, now, number, &[number - 1]);
        tips.on_tick(Moment(now));
    }
    let report = tips.report();
    assert_eq!(
        (report.strategy, report.depth_ms),
        ("heaviest", Some(5_000))
    );
    let needed = report.depth_needed_ms.expect("the rate is known");
    assert!((20_000..60_000).contains(&needed), "{needed}");
}

#[test]
fn blocks_that_left_the_window_are_forgotten() {
    let mut tips = heaviest();
    healthy(&mut tips, 0, 0, &[]);
    for number in 1..20_000 {
        healthy(&mut tips, u64::from(number), number, &[number - 1]);
        if number == 10_000 {
            assert_eq!(select(&mut tips), [number]);
        }
        assert!(tips.arrivals.blocks.len() <= 2_048);
        assert!(tips.arrivals.parents.len() <= tips.arrivals.blocks.len());
    }
    assert_eq!(select(&mut tips), [19_999]);
    assert!(tips.arrivals.blocks.is_empty() && tips.arrivals.parents.is_empty());
    assert!(tips.blocks.len() <= 2_048 && tips.places.len() == tips.blocks.len());
    assert_eq!(tips.blocks.len(), tips.window.len());
    assert_eq!(tips.report().window_blocks, tips.window.len());
    assert_eq!(tips.weigh(&id(5)), None);
}

#[test]
fn it_makes_no_difference_how_often_somebody_asks() {
    let scores = [
        TipScore::Healthy,
        TipScore::Healthy,
        TipScore::Healthy,
        TipScore::SemiLazy,
        TipScore::Lazy,
        TipScore::BelowMaxDepth,
    ];
    // Asked always, for every hundredth block, and once after more blocks than there is room for.
    let mut asked: Vec<WeightedTips> = (0..3).map(|_| heaviest()).collect();
    let mut chance = Chance::new(7);
    for block in 0..5_000_u32 {
        let reach = block.min(30) as usize;
        let parents: Vec<u32> = (0..reach.min(2))
            .map(|_| block - 1 - chance.below(reach) as u32)
            .collect();
        let score = scores[chance.below(scores.len())];
        for tips in &mut asked {
            solid(tips, u64::from(block), block, &parents, score);
        }
        if block % 50 == 49 {
            // Each has been referenced or has sunk after some time; until then its score varies.
            let after = |id: &BlockId| {
                let number = number(id);
                let is_settled = number + 100 + number % 97 < block;
                (!is_settled).then_some(scores[(number + block / 50) as usize % scores.len()])
            };
            asked.iter_mut().for_each(|tips| tips.on_confirmed(&after));
        }
        select(&mut asked[0]);
        if block % 100 == 0 {
            select(&mut asked[1]);
        }
    }
    // The last of them asks after its window has been passed over twice.
    let [always, often, once] = &mut asked[..] else {
        unreachable!("there are three");
    };
    for tips in [&mut *often, &mut *once] {
        for block in 0..5_000 {
            let weight = |tips: &mut WeightedTips| tips.weigh(&id(block)).map(|it| it.weight);
            let (one, other) = (weight(tips), weight(always));
            // The window gives up words of 64 blocks, so its end may lie a little elsewhere.
            if block > 5_000 - 900 || other.is_none() == one.is_none() {
                assert_eq!(one, other, "block {block}");
            }
            let open = |tips: &WeightedTips| {
                let place = tips.places.get(&id(block))?;
                Some((tips.window.is_open(*place), tips.window.is_tip(*place)))
            };
            if let Some((one, other)) = open(tips).zip(open(always)) {
                assert_eq!(one, other, "block {block}");
            }
        }
    }
}
