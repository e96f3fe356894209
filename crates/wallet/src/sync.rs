//! Learning from a node what became of the wallet's outputs.
//!
//! The first time, and after a long absence, every known address is asked for (*scan*). Otherwise
//! the ledger's changes are read milestone by milestone from where the wallet was (*catch up*).
//! A scan is followed by a catch-up from the milestone at which it began, so that nothing that
//! happened meanwhile is missed.

use std::collections::BTreeSet;

use tangle_client::{Client, ClientError, NodeSummary};
use tangle_types::{
    Address, AliasId, LedgerOutput, MilestoneId, MilestoneIndex, NetworkId, Output, OutputId,
    Payload, ProtocolParameters, Spend, TransactionId,
};
use tokio::task::JoinSet;

use crate::follow::{self, SendError};
use crate::keys::{KeyPlace, Signer, SignerError};
use crate::state::{KeyChain, Point, Record, State};

/// Keys beyond the last one in use that are looked at, as wallets do by agreement (BIP-44).
pub const ADDRESS_GAP: u32 = 20;
/// Requests that are open at once.
const REQUESTS_MAX: usize = 24;
/// Addresses that are asked for at once.
const ADDRESSES_MAX: usize = 1_000;
/// Milestones that are caught up with; after a longer absence a scan is quicker.
const CATCH_UP_MAX: u32 = 300;
/// Outputs created meanwhile that are looked at; with more, a scan is quicker.
const CREATED_MAX: usize = 3_000;
/// Pages of one address: a node that gives more makes them up.
const PAGES_MAX: usize = 10_000;

/// Why the wallet did not learn what is new.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The node does not answer, or refuses.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A transaction on its way cannot be attached again.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The keys cannot be derived.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The node is of another network.
    #[error("the wallet is of network {wallet}, the node is of network {node}")]
    OtherNetwork {
        /// The wallet's.
        wallet: NetworkId,
        /// The node's.
        node: NetworkId,
    },
    /// The node does not know the present.
    #[error("the node is not synced")]
    NotSynced,
    /// The node states things that do not fit together.
    #[error("the node contradicts itself: {0}")]
    Contradiction(&'static str),
}

/// What a sync did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Whether addresses were asked for, rather than milestones.
    pub is_scan: bool,
    /// Outputs that were not known before.
    pub created: usize,
    /// Outputs that were spent since.
    pub spent: usize,
    /// Milestones that were read.
    pub milestones: u32,
}

/// A network as the node tells of it.
#[derive(Clone, Debug)]
pub struct Network {
    /// What it agrees on.
    pub parameters: ProtocolParameters,
    /// The newest milestone of the node's ledger.
    pub ledger: Point,
    /// All that the node says.
    pub node: NodeSummary,
}

impl Network {
    /// Asks the node.
    ///
    /// # Errors
    /// The node does not answer, or its answer makes no sense.
    pub async fn ask(client: &Client) -> Result<Self, SyncError> {
        let node = client.info().await?;
        let parameters = node.protocol.parameters();
        let parameters = parameters.ok_or(SyncError::Contradiction("the supply is no number"))?;
        let confirmed = &node.status.confirmed_milestone;
        let ledger = Point {
            index: confirmed.index,
            time: confirmed.timestamp.unwrap_or_default(),
            id: confirmed.milestone_id.unwrap_or(MilestoneId([0; 32])).0,
        };
        Ok(Self {
            parameters,
            ledger,
            node,
        })
    }
}

/// Brings `state` up to date. With a signer, keys are derived as long as the last of them are in
/// use.
///
/// # Errors
/// See [`SyncError`]. What was learned before stays.
pub async fn sync(
    client: &Client,
    network: &Network,
    state: &mut State,
    signer: Option<&dyn Signer>,
) -> Result<SyncReport, SyncError> {
    let node = network.parameters.network_id();
    match state.network {
        Some(wallet) if wallet != node => return Err(SyncError::OtherNetwork { wallet, node }),
        _ => state.network = Some(node),
    }
    if !network.node.status.is_healthy {
        return Err(SyncError::NotSynced);
    }
    let mut report = SyncReport::default();
    let mut has_scanned = false;
    if is_other_ledger(client, network, state).await? {
        state.forget_ledger();
    }
    if state.ledger.index == MilestoneIndex(0)
        || !catch_up(client, network, state, &mut report).await?
    {
        scan(client, network, state, &known_addresses(state), &mut report).await?;
        has_scanned = true;
    }
    if let Some(signer) = signer {
        loop {
            let fresh = extend_keys(state, signer)?;
            if fresh.is_empty() {
                break;
            }
            scan(client, network, state, &fresh, &mut report).await?;
            has_scanned = true;
        }
    }
    if has_scanned {
        // What happened since the scan began.
        let newest = Network::ask(client).await?;
        if !catch_up(client, &newest, state, &mut report).await? {
            return Err(SyncError::Contradiction("milestones are gone at once"));
        }
    }
    follow::settle(client, &network.parameters, state).await?;
    report.is_scan = has_scanned;
    Ok(report)
}

/// Whether the node's ledger is not the one that the wallet knows, as after a test network was
/// started over.
async fn is_other_ledger(
    client: &Client,
    network: &Network,
    state: &State,
) -> Result<bool, SyncError> {
    let known = state.ledger;
    if known.index > network.ledger.index {
        return Ok(true);
    }
    let Some(id) = known.milestone_id() else {
        return Ok(false);
    };
    let milestone = client.milestone(known.index).await?;
    Ok(milestone.is_some_and(|milestone| milestone.id() != id))
}

/// Every address whose key is known.
fn known_addresses(state: &State) -> Vec<Address> {
    let keys = state.accounts.values();
    let chains = keys.flat_map(|keys| [&keys.external, &keys.internal]);
    chains
        .flat_map(|chain| &chain.hashes)
        .map(|hash| Address::Ed25519(*hash))
        .collect()
}

/// Derives keys until each chain has enough beyond those in use; the new addresses.
///
/// # Errors
/// The signer refuses, or has other keys than those that are known.
pub fn extend_keys(state: &mut State, signer: &dyn Signer) -> Result<Vec<Address>, SignerError> {
    let mut fresh = Vec::new();
    let mut is_checked = false;
    let numbers: Vec<u32> = state.accounts.keys().copied().collect();
    for account in numbers {
        for is_internal in [false, true] {
            let chain: &KeyChain = state.accounts[&account].chain(is_internal);
            let known = u32::try_from(chain.hashes.len()).unwrap_or(u32::MAX);
            let count = (chain.used + ADDRESS_GAP).saturating_sub(known);
            if count == 0 {
                continue;
            }
            let first = KeyPlace {
                account,
                is_internal,
                index: known,
            };
            if !is_checked {
                check_keys(state, signer)?;
                is_checked = true;
            }
            let hashes = signer.addresses(first, count)?;
            fresh.extend(hashes.iter().map(|hash| Address::Ed25519(*hash)));
            state.add_keys(account, is_internal, &hashes);
        }
    }
    Ok(fresh)
}

/// Whether the signer has the keys of the wallet, by the first that is known. Coins that somebody
/// pays to a key of another device would be lost to this wallet.
fn check_keys(state: &State, signer: &dyn Signer) -> Result<(), SignerError> {
    let chains = state.accounts.iter().flat_map(|(account, keys)| {
        [false, true].map(|is_internal| (*account, is_internal, keys.chain(is_internal)))
    });
    let mut known = chains.filter_map(|(account, is_internal, chain)| {
        let place = KeyPlace {
            account,
            is_internal,
            index: 0,
        };
        Some((place, *chain.hashes.first()?))
    });
    let Some((place, hash)) = known.next() else {
        return Ok(());
    };
    if signer.addresses(place, 1)? == [hash] {
        Ok(())
    } else {
        Err(SignerError::OtherKeys)
    }
}

/// Asks for all outputs of `addresses`, and what became of known ones that are not among them.
async fn scan(
    client: &Client,
    network: &Network,
    state: &mut State,
    addresses: &[Address],
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let mut found = ask_all(client, network, state, addresses, report).await?;
    let aliases: Vec<Address> = state.unspent().filter_map(alias_address).collect();
    found.extend(ask_all(client, network, state, &aliases, report).await?);

    let asked: BTreeSet<Address> = addresses.iter().copied().collect();
    let concerned = |held: &LedgerOutput| {
        crate::state::named_addresses(&held.output)
            .any(|address| asked.contains(&address) || matches!(address, Address::Alias(_)))
    };
    let gone = state
        .unspent()
        .filter(|held| !found.contains(&held.id) && concerned(held));
    let gone: Vec<OutputId> = gone.map(|held| held.id).collect();
    ask_spends(client, state, gone, report).await?;
    // A milestone that was confirmed after the node was asked may already be among the answers;
    // reading it again changes nothing.
    state.ledger = network.ledger;
    Ok(())
}

/// Takes in the outputs that addresses can unlock; their ids. Our own node is asked for many
/// addresses at once, others for one after the other. Of aliases only foundries count.
async fn ask_all(
    client: &Client,
    network: &Network,
    state: &mut State,
    addresses: &[Address],
    report: &mut SyncReport,
) -> Result<BTreeSet<OutputId>, SyncError> {
    let chunks: Vec<Vec<Address>> = addresses.chunks(ADDRESSES_MAX).map(<[_]>::to_vec).collect();
    let answers = each(client, chunks, |client, chunk: Vec<Address>| async move {
        let answer = client.owned_outputs(&chunk).await?;
        Ok((chunk, answer.filter(|answer| answer.is_complete)))
    })
    .await?;
    let mut found = BTreeSet::new();
    let mut single = Vec::new();
    for (chunk, answer) in answers {
        let Some(answer) = answer else {
            single.extend(chunk);
            continue;
        };
        for output in answer.outputs {
            let is_foundry = matches!(output.output, Output::Foundry(_));
            let is_ours = state.concerns(&output.output);
            if !is_ours || (!is_foundry && matches!(chunk.first(), Some(Address::Alias(_)))) {
                continue;
            }
            found.insert(output.id);
            if state
                .record(&output.id)
                .is_none_or(|known| known.spent.is_some())
            {
                report.created += 1;
                let spent = None;
                state.put(Record { output, spent });
            }
        }
    }
    let hrp = &network.parameters.bech32_hrp;
    let question = |address: &Address| match address {
        Address::Alias(_) => Question::Foundries(address.to_bech32(hrp)),
        _ => Question::Unlockable(address.to_bech32(hrp)),
    };
    let questions = single.iter().map(question).collect();
    let listed = each(client, questions, all_pages).await?;
    let listed: BTreeSet<OutputId> = listed.into_iter().flatten().collect();
    take_new(client, state, &listed, report).await?;
    found.extend(listed);
    Ok(found)
}

fn alias_address(held: &LedgerOutput) -> Option<Address> {
    match &held.output {
        Output::Alias(alias) => Some(Address::Alias(alias.alias_id.or_from_output(&held.id))),
        _ => None,
    }
}

/// Whose outputs are asked for.
enum Question {
    Unlockable(String),
    Foundries(String),
}

async fn all_pages(client: Client, question: Question) -> Result<Vec<OutputId>, ClientError> {
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let at = cursor.as_deref();
        let page = match &question {
            Question::Unlockable(address) => client.unlockable_outputs(address, at).await?,
            Question::Foundries(alias) => client.foundries(alias, at).await?,
        };
        items.extend(page.items);
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(items)
}

/// Fetches the outputs that are not known yet.
async fn take_new(
    client: &Client,
    state: &mut State,
    ids: &BTreeSet<OutputId>,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let new: Vec<OutputId> = ids
        .iter()
        .filter(|id| state.record(id).is_none_or(|record| record.spent.is_some()))
        .copied()
        .collect();
    let records = fetch(client, new).await?;
    for (output, spent) in records.into_iter().flatten() {
        report.created += 1;
        state.put(Record { output, spent });
    }
    Ok(())
}

type Fetched = Option<(LedgerOutput, Option<Spend>)>;

async fn fetch(client: &Client, ids: Vec<OutputId>) -> Result<Vec<Fetched>, ClientError> {
    each(client, ids, |client, id| async move {
        client.output_record(&id).await
    })
    .await
}

/// Learns how outputs were spent that are not among the unspent ones any more.
async fn ask_spends(
    client: &Client,
    state: &mut State,
    gone: Vec<OutputId>,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let answers = fetch(client, gone.clone()).await?;
    let now = state.ledger;
    let mut transactions = BTreeSet::new();
    for (id, answer) in gone.into_iter().zip(answers) {
        let spent = match answer {
            Some((_, None)) => continue,
            Some((_, Some(spent))) => spent,
            // The node has forgotten it: it was spent, and nobody knows how.
            None => Spend {
                transaction_id: TransactionId::ZERO,
                milestone_index: now.index,
                milestone_timestamp: now.time,
            },
        };
        report.spent += 1;
        transactions.insert(spent.transaction_id);
        if let Some(record) = state.outputs.get_mut(&id) {
            record.spent = Some(spent);
        }
    }
    ask_where(client, state, transactions).await
}

/// Learns what transactions that spent something of the wallet made for others. Those that the node
/// has forgotten are not asked for again.
async fn ask_where(
    client: &Client,
    state: &mut State,
    mut transactions: BTreeSet<TransactionId>,
) -> Result<(), SyncError> {
    transactions.remove(&TransactionId::ZERO);
    transactions.retain(|id| !state.elsewhere.contains_key(id));
    let own = state.pending.iter().map(|pending| &pending.transaction);
    let own: Vec<_> = own
        .map(|transaction| (transaction.id(), transaction.essence.outputs.clone()))
        .filter(|(id, _)| transactions.remove(id))
        .collect();
    for (id, outputs) in own {
        state.put_elsewhere(id, &outputs);
    }
    let ids: Vec<TransactionId> = transactions.into_iter().collect();
    let blocks = each(client, ids.clone(), |client, id| async move {
        client.included_block(&id).await
    })
    .await?;
    for (id, block) in ids.into_iter().zip(blocks) {
        if let Some(Payload::Transaction(transaction)) = block.and_then(|block| block.payload)
            && transaction.id() == id
        {
            state.put_elsewhere(id, &transaction.essence.outputs);
        }
    }
    Ok(())
}

/// Reads the milestones that are new. `false` when there are too many, or some are gone: then only
/// a scan helps.
async fn catch_up(
    client: &Client,
    network: &Network,
    state: &mut State,
    report: &mut SyncReport,
) -> Result<bool, SyncError> {
    let (from, to) = (state.ledger.index, network.ledger.index);
    if to <= from {
        return Ok(true);
    }
    if to.0 - from.0 > CATCH_UP_MAX {
        return Ok(false);
    }
    let indexes: Vec<MilestoneIndex> = (from.0 + 1..=to.0).map(MilestoneIndex).collect();
    let changes = each(client, indexes, |client, index| async move {
        client.ledger_changes(index).await
    })
    .await?;
    let Some(changes): Option<Vec<_>> = changes.into_iter().collect() else {
        return Ok(false);
    };
    let created: usize = changes
        .iter()
        .map(|changes| changes.created_outputs.len())
        .sum();
    if created > CREATED_MAX {
        return Ok(false);
    }
    let new = changes.iter().flat_map(|changes| &changes.created_outputs);
    let new: Vec<OutputId> = new
        .filter(|id| state.record(id).is_none())
        .copied()
        .collect();
    let mut fetched = fetch(client, new).await?;
    // An alias comes before the foundries that are ours because of it.
    fetched.sort_by_key(|answer| {
        answer
            .as_ref()
            .map(|(held, _)| matches!(held.output, Output::Foundry(_)))
    });
    let (mut arrived, mut transactions) = (Vec::new(), BTreeSet::new());
    for (output, spent) in fetched.into_iter().flatten() {
        if state.concerns(&output.output) {
            report.created += 1;
            report.spent += usize::from(spent.is_some());
            transactions.extend(spent.map(|spent| spent.transaction_id));
            arrived.extend(arrived_alias(state, &output.output));
            state.put(Record { output, spent });
        }
    }
    // An alias brings its foundries along, which may be older.
    ask_all(client, network, state, &arrived, report).await?;
    ask_where(client, state, transactions).await?;
    let gone = changes.iter().flat_map(|changes| &changes.consumed_outputs);
    let is_held = |id: &&OutputId| {
        state
            .record(id)
            .is_some_and(|record| record.spent.is_none())
    };
    let gone: Vec<OutputId> = gone.filter(is_held).copied().collect();
    ask_spends(client, state, gone, report).await?;
    report.milestones += to.0 - from.0;
    state.ledger = network.ledger;
    Ok(true)
}

/// The address of an alias that somebody sent, which therefore may have foundries.
fn arrived_alias(state: &State, output: &Output) -> Option<Address> {
    match output {
        Output::Alias(alias) if alias.alias_id != AliasId::ZERO && alias.foundry_counter > 0 => {
            let is_new = state.alias(&alias.alias_id).is_none();
            is_new.then_some(Address::Alias(alias.alias_id))
        }
        _ => None,
    }
}

/// Asks for each of `items`, a few at a time; the answers are in the same order.
pub(crate) async fn each<I, T, F, A>(
    client: &Client,
    items: Vec<I>,
    ask: F,
) -> Result<Vec<T>, ClientError>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(Client, I) -> A,
    A: Future<Output = Result<T, ClientError>> + Send + 'static,
{
    let mut answers: Vec<Option<T>> = Vec::new();
    answers.resize_with(items.len(), || None);
    let mut waiting = items.into_iter().enumerate();
    let mut open = JoinSet::new();
    loop {
        while open.len() < REQUESTS_MAX
            && let Some((position, item)) = waiting.next()
        {
            let answer = ask(client.clone(), item);
            open.spawn(async move { (position, answer.await) });
        }
        let Some(done) = open.join_next().await else {
            break;
        };
        let (position, answer) = done.expect("asking does not panic");
        answers[position] = Some(answer?);
    }
    let answers = answers.into_iter();
    Ok(answers
        .map(|answer| answer.expect("all were asked"))
        .collect())
}
