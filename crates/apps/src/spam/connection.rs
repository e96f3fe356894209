//! One connection: takes what is due, makes the block, hands it in, one at a time.
//!
//! A block approves the one that this connection sent before, beside tips of the node, so that the
//! Tangle does not get wider than there are connections.

use std::time::{Duration, Instant};

use tangle_client::{ClientError, InclusionState};
use tangle_types::{BlockId, Parents, Payload, TaggedData};

use super::Shared;
use super::purse::{self, Held};
use super::schedule::{Kind, Slot};
use crate::payment;

/// Tips of the node that a block approves.
const TIPS_MAX: usize = 3;
/// How old a block may be to be approved without asking what became of it.
const FRESH: Duration = Duration::from_secs(2);
/// First pause after a refusal; each further one is twice as long.
pub(super) const PAUSE_MIN: Duration = Duration::from_millis(100);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Time between two looks for a coin, while all are in use.
const COIN_PAUSE: Duration = Duration::from_millis(20);

/// A connection to the node.
#[derive(Debug)]
pub(super) struct Connection<'a> {
    shared: &'a Shared,
    /// What it sent last, and when.
    last: Option<(BlockId, Instant)>,
    pause: Duration,
}

impl<'a> Connection<'a> {
    pub(super) const fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            last: None,
            pause: PAUSE_MIN,
        }
    }

    /// Sends until nothing is due any more or the run stops.
    pub(super) async fn run(mut self) {
        while let Some(slot) = self.next_slot() {
            let wait = slot.due.saturating_duration_since(Instant::now());
            if !wait.is_zero() && !self.shared.wait(wait).await {
                return;
            }
            match slot.kind {
                Kind::Data => self.send_data().await,
                Kind::Value => self.send_value().await,
                Kind::Conflict => self.send_pair().await,
            }
        }
    }

    fn next_slot(&self) -> Option<Slot> {
        if self.shared.is_stopping() {
            return None;
        }
        self.shared.schedule().take(Instant::now())
    }

    async fn send_data(&mut self) {
        let payload = Payload::TaggedData(TaggedData {
            tag: self.shared.config.tag.clone(),
            data: self.shared.data(),
        });
        if let Some(block) = self.send(&payload, None, Kind::Data).await {
            self.shared.sample(block, Kind::Data);
        }
    }

    async fn send_value(&mut self) {
        let Some(held) = self.coin().await else {
            return;
        };
        let (payload, made) = self.transfer(&held, 0);
        let before = held.carrier.map(|(block, _)| block);
        match self.send(&payload, before, Kind::Value).await {
            Some(block) => {
                self.shared.put_back([arrived(made, block)]);
                self.shared.sample(block, Kind::Value);
            }
            None => self.shared.put_back([held]),
        }
    }

    async fn send_pair(&mut self) {
        let Some(held) = self.coin().await else {
            return;
        };
        let before = held.carrier.map(|(block, _)| block);
        let mut pair = Vec::with_capacity(2);
        for number in 1..=2 {
            let (payload, made) = self.transfer(&held, number);
            if let Some(block) = self.send(&payload, before, Kind::Conflict).await {
                pair.push((block, arrived(made, block)));
            }
        }
        match <[_; 2]>::try_from(pair) {
            Ok(pair) => {
                self.shared.tally().pairs.sent += 1;
                self.shared.tally().open += 1;
                self.shared.followed().pair(pair);
            }
            // Half a pair is a transfer; without any the coin is as it was.
            Err(mut pair) => {
                let rest = pair.pop().map_or(held, |(_, made)| made);
                self.shared.put_back([rest]);
            }
        }
    }

    /// Pays a coin back to its owner; `number` tells transfers of the same coin apart.
    fn transfer(&self, held: &Held, number: u8) -> (Payload, Held) {
        let tag = self.shared.mark(number);
        let coins = [held.coin.clone()];
        let (transaction, coin) = payment::build(self.shared.payer(&tag), &coins, &[]);
        let made = Held {
            coin,
            carrier: None,
        };
        (Payload::Transaction(Box::new(transaction)), made)
    }

    /// A coin that can be spent; `None` when the run stops. Coins without a future are given up.
    async fn coin(&mut self) -> Option<Held> {
        loop {
            let Some(mut held) = self.shared.purse().pop_front() else {
                match self.shared.reload_due() {
                    true => self.reload().await,
                    false if self.shared.wait(COIN_PAUSE).await => {}
                    false => return None,
                }
                continue;
            };
            let Some((block, sent)) = held.carrier else {
                return Some(held);
            };
            if sent.elapsed() < FRESH {
                return Some(held);
            }
            match self.shared.client.block_status(&block).await {
                Ok(Some(status)) if status.referenced_by_milestone_index.is_some() => {
                    let state = status.ledger_inclusion_state;
                    if state == Some(InclusionState::Included) {
                        held.carrier = None;
                        return Some(held);
                    }
                }
                Ok(Some(status)) if status.should_reattach != Some(true) => return Some(held),
                Ok(_) => {}
                Err(error) => {
                    self.shared.put_back([held]);
                    if !self.back_off(&error).await {
                        return None;
                    }
                }
            }
        }
    }

    /// Looks up what the ledger says that there is, when no coin came back for long.
    async fn reload(&mut self) {
        match purse::load(self.shared).await {
            Ok(coins) => self.shared.put_back(coins.into_iter().map(|coin| Held {
                coin,
                carrier: None,
            })),
            Err(error) => {
                self.back_off(&error).await;
            }
        }
    }

    /// Hands a block in, again and again while the node has no time for it; `None` when the run
    /// stops, or the node never will take it.
    async fn send(
        &mut self,
        payload: &Payload,
        before: Option<BlockId>,
        kind: Kind,
    ) -> Option<BlockId> {
        while !self.shared.is_stopping() {
            self.shared.tally().in_flight += 1;
            let sent = self.attempt(payload, before).await;
            self.shared.tally().in_flight -= 1;
            match sent {
                Ok(Some(block)) => {
                    self.shared.tally().accepted[kind as usize] += 1;
                    self.pause = PAUSE_MIN;
                    return Some(block);
                }
                Ok(None) => return None,
                Err(error) => {
                    let is_final = is_final(&error);
                    if !self.back_off(&error).await || is_final {
                        return None;
                    }
                }
            }
        }
        None
    }

    /// Hands a block in; `None` when the run stops during its proof of work.
    pub(super) async fn attempt(
        &mut self,
        payload: &Payload,
        before: Option<BlockId>,
    ) -> Result<Option<BlockId>, ClientError> {
        let shared = self.shared;
        let mut parents = shared.tips().await?;
        parents.truncate(TIPS_MAX);
        let last = self.last.filter(|(_, sent)| sent.elapsed() < FRESH);
        parents.extend(last.map(|(block, _)| block));
        parents.extend(before);
        let Some(parents) = Parents::new(parents) else {
            return Err(ClientError::Answer {
                url: shared.client.url().to_owned(),
                reason: "it gives no tips".to_owned(),
            });
        };
        let score_min = shared.parameters.pow_score_min;
        let bytes = payment::block_bytes(parents, payload.clone(), score_min, &shared.cancel).await;
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let block = shared.client.submit(bytes).await?;
        self.last = Some((block, Instant::now()));
        Ok(Some(block))
    }

    /// Counts a refusal and waits; whether the run goes on.
    async fn back_off(&mut self, error: &ClientError) -> bool {
        self.shared.tally().refuse(error);
        // What was sent last may be what the node does not want to see approved.
        self.last = None;
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSE_MAX);
        self.shared.wait(pause).await
    }
}

fn arrived(made: Held, block: BlockId) -> Held {
    Held {
        carrier: Some((block, Instant::now())),
        ..made
    }
}

/// Whether the same block would be refused again.
fn is_final(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::Refused {
            status: 400..=499,
            ..
        }
    ) && !error.is_status(429)
}
