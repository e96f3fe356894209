//! Logs: to standard error, filtered by `TANGLE_LOG`.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use crate::terminal::Terminal;

/// Variable that says what is logged, such as `debug` or `tangle_node=trace`.
const VARIABLE: &str = "TANGLE_LOG";

/// Libraries that tell more than an operator wants to know.
const CHATTY: [&str; 6] = [
    "fjall=warn",
    "lsm_tree=warn",
    "libp2p=warn",
    // It warns at each start that it knows no peers yet.
    "libp2p_kad=error",
    "quinn=warn",
    "yamux=warn",
];

/// Starts logging. Without `TANGLE_LOG` everything is logged from `level` on, but for what the
/// directives `quiet` say.
pub(crate) fn start(level: &str, quiet: &[&str], terminal: &Terminal) {
    let filter = EnvFilter::builder()
        .with_default_directive(level.parse().expect("the callers name a level"))
        .with_env_var(VARIABLE)
        .from_env_lossy();
    // What libraries say about themselves is for us, unless somebody asks for it.
    let filter = if std::env::var_os(VARIABLE).is_some() {
        filter
    } else {
        CHATTY.iter().chain(quiet).fold(filter, |filter, quiet| {
            filter.add_directive(quiet.parse().expect("the lists hold directives"))
        })
    };
    let terminal = *terminal;
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(stderr().is_terminal())
        .with_writer(move || {
            // The line that changes makes room; it comes back by itself.
            terminal.live(None);
            stderr()
        })
        .try_init();
    if started.is_err() {
        terminal.warn("logging is on already");
    }
}
