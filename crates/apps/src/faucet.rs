//! The faucet: gives coins of a test network to who asks, with the interface that wallets know.
//!
//! Requests wait in a queue, each address once. Every so often up to 127 of them are paid with one
//! transaction, which spends what the one before left over, so that no payment waits for a
//! milestone. A transaction is attached again, unchanged, until a milestone decides: then the
//! requests are done, or, if it conflicts, all that were paid since then wait again. As the same
//! coins pay again, nobody is paid twice.

mod book;
mod http;
mod queue;
mod senders;
mod worker;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use tangle_client::Client;
use tangle_crypto::ed25519::SecretKey;
use tangle_types::{Address, ProtocolParameters};
use tokio::sync::{Notify, watch};

use book::Book;
use queue::Queue;
use senders::Senders;
use worker::Worker;

/// What a faucet pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaucetConfig {
    /// Base coins for an address that has none.
    pub amount: u64,
    /// Base coins for an address that has some.
    pub amount_small: u64,
    /// Base coins from which an address gets nothing.
    pub balance_max: u64,
    /// Milliseconds over which requests are gathered for one transaction.
    pub batch_interval_ms: u64,
    /// Most requests that wait.
    pub queue_count_max: usize,
    /// Requests that are taken within a minute, from all clients together; 0 means any number.
    pub requests_per_minute_max: u32,
    /// Requests of one sender (by its IP address) within a minute; 0 means any number.
    pub requests_per_minute_per_ip_max: u32,
}

/// The network that a faucet pays in.
#[derive(Clone, Debug)]
pub struct FaucetNetwork {
    /// What it agrees on.
    pub parameters: ProtocolParameters,
    /// What its coin is called.
    pub token_name: String,
}

/// Why a faucet does not start.
#[derive(Debug, thiserror::Error)]
pub enum FaucetError {
    /// An output of this amount may not exist.
    #[error("the faucet pays {amount}, an output must hold at least {deposit_min}")]
    Amount {
        /// The smaller amount.
        amount: u64,
        /// The storage deposit.
        deposit_min: u64,
    },
}

/// A running faucet.
#[derive(Clone, Debug)]
pub struct Faucet {
    shared: Arc<Shared>,
}

/// What the interface and the worker have in common.
#[derive(Debug)]
struct Shared {
    book: Book,
    config: FaucetConfig,
    parameters: ProtocolParameters,
    token_name: String,
    address: Address,
    /// Guards the waiting requests; held for a few instructions.
    queue: Mutex<Queue>,
    /// Guards the counts of requests; held for a few instructions.
    senders: Mutex<Senders>,
    arrived: Notify,
}

impl Faucet {
    /// Begins to pay with the coins of `key` over the node of `client`, until `stop` says so. Must
    /// be called within a runtime.
    ///
    /// # Errors
    /// See [`FaucetError`].
    pub fn start(
        client: Client,
        key: SecretKey,
        config: FaucetConfig,
        network: FaucetNetwork,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, FaucetError> {
        let FaucetNetwork {
            parameters,
            token_name,
        } = network;
        let address = Address::from_public_key(&key.public_key());
        let deposit_min = tangle_types::basic_deposit_min(&parameters.rent, &address);
        let amount = config.amount.min(config.amount_small);
        if amount < deposit_min {
            return Err(FaucetError::Amount {
                amount,
                deposit_min,
            });
        }
        let shared = Arc::new(Shared {
            book: Book::new(client, parameters.bech32_hrp.clone()),
            config,
            token_name,
            address,
            queue: Mutex::new(Queue::new(
                config.queue_count_max,
                config.requests_per_minute_max,
            )),
            senders: Mutex::new(Senders::new(config.requests_per_minute_per_ip_max)),
            arrived: Notify::new(),
            parameters,
        });
        let interval = Duration::from_millis(config.batch_interval_ms.max(1));
        let worker = Worker::new(Arc::clone(&shared), key, interval);
        tokio::spawn(worker.run(stop));
        Ok(Self { shared })
    }

    /// The faucet's address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.shared.address
    }

    /// The faucet's interface: `/health`, `/api/info`, `/api/enqueue`. Whoever serves it says by
    /// [`axum::extract::ConnectInfo`] who sends a request; without that, all come from one sender.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.shared))
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no holder panics")
    }

    fn senders(&self) -> MutexGuard<'_, Senders> {
        self.senders.lock().expect("no holder panics")
    }
}
