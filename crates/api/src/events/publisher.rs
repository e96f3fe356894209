//! Tells subscribers what happens, on a thread of its own.
//!
//! ```text
//! node ──> some events ──> messages by topic ──> a piece for each subscriber
//!                   └────> look-ups in the store ──┘
//! ```
//!
//! What happened is written while the registry is locked, and needs no look-up. What must be looked
//! up is noted meanwhile and told afterwards.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tangle_node::{BlockState, Confirmation, Event, Heard, Listener, SolidBlock};
use tangle_storage::{OutputRecord, StoreError};
use tangle_types::{
    BlockId, LedgerOutput, MilestoneIndex, Output, Payload, Spend, TaggedData, TransactionId,
};
use tokio::runtime;

use super::body::Body;
use super::hub::Hub;
use super::known;
use super::live::Live;
use super::registry::{Group, Registry};
use super::topic::{BlockKind, Change, Condition, Topic};

/// Time between two looks at the status.
const TICK: Duration = Duration::from_secs(1);
/// Subscribers for whom events are gathered for another millisecond, and the longest time that they
/// are: so many subscribers are told in large pieces.
const SUBSCRIBERS_PER_MS: u64 = 20;
const GATHERING_MAX: Duration = Duration::from_millis(50);
/// Events told together.
const EVENTS_AT_ONCE: usize = 64;
/// Looked-up messages told together.
const ANSWERS_AT_ONCE: usize = 64;
/// Tips that are remembered, and tips whose state is looked up together; others are passed over.
const TIPS_MAX: usize = 4_096;
const TIPS_AT_ONCE: usize = 256;
/// Watched blocks that are looked at anew after a milestone; the others have their turn later.
const WATCHED_AT_ONCE: usize = 256;

/// The thread's state.
pub(super) struct Publisher {
    hub: Arc<Hub>,
    listener: Arc<Listener>,
    runtime: runtime::Handle,
    /// The newest milestone that was told of.
    latest: MilestoneIndex,
    ticked: Instant,
    live: Live,
    /// Solid blocks that no other one approves.
    tips: HashSet<BlockId>,
    /// Unreferenced blocks that somebody watches, and whether they should be promoted and
    /// reattached.
    watched: BTreeMap<BlockId, Advice>,
    /// The one that was looked at last.
    seen: BlockId,
}

/// What is advised for a block; nothing while it is not solid.
type Advice = (Option<bool>, Option<bool>);

/// What a subscriber to a block will have been told: that there is nothing to be done.
const NO_ADVICE: Advice = (Some(false), Some(false));

/// What must be looked up before it is told.
#[derive(Debug, Default)]
struct Questions {
    included: Vec<(TransactionId, BlockId)>,
    states: Vec<BlockId>,
    tips: Vec<BlockId>,
    referenced: Vec<BlockId>,
    /// Whether a milestone may have changed what is advised.
    is_confirmed: bool,
}

impl Publisher {
    /// A publisher for the calling task's runtime.
    pub(super) fn new(hub: &Arc<Hub>, listener: &Arc<Listener>) -> Self {
        Self {
            hub: Arc::clone(hub),
            listener: Arc::clone(listener),
            runtime: runtime::Handle::current(),
            latest: hub.node.status().latest.index,
            ticked: Instant::now(),
            live: Live::default(),
            tips: HashSet::new(),
            watched: BTreeMap::new(),
            seen: BlockId::ZERO,
        }
    }

    /// Runs until nobody listens any more or the node stops.
    pub(super) fn run(mut self) {
        loop {
            let patience = TICK.saturating_sub(self.ticked.elapsed());
            let events = match self.listener.next(patience) {
                Heard::Event(first) => self.gather(first),
                Heard::Nothing => Vec::new(),
                Heard::End => return self.hub.registry().end(),
            };
            let questions = self.tell(&events);
            drop(events);
            if let Err(error) = self.answer(questions) {
                tracing::error!(%error, "events cannot be told of any more");
                return self.hub.registry().end();
            }
            if self.retire() {
                return;
            }
        }
    }

    /// Ends when nobody is left.
    fn retire(&self) -> bool {
        let mut registry = self.hub.registry();
        let is_alone = registry.subscription_count() == 0;
        if is_alone {
            registry.listener = None;
        }
        is_alone
    }

    /// Waits for more, so that many subscribers are not woken for each event.
    fn gather(&self, first: Event) -> Vec<Event> {
        let subscribers = &self.hub.node.event_meter().subscribers;
        let pause = Duration::from_millis(subscribers.load(Ordering::Relaxed) / SUBSCRIBERS_PER_MS);
        if !pause.is_zero() {
            std::thread::sleep(pause.min(GATHERING_MAX));
        }
        let mut events = vec![first];
        while events.len() < EVENTS_AT_ONCE
            && let Heard::Event(next) = self.listener.next(Duration::ZERO)
        {
            events.push(next);
        }
        events
    }

    /// Tells what needs no look-up.
    fn tell(&mut self, events: &[Event]) -> Questions {
        let hub = Arc::clone(&self.hub);
        let is_tick = self.ticked.elapsed() >= TICK;
        let status = is_tick.then(|| hub.node.status());
        let mut questions = Questions::default();
        let mut registry = hub.registry();
        for event in events {
            match event {
                Event::Solid(blocks) => {
                    for block in blocks {
                        self.solid(&mut registry, block, &mut questions);
                    }
                }
                Event::Confirmed(confirmation) => {
                    self.tell_live(&mut registry);
                    self.confirmed(&mut registry, confirmation, &mut questions);
                }
            }
        }
        self.tell_live(&mut registry);
        if let Some(status) = status {
            self.ticked = Instant::now();
            if status.latest.index > self.latest
                && let Some(body) = Body::summary(&status.latest)
            {
                self.latest = status.latest.index;
                registry.tell(&Topic::Latest, || &body);
            }
            let rates = LazyCell::new(|| self.live.rates(&status));
            registry.tell(&Topic::Live, || &rates);
        }
        for id in std::mem::take(&mut registry.asked) {
            self.watched.entry(id).or_insert(NO_ADVICE);
        }
        self.flush(&mut registry);
        questions
    }

    fn flush(&self, registry: &mut Registry) {
        registry.flush();
        let told_bytes = std::mem::take(&mut registry.told_bytes);
        let meter = self.hub.node.event_meter();
        meter.told_bytes.fetch_add(told_bytes, Ordering::Relaxed);
    }

    fn tell_live(&mut self, registry: &mut Registry) {
        if let Some(body) = self.live.solid() {
            registry.tell(&Topic::Live, || &body);
        }
    }

    fn solid(&mut self, registry: &mut Registry, block: &SolidBlock, questions: &mut Questions) {
        let parsed = block.parsed();
        if registry.wants(Group::Blocks) {
            let body = Body::Block(parsed.id, parsed.bytes.clone());
            for kind in kinds(parsed.block.payload.as_ref()) {
                registry.tell(&Topic::Blocks(kind), || &body);
            }
        }
        if registry.wants(Group::Milestones)
            && block.milestone_id().is_some()
            && let Some(Payload::Milestone(milestone)) = &parsed.block.payload
        {
            let body = Body::Milestone(milestone.clone());
            registry.tell(&Topic::Milestones, || &body);
        }
        if registry.wants(Group::States) && registry.has(&Topic::BlockMetadata(parsed.id)) {
            questions.states.push(parsed.id);
        }
        if registry.wants(Group::TipScores) {
            self.follow_tips(block, questions);
        }
        if registry.wants(Group::Live) {
            self.live.add(block);
        }
    }

    /// A new block is a tip, and those that it approves are tips no more.
    fn follow_tips(&mut self, block: &SolidBlock, questions: &mut Questions) {
        let parsed = block.parsed();
        let mut changed: Vec<BlockId> = parsed.block.parents.as_slice().to_vec();
        changed.retain(|parent| self.tips.remove(parent));
        if self.tips.len() < TIPS_MAX {
            self.tips.insert(parsed.id);
            changed.push(parsed.id);
        }
        let room = TIPS_AT_ONCE.saturating_sub(questions.tips.len());
        questions.tips.extend(changed.into_iter().take(room));
    }

    fn confirmed(
        &mut self,
        registry: &mut Registry,
        confirmation: &Confirmation,
        questions: &mut Questions,
    ) {
        questions.is_confirmed = true;
        let info = LazyCell::new(|| Body::confirmed(confirmation));
        registry.tell(&Topic::Confirmed, || &info);
        if confirmation.index() > self.latest {
            self.latest = confirmation.index();
            registry.tell(&Topic::Latest, || &info);
        }
        if let Some(receipt) = confirmation.milestone().receipt() {
            let body = LazyCell::new(|| Body::Receipt(Box::new(receipt.clone())));
            registry.tell(&Topic::Receipts, || &body);
        }
        if registry.wants(Group::Live) {
            let body = Live::milestone(confirmation);
            registry.tell(&Topic::Live, || &body);
        }
        if registry.wants(Group::Outputs) {
            for output in confirmation.created() {
                tell_output(registry, output, None, confirmation.index());
            }
            for (output, spend) in confirmation.consumed() {
                tell_output(registry, output, Some(*spend), confirmation.index());
            }
        }
        if registry.wants(Group::Included) {
            for output in confirmation.created() {
                let id = output.id.transaction_id();
                // Its first output stands for a transaction; receipts have no block.
                let is_first = output.id.index() == 0 && !output.block_id.is_zero();
                if is_first && registry.has(&Topic::IncludedBlock(id)) {
                    questions.included.push((id, output.block_id));
                }
            }
        }
        let ids = || confirmation.referenced().iter().map(|(id, _)| *id);
        if registry.wants(Group::Referenced) {
            questions.referenced.extend(ids());
        }
        if registry.wants(Group::States) {
            let watched = ids().filter(|id| registry.has(&Topic::BlockMetadata(*id)));
            questions.states.extend(watched);
        }
        if !registry.wants(Group::TipScores) {
            self.tips.clear();
        } else {
            for id in ids() {
                self.tips.remove(&id);
            }
        }
    }

    /// Looks up what is asked and tells it.
    fn answer(&mut self, questions: Questions) -> Result<(), StoreError> {
        let mut found = Vec::new();
        for (id, block_id) in questions.included {
            let block = known::block(&self.hub.node, &block_id);
            if let Some(body) = self.runtime.block_on(block)? {
                self.tell_found(Topic::IncludedBlock(id), body, &mut found);
            }
        }
        for id in questions.states {
            if let Some(state) = self.state(&id)? {
                self.note(id, &state);
                let body = Body::state(id, state);
                self.tell_found(Topic::BlockMetadata(id), body, &mut found);
            }
        }
        for (topic, ids) in [
            (Topic::TipScores, questions.tips),
            (Topic::Referenced, questions.referenced),
        ] {
            for id in ids {
                if let Some(state) = self.state(&id)? {
                    self.tell_found(topic.clone(), Body::state(id, state), &mut found);
                }
            }
        }
        if questions.is_confirmed {
            self.look_again(&mut found)?;
        }
        self.tell_now(&mut found);
        Ok(())
    }

    /// Tells what was found, together with what was found before when that is enough.
    fn tell_found(&self, topic: Topic, body: Body, found: &mut Vec<(Topic, Body)>) {
        found.push((topic, body));
        if found.len() >= ANSWERS_AT_ONCE {
            self.tell_now(found);
        }
    }

    fn tell_now(&self, found: &mut Vec<(Topic, Body)>) {
        let mut registry = self.hub.registry();
        for (topic, body) in found.drain(..) {
            registry.tell(&topic, || &body);
        }
        self.flush(&mut registry);
    }

    fn state(&self, id: &BlockId) -> Result<Option<BlockState>, StoreError> {
        self.runtime.block_on(self.hub.node.block_state(id))
    }

    /// Remembers what is advised for a watched block; nothing more changes once it is referenced.
    fn note(&mut self, id: BlockId, state: &BlockState) {
        if state.referenced.is_some() {
            self.watched.remove(&id);
        } else {
            self.watched.insert(id, advice(state));
        }
    }

    /// Tells of watched blocks for which something else is advised than before.
    fn look_again(&mut self, found: &mut Vec<(Topic, Body)>) -> Result<(), StoreError> {
        let hub = Arc::clone(&self.hub);
        {
            let registry = hub.registry();
            self.watched
                .retain(|id, _| registry.has(&Topic::BlockMetadata(*id)));
        }
        let next = (Bound::Excluded(self.seen), Bound::Unbounded);
        let others = self
            .watched
            .range(next)
            .chain(self.watched.range(..=self.seen));
        let some: Vec<(BlockId, Advice)> = others
            .map(|(id, advice)| (*id, *advice))
            .take(WATCHED_AT_ONCE)
            .collect();
        for (id, before) in some {
            self.seen = id;
            self.watched.remove(&id);
            let Some(state) = self.state(&id)? else {
                continue;
            };
            let now = advice(&state);
            self.note(id, &state);
            if now.0.is_some() && now != before {
                let body = Body::state(id, state);
                self.tell_found(Topic::BlockMetadata(id), body, found);
            }
        }
        Ok(())
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Nobody shall wait for what will not come.
            self.hub.registry().end();
        }
    }
}

fn advice(state: &BlockState) -> Advice {
    (state.should_promote, state.should_reattach)
}

/// The kinds that a block with this payload is of.
fn kinds(payload: Option<&Payload>) -> Vec<BlockKind> {
    let mut kinds = vec![BlockKind::All];
    match payload {
        Some(Payload::Transaction(transaction)) => {
            kinds.push(BlockKind::Transaction);
            if let Some(TaggedData { tag, .. }) = &transaction.essence.payload {
                kinds.push(BlockKind::TransactionTagged(None));
                kinds.push(BlockKind::TransactionTagged(Some(tag.clone())));
            }
        }
        Some(Payload::TaggedData(TaggedData { tag, .. })) => {
            kinds.push(BlockKind::Tagged(None));
            kinds.push(BlockKind::Tagged(Some(tag.clone())));
        }
        _ => {}
    }
    kinds
}

/// Tells of an output that was created, or spent.
fn tell_output(
    registry: &mut Registry,
    output: &Arc<LedgerOutput>,
    spend: Option<Spend>,
    ledger_index: MilestoneIndex,
) {
    let body = LazyCell::new(|| {
        Body::output(&OutputRecord {
            output: Arc::clone(output),
            spend,
            ledger_index,
        })
    });
    registry.tell(&Topic::Output(output.id), || &body);
    let change = match spend {
        None => Change::Created,
        Some(_) => Change::Spent,
    };
    let mut addresses = Vec::new();
    for (condition, address) in Condition::of(&output.output) {
        registry.tell(&Topic::Unlock(condition, address, change), || &body);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    for address in addresses {
        let anywhere = Topic::Unlock(Condition::Any, address, change);
        registry.tell(&anywhere, || &body);
    }
    let chain = match &output.output {
        Output::Alias(alias) => Some(Topic::Alias(alias.alias_id.or_from_output(&output.id))),
        Output::Nft(nft) => Some(Topic::Nft(nft.nft_id.or_from_output(&output.id))),
        Output::Foundry(foundry) => foundry.id().map(Topic::Foundry),
        Output::Basic(_) => None,
    };
    if let Some(topic) = chain.filter(|_| change == Change::Created) {
        registry.tell(&topic, || &body);
    }
}
