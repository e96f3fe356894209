//! What the interface is told by whoever runs it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Auth;

/// How the interface presents its node, and what it allows.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Name of the node's software, as `/info` tells it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The network's base token.
    pub base_token: BaseToken,
    /// Who may do what.
    pub auth: Auth,
    /// Bounds on what clients can take up.
    pub limits: Limits,
}

/// The base token: how wallets should print amounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BaseToken {
    /// Its name.
    pub name: String,
    /// Its short name.
    pub ticker_symbol: String,
    /// The unit that amounts are shown in.
    pub unit: String,
    /// The smallest unit, in which the protocol counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub subunit: Option<String>,
    /// Digits between the two.
    pub decimals: u32,
    /// Whether large amounts should be shown with k, M, G.
    pub use_metric_prefix: bool,
}

/// Bounds on what clients can take up. When one is reached, new work waits or is refused; nothing
/// grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections served at once. More wait in the system's queue.
    pub connections_max: usize,
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// How long a request's head may take; also how long a connection may idle.
    pub head_timeout: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
    /// How long a client may leave an answer unread.
    pub write_timeout: Duration,
    /// How long open requests may go on when the server is told to stop.
    pub stop_timeout: Duration,
    /// Queries over many records that run at once; more wait.
    pub scans_max: usize,
    /// Bounds for those who are told of events.
    pub events: EventLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            body_bytes_max: 1 << 20,
            head_timeout: Duration::from_secs(20),
            body_timeout: Duration::from_secs(20),
            write_timeout: Duration::from_secs(20),
            stop_timeout: Duration::from_secs(5),
            scans_max: 4,
            events: EventLimits::default(),
        }
    }
}

/// Bounds for those who are told of events, over MQTT or as server-sent events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventLimits {
    /// Connections at once; one more is refused. They do not count as connections of the interface.
    pub connections_max: usize,
    /// Topics of a connection; with one more it ends.
    pub topics_max: usize,
    /// Topics of all connections; one more is refused.
    pub topics_total_max: usize,
    /// Bytes that wait for a subscriber, beside as many that are being sent; with more it is given
    /// up.
    pub queue_bytes_max: usize,
    /// How long a connection may be silent that promises no signs of life.
    pub idle_timeout: Duration,
}

impl Default for EventLimits {
    fn default() -> Self {
        Self {
            connections_max: 2_048,
            topics_max: 1_000,
            topics_total_max: 200_000,
            queue_bytes_max: 4 << 20,
            idle_timeout: Duration::from_secs(120),
        }
    }
}
