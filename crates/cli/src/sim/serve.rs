//! `tangle sim serve`: the simulator in a browser.
//!
//! ```text
//! page ──> /run, /attack ──> a thread that simulates ──> channel ──> lines of JSON ──> canvas
//! ```
//!
//! A run has bounds in its size, and only a few run at once. The thread breaks off when nobody
//! reads its lines any more, as when the page is closed or asks for another run.

mod page;
mod request;
mod stream;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tangle_api::Limits;

use crate::failure::{Code, Failure, Outcome};
use crate::ports;
use crate::service::{local_address, stop_signal};
use crate::terminal::Terminal;

/// How long a run may go on when the server stops.
const STOP_WAIT: Duration = Duration::from_secs(1);
/// Connections at once: browsers open a few.
const CONNECTIONS_MAX: usize = 64;

/// Flags of `tangle sim serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArguments {
    /// Port on this machine; 0 lets the system pick a free one. Other machines do not reach it.
    #[arg(long, default_value_t = 14_280)]
    port: u16,
    /// Print the address as a line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Serialize)]
struct Address<'a> {
    url: &'a str,
}

/// Serves the simulator until a signal.
pub(super) fn run(arguments: &ServeArguments, terminal: &Terminal) -> Outcome {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let hint = "stop it, or let the system pick a free port:  tangle sim serve --port 0";
    let listener = ports::listen(address, hint)?;
    let url = format!("http://{}", local_address(&listener)?);
    let failed = |error: std::io::Error| Failure::new(Code::Unexpected, error);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(stream::RUNS_MAX + 1)
        .thread_name("simulator")
        .enable_all()
        .build()
        .map_err(failed)?;
    let result = runtime.block_on(async {
        let stop = stop_signal()?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        if terminal.is_json() {
            terminal.json(&Address { url: &url });
        } else {
            terminal.say(&format!("The simulator is at {url}. Ctrl-C stops it."));
        }
        let limits = Limits {
            connections_max: CONNECTIONS_MAX,
            stop_timeout: STOP_WAIT,
            ..Limits::default()
        };
        tangle_api::serve(
            listener,
            page::page().router(stream::routes()),
            limits,
            stop,
        )
        .await;
        Ok(())
    });
    runtime.shutdown_timeout(STOP_WAIT);
    result
}
