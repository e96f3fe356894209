//! Pays: gathers requests, makes transactions, follows them until a milestone decides.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tangle_client::{ClientError, InclusionState};
use tangle_crypto::ed25519::SecretKey;
use tangle_crypto::pow;
use tangle_types::{BlockId, Parents, Payload, Transaction};
use tokio::sync::watch;

use super::Shared;
use crate::payment::{self, Coin, PAYMENTS_MAX, Payer, Payment};

/// Marks the faucet's transactions.
const TAG: &[u8] = b"TANGLE FAUCET";
/// Transactions that may be on their way; more payments wait.
const FLIGHTS_MAX: usize = 16;
/// Tips that a block approves besides the block before.
const TIPS_MAX: usize = 3;
/// After this long without a milestone a transaction is attached again.
const REATTACH_AFTER: Duration = Duration::from_secs(20);
/// Pause after the node failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);

/// A transaction on its way.
#[derive(Debug)]
struct Flight {
    transaction: Transaction,
    payments: Vec<Payment>,
    /// The newest block that carries it; `None` when none is known to have arrived.
    block: Option<BlockId>,
    attached: Instant,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Included,
    Conflicting,
    Open,
    /// Its blocks will not be referenced any more.
    Lost,
}

/// The one task that spends the faucet's coins.
#[derive(Debug)]
pub(super) struct Worker {
    shared: Arc<Shared>,
    key: SecretKey,
    interval: Duration,
    flights: VecDeque<Flight>,
    /// What the newest transaction leaves over.
    rest: Option<Coin>,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, key: SecretKey, interval: Duration) -> Self {
        Self {
            shared,
            key,
            interval,
            flights: VecDeque::new(),
            rest: None,
        }
    }

    /// Works until it is told to stop.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let work = async {
                if self.flights.is_empty() && self.shared.queue().is_empty() {
                    self.shared.arrived.notified().await;
                }
                tokio::time::sleep(self.interval).await;
                if let Err(error) = self.round().await {
                    tracing::warn!(%error, "the faucet cannot pay for the moment");
                    tokio::time::sleep(FAILURE_PAUSE).await;
                }
            };
            tokio::select! {
                () = work => {}
                // An error means that whoever could stop it is gone.
                _ = stop.wait_for(|is_stopping| *is_stopping) => return,
            }
        }
    }

    async fn round(&mut self) -> Result<(), ClientError> {
        self.settle().await?;
        if self.flights.len() < FLIGHTS_MAX && !self.shared.queue().is_empty() {
            self.pay().await?;
        }
        Ok(())
    }

    /// Finds out what became of the transactions, oldest first.
    async fn settle(&mut self) -> Result<(), ClientError> {
        while let Some(flight) = self.flights.front() {
            match self.fate(flight).await? {
                Fate::Included => {
                    let flight = self.flights.pop_front().expect("it was there");
                    self.shared.queue().done(&flight.payments);
                }
                Fate::Conflicting => {
                    self.start_over();
                    return Ok(());
                }
                Fate::Lost => return self.attach_all().await,
                Fate::Open => return Ok(()),
            }
        }
        // Everything is settled: the ledger knows the coins.
        self.rest = None;
        Ok(())
    }

    async fn fate(&self, flight: &Flight) -> Result<Fate, ClientError> {
        let client = self.shared.book.client();
        let Some(block) = &flight.block else {
            return Ok(Fate::Lost);
        };
        let status = client.block_status(block).await?;
        let state = status
            .as_ref()
            .and_then(|status| status.ledger_inclusion_state);
        match state {
            Some(InclusionState::Included) => return Ok(Fate::Included),
            // Another block may have brought the same transaction in before.
            Some(_)
                if client
                    .included_block(&flight.transaction.id())
                    .await?
                    .is_some() =>
            {
                return Ok(Fate::Included);
            }
            Some(_) => return Ok(Fate::Conflicting),
            None => {}
        }
        let is_lost = status.is_none_or(|status| status.should_reattach == Some(true));
        if is_lost || flight.attached.elapsed() > REATTACH_AFTER {
            return Ok(Fate::Lost);
        }
        Ok(Fate::Open)
    }

    /// All that is on its way rests on a transaction without effect.
    fn start_over(&mut self) {
        tracing::warn!(
            transactions = self.flights.len(),
            "a transaction of the faucet conflicts; its payments are made again"
        );
        let payments = self.flights.drain(..).flat_map(|flight| flight.payments);
        let payments: Vec<Payment> = payments.collect();
        self.shared.queue().put_back(payments);
        self.rest = None;
    }

    /// Attaches all transactions again, in order.
    async fn attach_all(&mut self) -> Result<(), ClientError> {
        let mut before = None;
        for position in 0..self.flights.len() {
            let transaction = self.flights[position].transaction.clone();
            let block = self.attach(transaction, before).await?;
            let flight = &mut self.flights[position];
            flight.block = Some(block);
            flight.attached = Instant::now();
            before = Some(block);
        }
        Ok(())
    }

    /// Pays the requests that wait longest.
    async fn pay(&mut self) -> Result<(), ClientError> {
        let parameters = &self.shared.parameters;
        let coins = match &self.rest {
            Some(rest) => vec![rest.clone()],
            None => self.shared.book.coins(&self.shared.address).await?,
        };
        let deposit_min = tangle_types::basic_deposit_min(&parameters.rent, &self.shared.address);
        let funds = payment::spendable(payment::sum(&coins), deposit_min);
        let payments = self.shared.queue().take(PAYMENTS_MAX, funds);
        if payments.is_empty() {
            tracing::warn!(
                funds,
                "the faucet's coins do not suffice for the next payment"
            );
            return Ok(());
        }
        let payer = Payer {
            parameters,
            key: &self.key,
            tag: TAG,
        };
        let (transaction, rest) = payment::build(payer, &coins, &payments);
        let before = self.flights.back().and_then(|flight| flight.block);
        // On its way from now on: should the answer get lost, the block may still have arrived.
        self.flights.push_back(Flight {
            transaction: transaction.clone(),
            payments,
            block: None,
            attached: Instant::now(),
        });
        self.rest = Some(rest);
        let block = self.attach(transaction, before).await?;
        let flight = self.flights.back_mut().expect("it was just added");
        flight.block = Some(block);
        Ok(())
    }

    /// Puts a transaction into a new block behind the block of the one before.
    async fn attach(
        &self,
        transaction: Transaction,
        before: Option<BlockId>,
    ) -> Result<BlockId, ClientError> {
        let client = self.shared.book.client();
        let mut parents = client.tips().await?;
        parents.truncate(TIPS_MAX);
        parents.extend(before);
        let Some(parents) = Parents::new(parents) else {
            return Err(ClientError::Answer {
                url: client.url().to_owned(),
                reason: "it gives no tips".to_owned(),
            });
        };
        let payload = Payload::Transaction(Box::new(transaction));
        let score_min = self.shared.parameters.pow_score_min;
        let bytes = payment::block_bytes(parents, payload, score_min, &pow::Cancel::default())
            .await
            .expect("nobody cancels it");
        client.submit(bytes).await
    }
}
