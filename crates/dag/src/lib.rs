//! What hangs where: solidity, cones, depth and tips of the part of the Tangle that no milestone
//! has referenced yet.
//!
//! What it is not: it knows neither payloads nor the ledger; a vertex carries any value `T`.
//!
//! Begin with [`Dag`]; tips are chosen by a [`TipSelection`]. Strategies by weight see a Tangle as
//! a [`View`], such as a [`WeightWindow`]; [`WeightSketches`] estimate weights beyond that.

mod chance;
mod cone;
mod cones;
mod ids;
mod known;
mod pool;
pub mod real;
mod roots;
mod score;
mod sketch;
mod strategy;
mod tips;
mod vertex;
mod view;
mod walk;
mod weights;
mod window;

pub use chance::Chance;
pub use cone::{Cone, ConeError};
pub use pool::TipPool;
pub use score::{ConeIndexes, TipScore};
pub use sketch::{WeightSketches, WeightSketchesConfig};
pub use strategy::{CHOICES, Selector, Strategy, WalkStart};
pub use tips::{
    TipReport, TipRequest, TipSelection, UniformTips, UniformTipsConfig, Weighed, WeightedTips,
    WeightedTipsConfig,
};
pub use view::{Place, View, exit_distribution};
pub use walk::{Bias, Particles, Walk, Walker, adaptation, walk_depth};
pub use weights::{WeightWindow, WeightWindowConfig};
pub use window::{Dag, DagConfig, Inserted};

/// A moment, in milliseconds of any clock that does not run backwards. Passed in, never read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);
