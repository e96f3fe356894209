//! Estimates of cumulative weights in constant memory for each block, for windows in which exact
//! ones would take too much.
//!
//! A *sketch* of a set of blocks is a row of small registers (HyperLogLog). A block falls, by a
//! hash, to one register and has a rank there; the register keeps the greatest rank. What a set
//! holds can be estimated from its registers, and the sketch of a union is the greater of each pair
//! of registers, however much the sets have in common.
//!
//! Each block has a sketch of those that approve it. A new block raises one register of its
//! ancestors; where a register is as high already, it is as high in all ancestors behind, and the
//! way ends. So a register is raised but a few times while the Tangle grows a thousandfold.
//!
//! The relative error of an estimate has a standard deviation of 1.04 / sqrt(registers): 13 % with
//! 64, 3.3 % with 1,024. Estimates of blocks that share their approvers err alike. A biased walk
//! must not be led by them: it lives on differences of a few units, whatever the weights.

use crate::chance::split_mix;
use crate::real::ln;
use crate::view::Place;

/// No parent.
const NONE: Place = u32::MAX;

/// Limits of [`WeightSketches`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightSketchesConfig {
    /// Blocks it holds; the next power of two is taken.
    pub block_count: usize,
    /// Most parents of a block.
    pub parent_count_max: usize,
    /// Registers of a sketch, a byte each: a power of two from 16 to 4,096.
    pub register_count: usize,
    /// Decides which block falls to which register.
    pub seed: u64,
}

/// Blocks in order of arrival, with estimates of their weights.
#[derive(Clone, Debug)]
pub struct WeightSketches {
    register_count: usize,
    parent_count_max: usize,
    slot_mask: u32,
    seed: u64,
    first: Place,
    next: Place,
    registers: Vec<u8>,
    parents: Vec<Place>,
    /// Space for the way through the ancestors.
    stack: Vec<Place>,
}

impl WeightSketches {
    /// An empty window.
    ///
    /// # Panics
    /// More than 2^26 blocks or none, more than 8 parents or none, or a number of registers that is
    /// not allowed.
    #[must_use]
    pub fn new(config: WeightSketchesConfig) -> Self {
        let count = config.register_count;
        assert!(
            (1..=1 << 26).contains(&config.block_count),
            "a window of {} blocks",
            config.block_count
        );
        assert!(
            (1..=8).contains(&config.parent_count_max),
            "blocks with {} parents",
            config.parent_count_max
        );
        assert!(
            count.is_power_of_two() && (16..=4_096).contains(&count),
            "sketches of {count} registers"
        );
        let slots = config.block_count.next_power_of_two();
        Self {
            register_count: count,
            parent_count_max: config.parent_count_max,
            slot_mask: slots as u32 - 1,
            seed: config.seed,
            first: 0,
            next: 0,
            registers: vec![0; slots * count],
            parents: vec![NONE; slots * config.parent_count_max],
            stack: Vec::new(),
        }
    }

    /// Bytes that sketches of so many blocks take.
    #[must_use]
    pub const fn bytes(config: &WeightSketchesConfig) -> usize {
        let block = config.register_count + config.parent_count_max * size_of::<Place>();
        config.block_count.next_power_of_two() * block
    }

    /// Standard deviation of an estimate over the true weight.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        1.04 / (self.register_count as f64).sqrt()
    }

    /// Whether a block is in the window.
    #[must_use]
    pub const fn holds(&self, place: Place) -> bool {
        place.wrapping_sub(self.first) < self.next.wrapping_sub(self.first)
    }

    const fn slot(&self, place: Place) -> usize {
        (place & self.slot_mask) as usize
    }

    fn row(&self, place: Place) -> &[u8] {
        &self.registers[self.slot(place) * self.register_count..][..self.register_count]
    }

    /// Adds a block and returns its place; the oldest one leaves when there is no room. Parents
    /// outside of the window, and those above the number that was agreed on, count for nothing.
    pub fn add(&mut self, parents: &[Place]) -> Place {
        if self.next.wrapping_sub(self.first) > self.slot_mask {
            self.first = self.first.wrapping_add(1);
        }
        let place = self.next;
        let slot = self.slot(place);
        let known = slot * self.parent_count_max;
        let kept = parents.iter().copied().filter(|parent| self.holds(*parent));
        let mut kept: Vec<Place> = kept.take(self.parent_count_max).collect();
        kept.resize(self.parent_count_max, NONE);
        self.parents[known..known + kept.len()].copy_from_slice(&kept);
        self.registers[slot * self.register_count..][..self.register_count].fill(0);
        self.next = place.wrapping_add(1);
        let hash = split_mix(split_mix(self.seed).wrapping_add(u64::from(place)));
        let register = hash as usize & (self.register_count - 1);
        // Of the other bits; 52 at least are left, so a rank is at most 53 or so.
        let rank = (hash >> self.register_count.trailing_zeros() | 1 << 60).trailing_zeros() + 1;
        self.raise(place, register, rank as u8);
        place
    }

    /// Raises a register of a block and of its ancestors.
    fn raise(&mut self, place: Place, register: usize, rank: u8) {
        self.stack.push(place);
        while let Some(place) = self.stack.pop() {
            let slot = self.slot(place);
            let height = &mut self.registers[slot * self.register_count + register];
            if *height >= rank {
                continue;
            }
            *height = rank;
            for position in 0..self.parent_count_max {
                let parent = self.parents[slot * self.parent_count_max + position];
                if parent == NONE {
                    break;
                }
                if self.holds(parent) {
                    self.stack.push(parent);
                }
            }
        }
    }

    /// The weight of a block: itself and all that approve it, directly or indirectly.
    #[must_use]
    pub fn weight(&self, place: Place) -> f64 {
        self.weight_of_any(&[place])
    }

    /// The number of blocks that are, or approve, any of some blocks.
    #[must_use]
    pub fn weight_of_any(&self, places: &[Place]) -> f64 {
        let held: Vec<&[u8]> = places
            .iter()
            .filter(|place| self.holds(**place))
            .map(|place| self.row(*place))
            .collect();
        let heights = (0..self.register_count).map(|register| {
            let heights = held.iter().map(|row| row[register]);
            heights.max().unwrap_or(0)
        });
        estimate(heights, self.register_count)
    }
}

/// Flajolet, Fusy, Gandouet, Meunier (2007), with 64-bit hashes; few are counted by the empty
/// registers.
fn estimate(heights: impl Iterator<Item = u8>, register_count: usize) -> f64 {
    let count = register_count as f64;
    let (mut sum, mut empty) = (0.0, 0_u32);
    for height in heights {
        // 2 to the power of minus the height.
        sum += f64::from_bits((1_023 - u64::from(height)) << 52);
        empty += u32::from(height == 0);
    }
    let factor = match register_count {
        16 => 0.673,
        32 => 0.697,
        64 => 0.709,
        _ => 0.7213 / (1.0 + 1.079 / count),
    };
    let raw = factor * count * count / sum;
    if raw <= 2.5 * count && empty > 0 {
        count * ln(count / f64::from(empty))
    } else {
        raw
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chance, View, WeightWindow, WeightWindowConfig};

    const BLOCKS: usize = 6_000;

    fn config(register_count: usize, seed: u64) -> WeightSketchesConfig {
        WeightSketchesConfig {
            block_count: BLOCKS,
            parent_count_max: 2,
            register_count,
            seed,
        }
    }

    /// Parents among the blocks of late, with a chain aside that nothing else approves.
    fn parents() -> Vec<Vec<Place>> {
        let mut chance = Chance::new(5);
        let mut parents = vec![Vec::new()];
        for place in 1..BLOCKS as u32 {
            let mut main = || {
                let reach = place.min(40) as usize;
                let parent = place - 1 - chance.below(reach) as u32;
                // Every tenth block is of the chain.
                if parent.is_multiple_of(10) && parent > 0 {
                    parent - 1
                } else {
                    parent
                }
            };
            parents.push(match place % 10 {
                0 => vec![place.saturating_sub(10)],
                _ => vec![main(), main()],
            });
        }
        parents
    }

    fn exact(parents: &[Vec<Place>]) -> WeightWindow {
        let mut window = WeightWindow::new(WeightWindowConfig {
            block_count: BLOCKS,
            parent_count_max: 2,
            linger: 0,
            cone_count_max: BLOCKS,
        });
        parents.iter().for_each(|parents| {
            window.add(0, parents);
        });
        window
    }

    #[test]
    fn estimates_err_as_stated() {
        let parents = parents();
        let window = exact(&parents);
        for register_count in [16, 64, 256] {
            let (mut squares, mut sum, mut count) = (0.0, 0.0, 0.0_f64);
            let mut stated = 0.0;
            for seed in 0..60 {
                let mut sketches = WeightSketches::new(config(register_count, seed));
                for parents in &parents {
                    sketches.add(parents);
                }
                stated = sketches.relative_error();
                for place in [0, 10, 501, 3_000, 4_503, 5_500] {
                    let error = sketches.weight(place) / window.weight(place) as f64 - 1.0;
                    squares += error * error;
                    sum += error;
                    count += 1.0;
                }
            }
            let (deviation, bias) = ((squares / count).sqrt(), sum / count);
            assert!(
                deviation < 1.25 * stated,
                "{register_count}: {deviation}, {stated}"
            );
            assert!(bias.abs() < 0.4 * stated, "{register_count}: {bias}");
        }
    }

    #[test]
    fn few_are_counted_nearly_exactly() {
        let mut sketches = WeightSketches::new(config(256, 1));
        let root = sketches.add(&[]);
        for count in 2..20 {
            sketches.add(&[root]);
            let weight = sketches.weight(root);
            assert!((weight - f64::from(count)).abs() < 1.5, "{count}: {weight}");
        }
    }

    #[test]
    fn what_two_blocks_share_counts_once() {
        let parents = parents();
        let window = exact(&parents);
        let mut sketches = WeightSketches::new(config(1_024, 3));
        for parents in &parents {
            sketches.add(parents);
        }
        // The chain and the rest have nothing in common, two of the rest nearly everything.
        let weight = |place| window.weight(place) as f64;
        let apart = sketches.weight_of_any(&[10, 11]);
        assert!(
            (apart / (weight(10) + weight(11)) - 1.0).abs() < 0.15,
            "{apart}"
        );
        let alike = sketches.weight_of_any(&[11, 12]);
        assert!(
            (alike / weight(11).max(weight(12)) - 1.0).abs() < 0.15,
            "{alike}"
        );
        assert_eq!(sketches.weight_of_any(&[]), 0.0);
    }

    #[test]
    fn old_blocks_leave_and_memory_stays() {
        let small = WeightSketchesConfig {
            block_count: 64,
            ..config(16, 1)
        };
        let mut sketches = WeightSketches::new(small);
        let bytes = WeightSketches::bytes(&small);
        for place in 0_u32..1_000 {
            sketches.add(&[place.saturating_sub(1), place.saturating_sub(3)]);
        }
        assert!(!sketches.holds(900) && sketches.holds(999) && sketches.holds(936));
        assert_eq!(sketches.registers.len() + 4 * sketches.parents.len(), bytes);
        assert_eq!(sketches.weight(900), 0.0);
        let weight = sketches.weight(950);
        assert!((20.0..120.0).contains(&weight), "{weight}");
    }
}
