//! How a Tangle grows when many issue at once and all see the same: transactions arrive, choose
//! parents among what has been revealed by then, and are revealed after a delay.
//!
//! ```text
//!   arrival ──> parents chosen among the revealed ──> delay ──> revealed: a tip, its parents none
//! ```
//!
//! Two engines share the scenario and the measures. `flow` keeps nothing but the transactions that
//! somebody may still approve; `walk` keeps exact cumulative weights in a window, and so knows
//! every strategy. Each purpose draws from a stream of its own, so that arrivals and delays stay
//! the same when only the strategy changes.
//!
//! Times are whole nanoseconds; events at one time happen in order of arrival. Begin with [`run`].

mod arrivals;
pub(crate) mod events;
mod flow;
mod issuers;
mod marks;
pub(crate) mod measures;
mod report;
mod scenario;
mod trace;
mod walk;

use std::ops::ControlFlow;

pub use arrivals::{ArrivalError, ArrivalReader, RecordedArrivals};
pub use events::Event;
pub use issuers::Issuers;
pub use report::{Approvals, IssuerReport, Report, Tips, Walks, WeightPoint};
pub use scenario::{
    ArrivalLaw, Arrivals, Delay, EngineChoice, Scenario, ScenarioError, StrategyChoice, WalkChoice,
};
pub use trace::{Replayed, TRACE_HEAD, TRACE_HEAD_ISSUERS, TRACE_MAX, Trace, TraceError};

/// Takes the transactions of a run, in order, and breaks off when it wants no more.
pub type Sink<'a> = &'a mut dyn FnMut(&Event<'_>) -> ControlFlow<()>;

/// Runs a scenario to its end, or until `sink` breaks off, which gets every transaction as it is
/// issued; then the report tells of those that it got.
///
/// # Errors
/// The scenario makes no sense.
pub fn run(scenario: &Scenario, sink: Option<Sink<'_>>) -> Result<Report, ScenarioError> {
    let scenario = scenario.effective()?;
    Ok(match scenario.engine {
        EngineChoice::Flow => flow::Flow::new(&scenario).run(sink),
        EngineChoice::Walk => walk::Growth::new(&scenario).run(sink),
    })
}
