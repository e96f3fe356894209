//! People who send blocks: data, transfers, double spends at different nodes, the same again.

use std::sync::Arc;

use tangle_engine::{CheckedBlock, Input, Source};
use tangle_types::{BlockId, Payload};

use super::blocks::{Coin, Spending};
use super::breach::Breach;
use super::fixture::Fixture;
use super::trace::Happening;
use super::world::{Event, World};
use crate::chance::Chance;

/// Coins that are remembered; others are left alone.
const COIN_COUNT_MAX: usize = 400;
/// Transactions that may be sent again.
const PAYLOAD_COUNT_MAX: usize = 50;
/// A coin below this is not divided, as its parts would be less than the storage deposit.
const DIVIDED_AMOUNT_MIN: u64 = 10_000;

/// What all people together have.
#[derive(Debug)]
pub(crate) struct Clients {
    /// Coins that are there, were there, or will be there.
    coins: Vec<Coin>,
    payloads: Vec<Payload>,
    account_count: usize,
    pub(crate) chance: Chance,
}

impl Clients {
    pub(crate) fn new(fixture: &Fixture, chance: Chance) -> Self {
        let coin = |(output, owner): (tangle_types::LedgerOutput, usize)| Coin {
            id: output.id,
            amount: output.output.amount(),
            owner,
        };
        Self {
            coins: fixture.genesis().into_iter().map(coin).collect(),
            payloads: Vec::new(),
            account_count: fixture.accounts.len(),
            chance,
        }
    }

    /// A way to spend some coin. Most coins are forgotten then; the others are spent again.
    pub(crate) fn spending(&mut self) -> Spending {
        let chance = &mut self.chance;
        let position = chance.index(self.coins.len());
        let coin = self.coins[position];
        if chance.hits(850) && self.coins.len() > 1 {
            self.coins.swap_remove(position);
        }
        let is_divided = coin.amount >= DIVIDED_AMOUNT_MIN && chance.hits(400);
        let share = chance.between(coin.amount / 4, coin.amount / 2);
        Spending {
            coin,
            payees: [
                chance.index(self.account_count),
                chance.index(self.account_count),
            ],
            amount: if is_divided { share } else { coin.amount },
            is_forged: false,
        }
    }

    /// Remembers coins that a transaction makes.
    pub(crate) fn receive(&mut self, coins: Vec<Coin>) {
        for coin in coins {
            if self.coins.len() >= COIN_COUNT_MAX {
                let position = self.chance.index(self.coins.len());
                self.coins.swap_remove(position);
            }
            self.coins.push(coin);
        }
    }
}

impl World<'_> {
    /// Somebody sends something.
    pub(crate) fn on_client(&mut self) -> Result<(), Breach> {
        if self.are_clients_quiet {
            return Ok(());
        }
        let mean_us = 10_000_000 / self.mischief.client_blocks.max(1);
        let wait_us = self.clients.chance.wait(mean_us);
        self.queue.after(wait_us, Event::Client);
        let node = self.clients.chance.index(self.machines.len());
        match self.clients.chance.below(100) {
            0..40 => self.offer(node, None),
            40..85 => {
                let spending = self.clients.spending();
                let (payload, coins) = self.blocks.spend(&spending);
                self.clients.receive(coins);
                if self.clients.payloads.len() < PAYLOAD_COUNT_MAX {
                    self.clients.payloads.push(payload.clone());
                }
                self.offer(node, Some(payload))
            }
            85..95 => {
                let first = self.clients.spending();
                let [a, b] = first.payees;
                let second = Spending {
                    payees: [b, (a + 1) % self.clients.account_count],
                    amount: first.coin.amount,
                    ..first
                };
                for spending in [first, second] {
                    let (payload, coins) = self.blocks.spend(&spending);
                    self.clients.receive(coins);
                    let node = self.clients.chance.index(self.machines.len());
                    self.offer(node, Some(payload))?;
                }
                Ok(())
            }
            _ if self.clients.payloads.is_empty() => Ok(()),
            _ => {
                let old = self.clients.chance.index(self.clients.payloads.len());
                let payload = self.clients.payloads[old].clone();
                self.offer(node, Some(payload))
            }
        }
    }

    /// Makes a block on a node's tips; it comes to a node a little later.
    fn offer(&mut self, node: usize, payload: Option<Payload>) -> Result<(), Breach> {
        let Some(block) = self.make(node, payload)? else {
            return Ok(());
        };
        // Now and then a client asks one node and sends to another.
        let to = if self.clients.chance.hits(50) {
            self.clients.chance.index(self.machines.len())
        } else {
            node
        };
        let wait_us = self.clients.chance.wait(60_000);
        let incarnation = self.machines[to].incarnation;
        let event = Event::Submit {
            node: to,
            incarnation,
            block,
        };
        self.queue.after(wait_us, event);
        Ok(())
    }

    /// A block on a node's tips; data when there is no payload. `None` while the node is off.
    pub(crate) fn make(
        &mut self,
        node: usize,
        payload: Option<Payload>,
    ) -> Result<Option<Arc<CheckedBlock>>, Breach> {
        if !self.machines[node].is_awake() {
            return Ok(None);
        }
        let count = 1 + self.clients.chance.index(8);
        let mut parents = self.ask_tips(node, count)?;
        if parents.is_empty() {
            let disk = self.machines[node].disk.borrow();
            parents.push(disk.last().map_or(BlockId::ZERO, |last| last.block_id));
        }
        Ok(Some(match payload {
            Some(payload) => self.blocks.block(&parents, Some(payload)),
            None => self.blocks.data(&parents),
        }))
    }

    /// A client's block comes to a node. Whether it was taken.
    pub(crate) fn on_submit(
        &mut self,
        node: usize,
        block: &Arc<CheckedBlock>,
    ) -> Result<bool, Breach> {
        let ticket = self.ticket(node);
        self.was_taken = None;
        let input = Input::Block(Arc::clone(block), Source::Client(ticket));
        self.step(node, input)?;
        let is_taken = self.was_taken.take().unwrap_or(false);
        let short = block.id().into();
        let happening = Happening::Submits {
            block: short,
            is_taken,
        };
        self.note(node, happening);
        if is_taken {
            self.counts.blocks += 1;
        } else {
            self.counts.refusals += 1;
        }
        Ok(is_taken)
    }
}
