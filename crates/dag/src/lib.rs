//! What hangs where: solidity, cones, depth and tips of the part of the Tangle that no milestone
//! has referenced yet.
//!
//! What it is not: it knows neither payloads nor the ledger; a vertex carries any value `T`.
//!
//! Begin with [`Dag`]; tips are chosen by a [`TipSelection`].

mod chance;
mod cone;
mod ids;
mod roots;
mod score;
mod tips;
mod vertex;
mod window;

pub use cone::ConeError;
pub use score::{ConeIndexes, TipScore};
pub use tips::{TipRequest, TipSelection, UniformTips, UniformTipsConfig};
pub use window::{Dag, DagConfig, Inserted};

/// A moment, in milliseconds of any clock that does not run backwards. Passed in, never read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);
