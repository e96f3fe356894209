use std::collections::BTreeMap;

use super::*;

const TWO: TipRequest = TipRequest {
    count: 2,
    semi_lazy: false,
};

fn id(number: u32) -> BlockId {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    BlockId(bytes)
}

fn tips() -> UniformTips {
    UniformTips::new(UniformTipsConfig::default(), 1)
}

fn solid(tips: &mut UniformTips, now: u64, number: u32, parents: &[u32]) {
    let parents: Vec<BlockId> = parents.iter().map(|it| id(*it)).collect();
    tips.on_solid(Moment(now), id(number), &parents, TipScore::Healthy);
}

#[test]
fn no_tips_give_an_empty_selection() {
    assert!(tips().select(TWO).is_empty());
}

#[test]
fn selection_is_distinct_sorted_and_repeatable() {
    let fill = || {
        let mut tips = tips();
        (1..=50).for_each(|number| solid(&mut tips, 0, number, &[]));
        tips
    };
    let (mut one, mut other) = (fill(), fill());
    for count in 1..=8 {
        let request = TipRequest {
            count,
            semi_lazy: false,
        };
        let chosen = one.select(request);
        assert_eq!(chosen.len(), count);
        assert!(chosen.is_sorted_by(|a, b| a < b), "{chosen:?}");
        assert_eq!(chosen, other.select(request));
    }
}

#[test]
fn every_tip_is_chosen_about_as_often() {
    let mut tips = tips();
    (0..10).for_each(|number| solid(&mut tips, 0, number, &[]));
    let mut counts = BTreeMap::new();
    for chosen in (0..10_000).flat_map(|_| tips.select(TWO)) {
        *counts.entry(chosen).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 10);
    assert!(
        counts.values().all(|count| (1_800..2_200).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn referenced_tip_stays_three_seconds_in_a_small_pool() {
    let mut tips = tips();
    solid(&mut tips, 0, 1, &[]);
    solid(&mut tips, 1_000, 2, &[1]);
    solid(&mut tips, 3_500, 3, &[1]);
    tips.on_tick(Moment(4_000));
    assert_eq!(tips.tip_count(), 3);
    tips.on_tick(Moment(4_001));
    assert_eq!(tips.select(TWO), [id(2), id(3)]);
}

#[test]
fn referenced_tip_goes_at_once_from_a_full_pool() {
    let mut tips = tips();
    (1..=100).for_each(|number| solid(&mut tips, 0, number, &[]));
    solid(&mut tips, 0, 101, &[1]);
    assert_eq!(tips.tip_count(), 100, "block 1 made room");
    solid(&mut tips, 0, 102, &[101, 2]);
    assert_eq!(
        tips.tip_count(),
        100,
        "the pool is full until the first of both went"
    );
}

#[test]
fn thirtieth_child_ends_a_tip() {
    let mut tips = tips();
    solid(&mut tips, 0, 1, &[]);
    (2..31).for_each(|number| solid(&mut tips, 0, number, &[1]));
    assert_eq!(tips.tip_count(), 30);
    solid(&mut tips, 0, 31, &[1]);
    assert_eq!(tips.tip_count(), 30);
    assert!(
        !tips
            .select(TipRequest {
                count: 30,
                semi_lazy: false
            })
            .contains(&id(1))
    );
}

#[test]
fn lazy_block_is_no_tip_and_uses_up_none() {
    let mut tips = tips();
    solid(&mut tips, 0, 1, &[]);
    for (number, score) in [(2, TipScore::Lazy), (3, TipScore::BelowMaxDepth)] {
        tips.on_solid(Moment(0), id(number), &[id(1)], score);
    }
    tips.on_tick(Moment(10_000));
    assert_eq!(tips.select(TWO), [id(1)]);
}

#[test]
fn semi_lazy_tips_are_chosen_only_on_request_and_when_there_are_enough() {
    let mut tips = tips();
    let asked = TipRequest {
        count: 2,
        semi_lazy: true,
    };
    solid(&mut tips, 0, 1, &[]);
    for number in 2..=3 {
        tips.on_solid(Moment(0), id(number), &[], TipScore::SemiLazy);
    }
    assert_eq!(tips.select(asked), [id(1)], "two are not enough");
    tips.on_solid(Moment(0), id(4), &[], TipScore::SemiLazy);
    let chosen = tips.select(asked);
    assert_eq!(chosen.len(), 2);
    assert!(!chosen.contains(&id(1)));
    assert_eq!(tips.select(TWO), [id(1)]);
    // Two children end a semi-lazy tip.
    solid(&mut tips, 0, 5, &[4]);
    solid(&mut tips, 0, 6, &[4]);
    assert!(
        tips.select(asked)
            .iter()
            .all(|it| [id(1), id(5), id(6)].contains(it))
    );
}

#[test]
fn confirmation_moves_and_removes_tips() {
    let mut tips = tips();
    (1..=4).for_each(|number| solid(&mut tips, 0, number, &[]));
    tips.on_solid(Moment(0), id(5), &[], TipScore::SemiLazy);
    let scores = BTreeMap::from([
        (id(1), TipScore::Healthy),
        (id(2), TipScore::SemiLazy),
        (id(3), TipScore::Lazy),
        (id(5), TipScore::Healthy),
    ]);
    tips.on_confirmed(&|id| scores.get(id).copied());
    assert_eq!(tips.select(TWO), [id(1), id(5)]);
    assert_eq!(tips.semi_lazy.tips.len(), 1);
    assert_eq!(tips.semi_lazy.tips[0].id, id(2));
}
