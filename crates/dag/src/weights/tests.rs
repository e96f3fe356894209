use std::collections::BTreeSet;

use super::*;
use crate::chance::Chance;

fn window(block_count: usize, cone_count_max: usize, linger: u64) -> WeightWindow {
    WeightWindow::new(WeightWindowConfig {
        block_count,
        parent_count_max: 3,
        linger,
        cone_count_max,
    })
}

/// Weights by walking the whole past of every block.
#[derive(Default)]
struct Brute {
    parents: Vec<Vec<u32>>,
    weights: Vec<u64>,
}

impl Brute {
    fn add(&mut self, parents: &[u32]) {
        let mut seen = BTreeSet::new();
        let mut stack = parents.to_vec();
        while let Some(place) = stack.pop() {
            if seen.insert(place) {
                self.weights[place as usize] += 1;
                stack.extend(&self.parents[place as usize]);
            }
        }
        self.parents.push(parents.to_vec());
        self.weights.push(1);
    }
}

/// Grows a Tangle in which most blocks approve what is recent, some what is old, some a block
/// twice, and some are left behind; compares all weights again and again.
fn compare(mut window: WeightWindow, count: u32, seed: u64) {
    let mut brute = Brute::default();
    let mut chance = Chance::new(seed);
    for place in 0..count {
        let mut parents = Vec::new();
        for _ in 0..1 + chance.below(3) {
            if place > 0 {
                let reach = if chance.below(10) == 0 { 90 } else { 12 };
                let back = 1 + chance.below(reach.min(place as usize)) as u32;
                parents.push(place - back);
            }
        }
        if chance.below(4) == 0
            && let Some(first) = parents.first().copied()
        {
            parents.push(first);
            parents.truncate(3);
        }
        // The window may not know parents that have left it; they are still among the true ones.
        assert_eq!(window.add(u64::from(place), &parents), place);
        brute.add(&parents);
        if place % 37 == 0 || place + 1 == count {
            for held in (0..=place).filter(|held| window.holds(*held)) {
                let (ours, true_one) = (window.weight(held), brute.weights[held as usize]);
                assert_eq!(ours, true_one, "block {held} after {place}, seed {seed}");
            }
        }
    }
}

#[test]
fn weights_are_those_of_brute_force_while_nothing_leaves() {
    for seed in 0..4 {
        compare(window(2_000, 2_000, 1_000_000), 1_500, seed);
    }
}

#[test]
fn weights_are_exact_when_cones_are_forgotten_early() {
    for seed in 0..4 {
        compare(window(2_000, 20, 0), 1_500, seed);
        compare(window(2_000, 1, 3), 700, seed);
    }
}

#[test]
fn weights_are_exact_while_blocks_leave() {
    // No parent is further back than 90, so every path inside of the window is known to it.
    for seed in 0..4 {
        compare(window(192, 64, 5), 3_000, seed);
    }
}

#[test]
fn places_may_wrap() {
    let mut window = window(100, 64, 5);
    window.first = u32::MAX - 255;
    window.next = window.first;
    window.cones_from = window.first;
    let mut last = window.add(0, &[]);
    for now in 1..600 {
        let place = window.add(now, &[last]);
        assert_eq!(place, last.wrapping_add(1));
        last = place;
    }
    let oldest = window.oldest().expect("it is full");
    assert_eq!(window.weight(oldest), window.len() as u64);
    assert_eq!(
        window.approvers(oldest).collect::<Vec<_>>(),
        [oldest.wrapping_add(1)]
    );
}

#[test]
fn tips_are_the_blocks_without_approvers() {
    let mut window = window(100, 64, 5);
    let root = window.add(0, &[]);
    assert!(window.is_tip(root));
    let (a, b) = (window.add(1, &[root]), window.add(1, &[root, root]));
    assert!(!window.is_tip(root) && window.is_tip(a) && window.is_tip(b));
    assert_eq!((window.tip_count(), window.approver_count(root)), (2, 3));
    assert_eq!(window.approvers(root).collect::<Vec<_>>(), [b, b, a]);
    assert_eq!(window.parents(b).collect::<Vec<_>>(), [root, root]);
    window.take_off(a);
    assert_eq!((window.tip_count(), window.tip(0)), (1, b));
}

#[test]
fn sixty_four_blocks_leave_at_once() {
    let mut window = window(100, 64, 5);
    let slots = 256;
    for now in 0..slots {
        assert_eq!(window.leaving().1, 0);
        window.add(now, &[]);
    }
    assert_eq!((window.leaving(), window.tip_count()), ((0, 64), 256));
    window.add(slots, &[]);
    assert_eq!(
        (window.oldest(), window.len(), window.tip_count()),
        (Some(64), 193, 193)
    );
    assert!(!window.holds(63) && window.holds(64));
}

#[test]
fn parents_that_are_gone_count_for_nothing() {
    let mut window = window(100, 64, 5);
    (0..300).for_each(|now| {
        window.add(now, &[]);
    });
    let place = window.add(300, &[3, 299, 9_999]);
    assert_eq!(window.parents(place).collect::<Vec<_>>(), [299]);
    assert_eq!(window.weight(299), 2);
}
