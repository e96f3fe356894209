//! What the node's index says about balances; answers are kept for a moment.

use std::time::{Duration, Instant};

use tangle_client::{Client, ClientError};
use tangle_types::Address;
use tokio::sync::Mutex;

use crate::payment::{self, Coin};

/// Outputs of one address that are looked at.
const OUTPUTS_MAX: u16 = 100;
/// How long an answer is true enough for people.
const FRESH: Duration = Duration::from_secs(2);

/// Asks a node for balances.
#[derive(Debug)]
pub(super) struct Book {
    client: Client,
    hrp: String,
    own: Mutex<Option<(Instant, u64)>>,
    health: Mutex<Option<(Instant, bool)>>,
}

impl Book {
    pub(super) fn new(client: Client, hrp: String) -> Self {
        Self {
            client,
            hrp,
            own: Mutex::new(None),
            health: Mutex::new(None),
        }
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the node is healthy, as of a moment ago.
    pub(super) async fn is_healthy(&self) -> bool {
        let mut health = self.health.lock().await;
        if let Some((at, is_healthy)) = *health
            && at.elapsed() < FRESH
        {
            return is_healthy;
        }
        let is_healthy = self.client.is_healthy().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the faucet's node does not answer");
            false
        });
        *health = Some((Instant::now(), is_healthy));
        is_healthy
    }

    /// What the faucet at `address` has, as of a moment ago.
    pub(super) async fn own_balance(&self, address: &Address) -> Result<u64, ClientError> {
        let mut own = self.own.lock().await;
        if let Some((at, balance)) = *own
            && at.elapsed() < FRESH
        {
            return Ok(balance);
        }
        let balance = self.balance(address, u64::MAX).await?;
        *own = Some((Instant::now(), balance));
        Ok(balance)
    }

    /// What `address` has in plain outputs; the look-up ends once `enough` is reached.
    pub(super) async fn balance(&self, address: &Address, enough: u64) -> Result<u64, ClientError> {
        let mut sum = 0_u64;
        let address = address.to_bech32(&self.hrp);
        for id in payment::plain_outputs(&self.client, address, OUTPUTS_MAX).await? {
            if let Some(output) = self.client.output(&id).await? {
                sum = sum.saturating_add(output.amount());
            }
            if sum >= enough {
                break;
            }
        }
        Ok(sum)
    }

    /// The coins of `address`.
    pub(super) async fn coins(&self, address: &Address) -> Result<Vec<Coin>, ClientError> {
        payment::coins(&self.client, address.to_bech32(&self.hrp), OUTPUTS_MAX).await
    }
}
