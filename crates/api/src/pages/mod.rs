//! The node's pages for people: dashboard, explorer, faucet, a test wallet, load, API
//! documentation, and what the operator does.
//!
//! ```text
//! browser ──> router ──> page: what may be seen? ──> node handle, store ──> HTML, escaped
//! ```
//!
//! Pages are written on the server and need no script; what moves by itself is refreshed by a small
//! one. Nothing comes from elsewhere: style, scripts and pictures lie in the binary.
//!
//! - A page shows what a route of the REST interface answers, and who may not use that route does
//!   not see the page ([`Site::require`](site::Site)). The operator signs in with a token
//!   ([`operator`]).
//! - A request costs a bounded amount of work: lists have pages, texts have limits.
//!
//! Begin with [`Pages`].

mod assets;
mod chart;
mod docs;
mod explorer;
mod faucet;
mod field;
mod fields;
mod html;
mod layout;
mod load;
mod once;
mod operator;
mod overview;
mod peers;
mod routes;
mod samples;
mod show;
mod single;
mod site;
mod visualizer;
mod wallet;

pub use assets::Asset;
pub use html::{Attributes, Html};
pub use load::{LoadBounds, LoadGenerator, LoadOrder, LoadPhase, LoadRefused, LoadRun};
pub use routes::Pages;
pub use single::{SinglePage, lines};
pub use site::{Beside, Setting};
pub use wallet::{
    AccountDetails, AccountEvent, AccountSummary, AliasPart, HeldOutput, HeldToken, OrderError,
    Payment, SentTransaction, TestWallet, WalletAway, WalletFuture, WalletOrder,
};
