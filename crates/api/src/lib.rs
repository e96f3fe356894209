//! The node's interface over HTTP: core API, indexer, events, and pages for people.
//!
//! ```text
//! listener ──> connections (limits) ──> guard (who may what) ──> routes ──> node handle, store
//! ```
//!
//! What it is not: it decides nothing about blocks or the ledger; it asks a
//! [`Handle`](tangle_node::Handle) and puts the answers into the form that clients expect.
//!
//! Begin with [`Interface`] and [`serve()`]; with [`Pages`] for what a browser shows.

mod app;
mod auth;
mod config;
mod content;
mod core;
mod description;
mod error;
mod events;
mod indexer;
pub mod metrics;
mod origin;
mod owned;
mod pages;
mod params;
mod participation;
mod proofs;
mod router;
mod schema;
mod server;
mod sync;
mod tips;

pub use auth::{
    Auth, KeyError, PROTECTED_DEFAULT, PUBLIC_DEFAULT, Salt, TokenKey, TokenLifetime, Tokens,
};
pub use config::{ApiConfig, BaseToken, EventLimits, Limits};
pub use description::{json as openapi_json, openapi};
pub use error::ApiError;
pub use pages::{
    AccountDetails, AccountEvent, AccountSummary, AliasPart, Asset, Attributes, Beside, HeldOutput,
    HeldToken, Html, LoadBounds, LoadGenerator, LoadOrder, LoadPhase, LoadRefused, LoadRun,
    OrderError, Pages, Payment, SentTransaction, Setting, SinglePage, TestWallet, WalletAway,
    WalletFuture, WalletOrder, lines,
};
pub use participation::{CounterError, CounterFuture, VoteCounter};
pub use router::Interface;
pub use server::serve;
