//! Metrics of a node in the text format of Prometheus, on a listener of their own.
//!
//! Each metric is declared once, in [`FAMILIES`], and read where it is when somebody asks; nothing
//! is counted twice. Asking costs a look at the sizes of the store's files.

mod families;
mod process;

use std::fmt::Write;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tangle_node::Handle;

use crate::ApiError;

pub use families::FAMILIES;
pub use process::Usage;

/// The format's media type.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Where they are.
pub const PATH: &str = "/metrics";

/// Whether a metric may go down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only rises while the process runs.
    Counter,
    /// It goes up and down.
    Gauge,
}

impl Kind {
    /// Its name in the format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// A metric with all its labels.
pub struct Family {
    /// Its name, unit last.
    pub name: &'static str,
    /// Whether it may go down.
    pub kind: Kind,
    /// What it says.
    pub about: &'static str,
    /// The label by which its samples differ, if it has several.
    pub label: Option<&'static str>,
    /// Reads it.
    read: fn(&Probe, &mut Samples),
}

/// The samples of one family: a label's value and a number.
type Samples = Vec<(&'static str, f64)>;

/// What all metrics are read from, gathered once for each answer.
struct Probe {
    node: Handle,
    status: std::sync::Arc<tangle_node::Status>,
    sizes: tangle_storage::Sizes,
    /// Seconds by which the oldest milestone kept is older than the newest.
    history_seconds: u32,
    /// Seconds since 1970.
    now: u64,
    process: process::Usage,
}

impl Probe {
    fn new(node: &Handle) -> Result<Self, ApiError> {
        let status = node.status();
        let reader = node.reader();
        let oldest = reader.milestone(reader.pruning_index().next())?;
        let oldest = oldest.map(|stored| stored.milestone.timestamp.0);
        let newest = status.confirmed.timestamp.map(|timestamp| timestamp.0);
        let history_seconds = match (oldest, newest) {
            (Some(oldest), Some(newest)) => newest.saturating_sub(oldest),
            _ => 0,
        };
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Ok(Self {
            sizes: reader.sizes()?,
            status,
            history_seconds,
            now: now.unwrap_or_default().as_secs(),
            process: process::Usage::read(),
            node: node.clone(),
        })
    }
}

/// Serves the metrics of `node`.
pub fn router(node: Handle) -> Router {
    Router::new().route(PATH, get(answer)).with_state(node)
}

async fn answer(State(node): State<Handle>) -> Result<Response, ApiError> {
    // The sizes of files are asked of the system.
    let text = tokio::task::spawn_blocking(move || text(&node)).await;
    let text = text.map_err(|error| ApiError::internal(&error))??;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

fn text(node: &Handle) -> Result<String, ApiError> {
    let probe = Probe::new(node)?;
    let mut out = String::with_capacity(8 << 10);
    let mut samples = Samples::new();
    for family in FAMILIES {
        samples.clear();
        (family.read)(&probe, &mut samples);
        write_family(family, &samples, &mut out);
    }
    Ok(out)
}

fn write_family(family: &Family, samples: &Samples, out: &mut String) {
    let Family {
        name, kind, about, ..
    } = family;
    let mut write = |arguments: std::fmt::Arguments<'_>| {
        out.write_fmt(arguments).expect("a text takes any length");
    };
    write(format_args!("# HELP {name} {about}\n"));
    write(format_args!("# TYPE {name} {}\n", kind.name()));
    for (value, number) in samples {
        match family.label {
            Some(label) => write(format_args!("{name}{{{label}=\"{value}\"}} {number}\n")),
            None => write(format_args!("{name} {number}\n")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_say_their_kind() {
        let mut names: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
        for family in FAMILIES {
            let is_total = family.name.ends_with("_total");
            assert_eq!(is_total, family.kind == Kind::Counter, "{}", family.name);
            let is_ours = family.name.starts_with("tangle_") || family.name.starts_with("process_");
            assert!(is_ours, "{}", family.name);
            assert!(family.about.ends_with('.') && !family.about.contains('\n'));
        }
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn family_is_written_in_the_format() {
        let family = Family {
            name: "tangle_test",
            kind: Kind::Gauge,
            about: "A test.",
            label: Some("part"),
            read: |_, _| {},
        };
        let mut out = String::new();
        write_family(&family, &vec![("a", 1.0), ("b", 2.5)], &mut out);
        let expected = "# HELP tangle_test A test.\n# TYPE tangle_test gauge\n\
                        tangle_test{part=\"a\"} 1\ntangle_test{part=\"b\"} 2.5\n";
        assert_eq!(out, expected);
    }
}
