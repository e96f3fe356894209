//! Hears what neighbours say: blocks go to be checked, the rest to the engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use crossbeam_channel::Sender;
use tangle_crypto::blake2b;
use tangle_engine::Input;
use tangle_sync::PeerKey;
use tangle_types::BlockId;
use tangle_types::cone::ConeMessage;
use tangle_types::gossip::Message as Said;

use super::seen::Novelty;
use super::{Gossip, Transport, TransportEvent, TransportEvents};
use crate::driver::{Message, now};
use crate::intake::Intake;

/// Events that are read together.
const EVENTS_AT_ONCE: usize = 256;

/// The reading end of all neighbours.
pub(crate) struct Ear {
    gossip: Arc<Gossip>,
    intake: Intake,
    engine: Sender<Message>,
}

impl Ear {
    /// An ear for the neighbours behind `transport`; `None` when there is one already.
    pub(crate) fn new(
        gossip: &Arc<Gossip>,
        transport: Arc<dyn Transport>,
        intake: &Intake,
        engine: &Sender<Message>,
    ) -> Option<Self> {
        gossip.transport.set(transport).ok()?;
        Some(Self {
            gossip: Arc::clone(gossip),
            intake: intake.clone(),
            engine: engine.clone(),
        })
    }

    /// Listens until there is nothing more to hear, or nobody to tell it to.
    pub(crate) fn listen(self, mut events: impl TransportEvents) {
        let mut heard = Vec::with_capacity(EVENTS_AT_ONCE);
        while events.read(&mut heard, EVENTS_AT_ONCE) {
            if !self.pass_on(&mut heard) {
                return;
            }
        }
    }

    /// Passes on what was heard. `false` when the node stops.
    fn pass_on(&self, heard: &mut Vec<TransportEvent>) -> bool {
        let mut inputs = Vec::new();
        let mut blocks: Vec<(PeerKey, Vec<Bytes>)> = Vec::new();
        let mut repeated: BTreeMap<PeerKey, u64> = BTreeMap::new();
        for event in heard.drain(..) {
            match event {
                TransportEvent::Message(peer, Said::Block(block)) => {
                    match self.novelty(peer, &block) {
                        Novelty::New => {}
                        Novelty::Known => continue,
                        Novelty::Repeated => {
                            *repeated.entry(peer).or_default() += 1;
                            continue;
                        }
                    }
                    match blocks.last_mut() {
                        Some((last, parcel)) if *last == peer => parcel.push(block),
                        _ => blocks.push((peer, vec![block])),
                    }
                }
                TransportEvent::ConesOpen(peer) => inputs.push(Input::ConesOpen(peer)),
                TransportEvent::Cone(peer, said) => match said {
                    ConeMessage::Request(request) => {
                        inputs.push(Input::ConeRequest(peer, request));
                    }
                    ConeMessage::Ids(ids) => inputs.push(Input::ConeIds(peer, ids)),
                    // They were asked for, so whether they came before does not matter.
                    ConeMessage::Blocks(cone) => {
                        inputs.push(Input::ConeBlocks {
                            peer,
                            index: cone.index,
                            start: cone.start,
                            count: cone.blocks.len(),
                        });
                        if !cone.blocks.is_empty() {
                            blocks.push((peer, cone.blocks));
                        }
                    }
                },
                TransportEvent::Message(peer, said) => inputs.push(Input::Heard(peer, said)),
                TransportEvent::Connected(peer, class) => {
                    inputs.push(Input::Connected { peer, class });
                }
                TransportEvent::Disconnected(peer) => {
                    let mut seen = self.gossip.seen.lock().expect("no holder panics");
                    seen.leave(peer);
                    drop(seen);
                    inputs.push(Input::Disconnected(peer));
                }
            }
        }
        let repeated = repeated.into_iter();
        inputs.extend(repeated.map(|(peer, count)| Input::Wasted(peer, count)));
        if !inputs.is_empty() && self.engine.send(Message::Neighbours(inputs)).is_err() {
            return false;
        }
        let mut blocks = blocks.into_iter();
        blocks.all(|(peer, parcel)| self.intake.hand_in_from(peer, parcel))
    }

    fn novelty(&self, peer: PeerKey, block: &Bytes) -> Novelty {
        let id = BlockId(blake2b::hash(block));
        let mut seen = self.gossip.seen.lock().expect("no holder panics");
        let novelty = seen.note(now(), id, Some(peer));
        if novelty != Novelty::New {
            self.gossip.duplicate_count.fetch_add(1, Ordering::Relaxed);
        }
        novelty
    }
}
