//! Clients that send transfers and data, and remember what they were told.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tangle_client::{Client, ClientError, InclusionState};
use tangle_crypto::ed25519::SecretKey;
use tangle_types::{
    Address, Block, BlockId, Codec, Essence, MilestoneId, MilestoneIndex, NetworkId, Output,
    OutputId, Parents, Payload, TaggedData, Transaction, TransactionId, inputs_commitment,
};

const NETWORK: &str = "crash-test";
const WALLETS: u8 = 8;
const AMOUNT: u64 = 1_000_000_000_000;
/// What each transfer leaves behind; above the least storage deposit.
const CRUMB: u64 = 100_000;
/// Transfers between two questions to the node.
const BURST: usize = 6;
/// Transfers that wait for confirmation; more are not sent.
const PENDING_MAX: usize = 200;

/// Everything that the node said is confirmed.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) blocks: HashMap<BlockId, (MilestoneIndex, Fate)>,
    pub(super) outputs: Vec<OutputId>,
    pub(super) transactions: Vec<TransactionId>,
    /// Milestones confirmed or on their way.
    pub(super) milestones: BTreeMap<MilestoneIndex, MilestoneId>,
    /// The newest one that was confirmed.
    pub(super) confirmed: MilestoneIndex,
}

/// What became of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    NoTransaction,
    Included,
    Conflicting,
}

impl Seen {
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.milestones.is_empty()
    }

    fn milestone(&mut self, index: MilestoneIndex, id: Option<MilestoneId>) {
        let Some(id) = id else { return };
        let known = self.milestones.entry(index).or_insert(id);
        assert_eq!(*known, id, "a second milestone for index {index}");
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seen as confirmed: {} blocks, {} transfers, {} milestones",
            self.blocks.len(),
            self.transactions.len(),
            self.milestones.len()
        )
    }
}

/// The clients. Clones are the same clients.
#[derive(Clone)]
pub(super) struct Load {
    wallets: Vec<Arc<tokio::sync::Mutex<Wallet>>>,
    seen: Arc<Mutex<Seen>>,
}

struct Wallet {
    key: SecretKey,
    coin: (OutputId, Output),
    /// Transfers that are not yet known to be confirmed, oldest first, with their blocks.
    pending: VecDeque<(Transaction, Vec<BlockId>)>,
    counter: u64,
}

impl Load {
    pub(super) fn new() -> Self {
        let wallets = (0..WALLETS).map(|number| {
            let key = SecretKey::from_seed([number + 1; 32]);
            // Genesis outputs have the number of their allocation as transaction id.
            let mut id = OutputId::ZERO;
            id.0[0] = number;
            let coin = (
                id,
                Output::basic(Address::from_public_key(&key.public_key()), AMOUNT),
            );
            Arc::new(tokio::sync::Mutex::new(Wallet {
                key,
                coin,
                pending: VecDeque::new(),
                counter: u64::from(number) << 32,
            }))
        });
        Self {
            wallets: wallets.collect(),
            seen: Arc::default(),
        }
    }

    /// A dev network in which each wallet has one coin.
    pub(super) fn config(&self) -> String {
        let mut text = format!("[network]\nname = \"{NETWORK}\"\n");
        for number in 0..WALLETS {
            let key = SecretKey::from_seed([number + 1; 32]);
            let address = Address::from_public_key(&key.public_key()).to_bech32("tst");
            text += &format!("[[allocations]]\nowner = \"{address}\"\namount = {AMOUNT}\n");
        }
        // Small files, so that many begin and end.
        text + "[storage]\nsegment_bytes = 1048576\n"
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().expect("no holder panics").clone()
    }

    /// Sends until the node is gone.
    pub(super) async fn run(self, client: Client) {
        let mut tasks = tokio::task::JoinSet::new();
        for wallet in &self.wallets {
            let (wallet, client, seen) = (Arc::clone(wallet), client.clone(), self.seen.clone());
            tasks.spawn(async move {
                let mut wallet = wallet.lock().await;
                // It ends when the node does.
                let _gone = wallet.run(&client, &seen).await;
            });
        }
        tasks.spawn(watch(client, self.seen.clone()));
        while let Some(ended) = tasks.join_next().await {
            ended.expect("no client panics");
        }
    }
}

/// Looks at the newest milestones until the node is gone.
async fn watch(client: Client, seen: Arc<Mutex<Seen>>) {
    loop {
        match client.info().await {
            Ok(info) => {
                let mut seen = seen.lock().expect("no holder panics");
                let confirmed = info.status.confirmed_milestone;
                for milestone in [info.status.latest_milestone, confirmed] {
                    seen.milestone(milestone.index, milestone.milestone_id);
                }
                seen.confirmed = seen.confirmed.max(confirmed.index);
            }
            Err(error) if is_gone(&error) => return,
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

fn is_gone(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::Unreachable { .. } | ClientError::Answer { .. }
    )
}

impl Wallet {
    async fn run(&mut self, client: &Client, seen: &Mutex<Seen>) -> Result<(), ClientError> {
        let mut last = self.reattach(client, seen).await?;
        loop {
            for _ in 0..BURST {
                if self.pending.len() < PENDING_MAX {
                    last = Some(self.transfer(client, last).await?);
                }
                last = Some(self.data(client, last).await?);
            }
            self.settle(client, seen).await?;
        }
    }

    /// Sends again what was not confirmed when the node went away, in new blocks.
    async fn reattach(
        &mut self,
        client: &Client,
        seen: &Mutex<Seen>,
    ) -> Result<Option<BlockId>, ClientError> {
        self.settle(client, seen).await?;
        let mut last = None;
        for position in 0..self.pending.len() {
            let payload = Payload::Transaction(Box::new(self.pending[position].0.clone()));
            let id = send(client, last, payload).await?;
            self.pending[position].1.push(id);
            last = Some(id);
        }
        Ok(last)
    }

    /// Pays a crumb to nobody and the rest to itself.
    async fn transfer(
        &mut self,
        client: &Client,
        last: Option<BlockId>,
    ) -> Result<BlockId, ClientError> {
        let (id, output) = &self.coin;
        let mine = Address::from_public_key(&self.key.public_key());
        let essence = Essence {
            network_id: NetworkId::from_name(NETWORK),
            inputs: vec![*id],
            inputs_commitment: inputs_commitment([output]),
            outputs: vec![
                Output::basic(Address::Ed25519([0xcc; 32]), CRUMB),
                Output::basic(mine, output.amount() - CRUMB),
            ],
            payload: None,
        };
        let transaction = essence.signed_by(&self.key);
        let rest = transaction.essence.outputs[1].clone();
        self.coin = (OutputId::new(transaction.id(), 1), rest);
        let payload = Payload::Transaction(Box::new(transaction.clone()));
        self.pending.push_back((transaction, Vec::new()));
        let block = send(client, last, payload).await?;
        let sent = self.pending.back_mut().expect("it was just added");
        sent.1.push(block);
        Ok(block)
    }

    async fn data(
        &mut self,
        client: &Client,
        last: Option<BlockId>,
    ) -> Result<BlockId, ClientError> {
        self.counter += 1;
        let payload = Payload::TaggedData(TaggedData {
            tag: b"crash".to_vec(),
            data: self.counter.to_le_bytes().repeat(16),
        });
        send(client, last, payload).await
    }

    /// Asks for the oldest transfers until one is not confirmed.
    async fn settle(&mut self, client: &Client, seen: &Mutex<Seen>) -> Result<(), ClientError> {
        while let Some((transaction, blocks)) = self.pending.front() {
            let mut is_done = false;
            for block in blocks {
                let Some(status) = client.block_status(block).await? else {
                    continue;
                };
                let (Some(index), Some(state)) = (
                    status.referenced_by_milestone_index,
                    status.ledger_inclusion_state,
                ) else {
                    continue;
                };
                let fate = match state {
                    InclusionState::NoTransaction => Fate::NoTransaction,
                    InclusionState::Included => Fate::Included,
                    InclusionState::Conflicting => Fate::Conflicting,
                };
                is_done |= fate == Fate::Included;
                let mut seen = seen.lock().expect("no holder panics");
                seen.blocks.insert(*block, (index, fate));
            }
            if !is_done {
                return Ok(());
            }
            let id = transaction.id();
            let mut seen = seen.lock().expect("no holder panics");
            seen.outputs
                .extend([0, 1].map(|index| OutputId::new(id, index)));
            seen.transactions.push(id);
            drop(seen);
            self.pending.pop_front();
        }
        Ok(())
    }
}

/// Sends a block after `last` and some tips, again while the node is busy.
async fn send(
    client: &Client,
    last: Option<BlockId>,
    payload: Payload,
) -> Result<BlockId, ClientError> {
    loop {
        let mut parents = match client.tips().await {
            Ok(tips) => tips,
            Err(error) if is_gone(&error) => return Err(error),
            Err(_) => Vec::new(),
        };
        parents.truncate(3);
        parents.extend(last);
        if let Some(parents) = Parents::new(parents) {
            let block = Block {
                protocol_version: 2,
                parents,
                payload: Some(payload.clone()),
                nonce: 0,
            };
            match client.submit(block.to_bytes()).await {
                Ok(id) => return Ok(id),
                Err(error) if is_gone(&error) => return Err(error),
                Err(_busy) => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
