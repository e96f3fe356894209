use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::chance::Chance;

const CONFIG: DagConfig = DagConfig {
    below_max_depth: 15,
    unsolid_count_max: 1_000,
    root_count_max: 10_000,
};

fn id(number: usize) -> BlockId {
    let mut bytes = [0; 32];
    let mut chance = Chance::new(number as u64);
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&chance.next().to_le_bytes());
    }
    BlockId(bytes)
}

fn ids(numbers: &[usize]) -> Vec<BlockId> {
    numbers.iter().map(|number| id(*number)).collect()
}

fn window(config: DagConfig) -> Dag<usize> {
    Dag::new(config, MilestoneIndex(0), [(id(0), MilestoneIndex(0))])
}

fn add(dag: &mut Dag<usize>, number: usize, parents: &[usize]) -> Inserted {
    dag.insert(id(number), &ids(parents), number, |_| {
        Ok::<_, Infallible>(None)
    })
    .unwrap()
}

/// The definitions, without any cleverness. Block 0 is the entry point.
struct Model {
    parents: Vec<Vec<usize>>,
    arrived: Vec<bool>,
    referenced: Vec<Option<u32>>,
}

impl Model {
    fn new(count: usize, reach: usize, chance: &mut Chance) -> Self {
        let mut parents = vec![vec![]];
        for number in 1..=count {
            let mut chosen: Vec<usize> = (0..=chance.below(4))
                .map(|_| number - 1 - chance.below(number.min(reach)))
                .collect();
            chosen.sort_by_key(|parent| id(*parent));
            chosen.dedup();
            parents.push(chosen);
        }
        let mut referenced = vec![None; count + 1];
        referenced[0] = Some(0);
        Self {
            arrived: vec![false; count + 1],
            parents,
            referenced,
        }
    }

    fn is_solid(&self, number: usize) -> bool {
        self.referenced[number].is_some()
            || self.arrived[number] && self.parents[number].iter().all(|it| self.is_solid(*it))
    }

    fn cone(&self, number: usize, order: &mut Vec<usize>) {
        if self.referenced[number].is_none() && !order.contains(&number) {
            for parent in &self.parents[number] {
                self.cone(*parent, order);
            }
            order.push(number);
        }
    }

    fn cone_indexes(&self, number: usize) -> (u32, u32) {
        match self.referenced[number] {
            Some(index) => (index, index),
            None => self.parents[number]
                .iter()
                .map(|parent| self.cone_indexes(*parent))
                .fold((0, u32::MAX), |a, b| (a.0.max(b.0), a.1.min(b.1))),
        }
    }

    fn check(&self, dag: &Dag<usize>) {
        for number in 0..self.parents.len() {
            assert_eq!(
                dag.is_solid(&id(number)),
                self.is_solid(number),
                "block {number}"
            );
            let index = self.referenced[number].map(MilestoneIndex);
            assert_eq!(dag.root(&id(number)), index, "block {number}");
            if self.is_solid(number) {
                let found = dag.cone_indexes(&id(number)).unwrap();
                let wanted = self.cone_indexes(number);
                assert_eq!((found.youngest.0, found.oldest.0), wanted, "block {number}");
            }
        }
        let unreferenced = |number: &usize| self.referenced[*number].is_none();
        let in_window = (0..self.parents.len())
            .filter(|number| self.arrived[*number] && unreferenced(number))
            .count();
        assert_eq!(dag.len(), in_window);
    }
}

fn shuffled(count: usize, chance: &mut Chance) -> Vec<usize> {
    let mut numbers: Vec<usize> = (1..=count).collect();
    for position in (1..count).rev() {
        numbers.swap(position, chance.below(position + 1));
    }
    numbers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arrival_in_any_order_makes_the_same_blocks_solid(seed: u64, count in 1_usize..50) {
        let chance = &mut Chance::new(seed);
        let mut model = Model::new(count, 8, chance);
        let mut dag = window(CONFIG);
        for number in shuffled(count, chance) {
            let before: Vec<bool> = (0..=count).map(|it| model.is_solid(it)).collect();
            model.arrived[number] = true;
            let mut wanted: Vec<BlockId> = (0..=count)
                .filter(|it| !before[*it] && model.is_solid(*it))
                .map(id)
                .collect();
            match add(&mut dag, number, &model.parents[number]) {
                Inserted::Solid(mut solid) => {
                    prop_assert_eq!(solid[0], id(number));
                    solid.sort_unstable();
                    wanted.sort_unstable();
                    prop_assert_eq!(solid, wanted);
                }
                Inserted::Waiting(missing) => {
                    let absent: Vec<usize> = model.parents[number]
                        .iter()
                        .copied()
                        .filter(|parent| *parent != 0 && !model.arrived[*parent])
                        .collect();
                    prop_assert_eq!(missing, ids(&absent));
                    prop_assert!(wanted.is_empty());
                }
                Inserted::Known => prop_assert!(false, "a new block is not known"),
            }
            prop_assert_eq!(add(&mut dag, number, &[0]), Inserted::Known);
            model.check(&dag);
        }
        prop_assert!(dag.missing(usize::MAX).is_empty());
        prop_assert_eq!(dag.waiting_count(), 0);
    }

    #[test]
    fn solid_blocks_are_reported_parents_first(seed: u64, count in 1_usize..50) {
        let chance = &mut Chance::new(seed);
        let model = Model::new(count, 8, chance);
        let mut dag = window(CONFIG);
        let mut reported = vec![id(0)];
        for number in shuffled(count, chance) {
            if let Inserted::Solid(solid) = add(&mut dag, number, &model.parents[number]) {
                reported.extend(solid);
            }
        }
        prop_assert_eq!(reported.len(), count + 1);
        let place = |number: usize| reported.iter().position(|it| *it == id(number));
        for number in 1..=count {
            for parent in &model.parents[number] {
                prop_assert!(place(*parent) < place(number));
            }
        }
    }

    #[test]
    fn milestones_move_cones_and_indexes_as_defined(seed: u64, count in 1_usize..80) {
        let chance = &mut Chance::new(seed);
        let mut model = Model::new(count, 12, chance);
        let mut dag = window(DagConfig { below_max_depth: 200, ..CONFIG });
        let mut index = 0;
        let mut late: Vec<usize> = Vec::new();
        for number in 1..=count {
            late.push(number);
            if chance.below(3) > 0 {
                let number = late.swap_remove(chance.below(late.len()));
                model.arrived[number] = true;
                add(&mut dag, number, &model.parents[number]);
            }
            if chance.below(5) > 0 {
                continue;
            }
            let starts: Vec<usize> = (0..1 + chance.below(3)).map(|_| chance.below(number)).collect();
            if !starts.iter().all(|it| model.is_solid(*it)) {
                prop_assert!(dag.cone(&ids(&starts)).is_err());
                continue;
            }
            let mut order = Vec::new();
            starts.iter().for_each(|start| model.cone(*start, &mut order));
            let cone = dag.cone(&ids(&starts)).unwrap();
            prop_assert_eq!(cone.ids(), ids(&order));
            index += 1 + chance.below(3) as u32;
            prop_assert_eq!(dag.confirm(MilestoneIndex(index), &cone), order.clone());
            order.iter().for_each(|number| model.referenced[*number] = Some(index));
            model.check(&dag);
        }
    }

    #[test]
    fn caps_hold_whatever_arrives(seed: u64) {
        let chance = &mut Chance::new(seed);
        let config = DagConfig { below_max_depth: 3, unsolid_count_max: 10, root_count_max: 20 };
        let mut dag = window(config);
        for step in 1..300 {
            let parents: Vec<usize> = (0..=chance.below(8)).map(|_| chance.below(200)).collect();
            add(&mut dag, 1 + chance.below(200), &parents);
            prop_assert!(dag.waiting_count() <= 10);
            prop_assert!(dag.missing.len() <= 10 * PARENTS_MAX);
            if step % 20 == 0 {
                let solid: Vec<BlockId> = (1..200).map(id).filter(|it| dag.score(it).is_some()).collect();
                let starts: Vec<BlockId> = solid.into_iter().take(3).collect();
                let cone = dag.cone(&starts).unwrap();
                dag.confirm(MilestoneIndex(step / 20), &cone);
                dag.drop_hopeless();
            }
            let roots = dag.roots.numbers().count();
            prop_assert!(roots <= 20);
            prop_assert_eq!(dag.places.len(), roots + dag.len() + dag.missing.len());
        }
        prop_assert!(dag.table.handle_count() <= 200 + 10 * PARENTS_MAX);
    }
}

#[test]
fn oldest_waiting_block_makes_room_and_is_missed_if_wanted() {
    let mut dag = window(DagConfig {
        unsolid_count_max: 2,
        ..CONFIG
    });
    add(&mut dag, 2, &[1]);
    add(&mut dag, 3, &[2]);
    assert_eq!(dag.missing(9), [(id(1), 1)]);
    assert_eq!(add(&mut dag, 5, &[4]), Inserted::Waiting(vec![id(4)]));
    assert!(dag.value(&id(2)).is_none(), "the oldest was dropped");
    let mut wanted = vec![(id(2), 1), (id(4), 1)];
    wanted.sort_unstable();
    assert_eq!(dag.missing(9), wanted);
    assert_eq!(dag.missing(1), wanted[..1]);
    assert_eq!(add(&mut dag, 1, &[0]), Inserted::Solid(vec![id(1)]));
    assert_eq!(add(&mut dag, 2, &[1]), Inserted::Solid(vec![id(2), id(3)]));
}

#[test]
fn hostile_parents_never_become_solid() {
    let mut dag = window(CONFIG);
    add(&mut dag, 1, &[1]);
    add(&mut dag, 2, &[3]);
    add(&mut dag, 3, &[2]);
    assert!((1..=3).all(|number| !dag.is_solid(&id(number))));
    assert_eq!(dag.waiting_count(), 3);
    assert_eq!(add(&mut dag, 4, &[0, 0]), Inserted::Solid(vec![id(4)]));
    dag.confirm(MilestoneIndex(WAITING_MILESTONES_MAX + 1), &Cone::default());
    assert_eq!(dag.drop_hopeless().len(), 4);
    assert!(dag.is_empty() && dag.missing(9).is_empty());
}

#[test]
fn root_outside_the_window_is_asked_for() {
    let mut dag: Dag<u8> = Dag::new(CONFIG, MilestoneIndex(40), []);
    let inserted = dag.insert(id(2), &[id(1)], 7, |asked| {
        Ok::<_, Infallible>((*asked == id(1)).then_some(MilestoneIndex(38)))
    });
    assert_eq!(inserted, Ok(Inserted::Solid(vec![id(2)])));
    let both = ConeIndexes {
        youngest: MilestoneIndex(38),
        oldest: MilestoneIndex(38),
    };
    assert_eq!(dag.cone_indexes(&id(2)), Some(both));
    assert_eq!(dag.cone(&[id(1)]), Err(ConeError::Unknown(id(1))));
    assert_eq!(dag.past_cone(&id(2)), Ok(Cone::default()));
    let forgotten = dag.insert(id(1), &[id(9)], 7, |asked| {
        Ok::<_, Infallible>((*asked == id(1)).then_some(MilestoneIndex(38)))
    });
    assert_eq!(forgotten, Ok(Inserted::Known));
}

#[test]
fn failed_look_up_leaves_the_window_as_it_was() {
    let mut dag = window(CONFIG);
    let failed = dag.insert(id(2), &[id(0), id(1)], 7, |_| Err("disk"));
    assert_eq!(failed, Err("disk"));
    assert!(dag.is_empty() && dag.missing(9).is_empty());
    assert_eq!(dag.table.handle_count(), 0);
}

#[test]
fn cone_ends_at_what_is_not_solid() {
    let mut dag = window(CONFIG);
    add(&mut dag, 2, &[1]);
    assert_eq!(dag.cone(&[id(2)]), Err(ConeError::NotSolid(id(2))));
    assert_eq!(dag.cone(&[id(1)]), Err(ConeError::Unknown(id(1))));
    assert_eq!(dag.past_cone(&id(2)), Err(ConeError::NotSolid(id(2))));
    add(&mut dag, 1, &[0]);
    assert_eq!(dag.past_cone(&id(2)).unwrap().ids(), [id(1)]);
    assert_eq!(dag.cone(&[id(0)]), Ok(Cone::default()));
}

#[test]
fn scores_follow_the_depth_of_the_roots() {
    let mut dag = window(CONFIG);
    add(&mut dag, 1, &[0]);
    for (confirmed, wanted) in [
        (8, TipScore::Healthy),
        (9, TipScore::Lazy),
        (15, TipScore::Lazy),
        (16, TipScore::BelowMaxDepth),
    ] {
        dag.confirm(MilestoneIndex(confirmed), &Cone::default());
        assert_eq!(dag.score(&id(1)), Some(wanted), "at {confirmed}");
    }
    assert_eq!(dag.score(&id(0)), None, "a root is no tip");
    let deep = |youngest, oldest| {
        let indexes = ConeIndexes {
            youngest: MilestoneIndex(youngest),
            oldest: MilestoneIndex(oldest),
        };
        indexes.score(MilestoneIndex(20), 15)
    };
    assert_eq!(deep(18, 7), TipScore::Healthy);
    assert_eq!(deep(18, 6), TipScore::SemiLazy);
    assert_eq!(deep(18, 5), TipScore::SemiLazy);
    assert_eq!(deep(18, 4), TipScore::BelowMaxDepth);
}

#[test]
fn hopeless_blocks_go_with_all_that_hangs_on_them() {
    let mut dag = window(CONFIG);
    add(&mut dag, 1, &[0]);
    add(&mut dag, 2, &[0]);
    add(&mut dag, 3, &[1, 2]);
    add(&mut dag, 5, &[3, 4]);
    let cone = dag.cone(&[id(2)]).unwrap();
    dag.confirm(MilestoneIndex(10), &cone);
    add(&mut dag, 6, &[2]);
    dag.confirm(MilestoneIndex(20), &Cone::default());
    assert!(
        dag.drop_hopeless().is_empty(),
        "below max depth, but not by the margin"
    );
    dag.confirm(MilestoneIndex(21), &Cone::default());
    let mut gone = dag.drop_hopeless();
    gone.sort_unstable();
    let mut wanted = ids(&[1, 3, 5]);
    wanted.sort_unstable();
    assert_eq!(gone, wanted);
    assert!(
        dag.missing(9).is_empty(),
        "nobody waits for block 4 any more"
    );
    assert_eq!(dag.len(), 1);
    assert!(dag.is_solid(&id(6)));
}

#[test]
fn deep_and_wide_cones_need_no_call_stack() {
    const COUNT: usize = 100_000;
    let config = DagConfig {
        unsolid_count_max: COUNT,
        ..CONFIG
    };
    let mut dag = window(config);
    for number in (2..=COUNT).rev() {
        add(&mut dag, number, &[number - 1]);
    }
    let Inserted::Solid(solid) = add(&mut dag, 1, &[0]) else {
        panic!("the last missing block makes all solid");
    };
    assert_eq!(solid.len(), COUNT);
    for number in COUNT + 1..2 * COUNT {
        add(&mut dag, number, &[0]);
    }
    let cone = dag.cone(&[id(COUNT)]).unwrap();
    assert_eq!(cone.ids(), solid);
    assert_eq!(dag.confirm(MilestoneIndex(1), &cone).len(), COUNT);
    assert_eq!(dag.len(), COUNT - 1);
}

#[test]
fn roots_that_the_caller_does_not_know_yet_are_kept() {
    let mut dag = window(DagConfig {
        root_count_max: 3,
        ..CONFIG
    });
    dag.keep_roots_above(MilestoneIndex(0));
    for number in 1..=40 {
        add(&mut dag, number, &[number - 1]);
        let cone = dag.cone(&ids(&[number])).unwrap();
        dag.confirm(MilestoneIndex(number as u32), &cone);
    }
    assert_eq!(dag.root(&id(1)), Some(MilestoneIndex(1)));
    dag.keep_roots_above(MilestoneIndex(38));
    let known: Vec<usize> = (0..=40).filter(|it| dag.root(&id(*it)).is_some()).collect();
    assert_eq!(known, [38, 39, 40]);
}

#[test]
fn what_was_dropped_or_forgotten_has_no_recent_parents() {
    let mut dag = window(DagConfig {
        below_max_depth: 3,
        root_count_max: 4,
        ..CONFIG
    });
    let mut chance = Chance::new(5);
    let mut parents: Vec<Vec<usize>> = vec![vec![]];
    for milestone in 1..=60_u32 {
        for _ in 0..6 {
            let number = parents.len();
            let reach = number.min(40);
            let chosen: Vec<usize> = (0..2).map(|_| number - 1 - chance.below(reach)).collect();
            let root_of = |parent: &BlockId| {
                // Whoever stores blocks knows which were referenced; here all old ones count.
                let old = (0..number).any(|it| id(it) == *parent);
                Ok::<_, Infallible>(old.then_some(MilestoneIndex(milestone.saturating_sub(12))))
            };
            dag.insert(id(number), &ids(&chosen), number, root_of)
                .unwrap();
            parents.push(chosen);
        }
        let tip = parents.len() - 1 - chance.below(6);
        let cone = dag.cone(&ids(&[tip])).unwrap_or_default();
        dag.confirm(MilestoneIndex(milestone), &cone);
        dag.drop_hopeless();
        for (number, parents) in parents.iter().enumerate().skip(1) {
            let is_known = dag.value(&id(number)).is_some() || dag.root(&id(number)).is_some();
            assert!(is_known || !dag.are_recent(&ids(parents)), "block {number}");
        }
    }
}
