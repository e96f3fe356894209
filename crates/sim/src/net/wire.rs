//! What goes between nodes: connections, messages, answers from the store.

use std::sync::Arc;

use bytes::Bytes;
use tangle_crypto::blake2b;
use tangle_engine::{CheckedBlock, Input, Source};
use tangle_sync::{DropReason, PeerClass, PeerKey, Request};
use tangle_types::cone::{BLOCKS_MAX, ConeBlocks, ConeIds, ConeMessage, ConeRequest, IDS_MAX};
use tangle_types::gossip::Message;
use tangle_types::{BlockId, MilestoneIndex};

use super::breach::Breach;
use super::links::Connection;
use super::machine::WEAK_FROM_US;
use super::scenario::{Attack, Weakness};
use super::trace::{Happening, Said};
use super::world::{Event, World};

/// Mean time before a link is tried again.
const REDIAL_US: u64 = 1_500_000;
/// How long it takes to notice that a neighbour is gone which cannot say so.
const NOTICE_US: u64 = 10_000_000;
/// Bytes of a message besides a block.
const SMALL_BYTES: usize = 40;

/// What goes over a link.
#[derive(Clone, Debug)]
pub(crate) enum Letter {
    Gossip(Message),
    Cone(ConeMessage),
}

impl World<'_> {
    /// Plans the next try to connect a link.
    pub(crate) fn redial(&mut self, link: usize) {
        let wait_us = 100_000 + self.chance.wait(REDIAL_US);
        self.queue.after(wait_us, Event::Dial { link });
    }

    /// Connects a link, if both ends are there.
    pub(crate) fn on_dial(&mut self, number: usize) {
        let link = self.links.get(number);
        let is_there = |end: usize| self.machines.get(end).is_none_or(|it| it.is_awake());
        let is_possible = link.ends.into_iter().all(is_there)
            && !link.is_blocked()
            && link.banned_until_us <= self.queue.now_us();
        if !is_possible {
            self.redial(number);
            return;
        }
        let latency_us = link.latency_us();
        let Connection { serial, .. } = self.links.open(number);
        for side in 0..2 {
            let event = Event::Connected {
                link: number,
                side,
                serial,
            };
            self.queue.after(latency_us, event);
        }
    }

    /// One end learns that it is connected.
    pub(crate) fn on_connected(
        &mut self,
        number: usize,
        side: usize,
        serial: u32,
    ) -> Result<(), Breach> {
        let link = self.links.get(number);
        let (end, other) = (link.ends[side], link.ends[1 - side]);
        let Some(connection) = link.connection.filter(|it| it.serial == serial) else {
            return Ok(());
        };
        if end >= self.machines.len() {
            return Ok(());
        }
        let peer = connection.keys[side];
        let Some(process) = &mut self.machines[end].process else {
            return Ok(());
        };
        process.peers.insert(peer, number);
        self.note(end, Happening::Connects { to: other });
        let class = if other < self.machines.len() {
            PeerClass::Known
        } else {
            PeerClass::Unknown
        };
        self.step(end, Input::Connected { peer, class })?;
        if self.gives_cones(end) && self.gives_cones(other) {
            self.step(end, Input::ConesOpen(peer))?;
        }
        Ok(())
    }

    /// Whether an end speaks of cones as a whole.
    fn gives_cones(&self, end: usize) -> bool {
        if end < self.machines.len() {
            self.mischief.cone_givers >> end & 1 == 1
        } else {
            self.mischief.attacks.contains(&Attack::Cones)
        }
    }

    /// One end learns that its connection is gone.
    pub(crate) fn on_broken(&mut self, end: usize, peer: PeerKey) -> Result<(), Breach> {
        let Some(process) = self
            .machines
            .get_mut(end)
            .and_then(|it| it.process.as_mut())
        else {
            return Ok(());
        };
        let Some(link) = process.peers.remove(&peer) else {
            return Ok(());
        };
        let link = self.links.get(link);
        let from = link.ends[1 - link.side_of(end)];
        self.note(end, Happening::Disconnects { from });
        self.step(end, Input::Disconnected(peer))
    }

    /// Ends all connections of a node that is gone.
    pub(crate) fn hang_up(&mut self, end: usize) {
        for number in self.links.of(end) {
            let side = self.links.get(number).side_of(end);
            self.cut(number, Some(side));
        }
    }

    /// Ends a connection. The end `gone` learns nothing, as it did it or is not there any more.
    pub(crate) fn cut(&mut self, number: usize, gone: Option<usize>) {
        let link = self.links.get_mut(number);
        let Some(connection) = link.connection.take() else {
            return;
        };
        let wait_us = if link.is_blocked() {
            NOTICE_US
        } else {
            link.latency_us()
        };
        let ends = link.ends;
        for (side, end) in ends.into_iter().enumerate() {
            if gone != Some(side) {
                let peer = connection.keys[side];
                let event = Event::Broken {
                    end,
                    incarnation: self.incarnation(end),
                    peer,
                };
                self.queue.after(wait_us, event);
            }
        }
        self.redial(number);
    }

    /// A node sends a neighbour away.
    pub(crate) fn drop_peer(
        &mut self,
        node: usize,
        peer: PeerKey,
        reason: DropReason,
        ban_ms: Option<u64>,
    ) -> Result<(), Breach> {
        let Some(number) = self.link_of(node, peer) else {
            return Ok(());
        };
        let link = self.links.get(number);
        let side = link.side_of(node);
        let other = link.ends[1 - side];
        self.note(node, Happening::Drops { peer: other });
        self.counts.drops += 1;
        if other < self.machines.len() {
            // An adversary comes back under another name.
            let until_us = self.queue.now_us() + ban_ms.unwrap_or(0) * 1_000;
            self.links.get_mut(number).banned_until_us = until_us;
            if matches!(reason, DropReason::Offence(_)) {
                let (peer, reason) = (other, reason.to_string());
                return Err(Breach::HonestBanned { node, peer, reason });
            }
        }
        self.cut(number, Some(side));
        let incarnation = self.incarnation(node);
        let end = node;
        let event = Event::Broken {
            end,
            incarnation,
            peer,
        };
        self.queue.after(0, event);
        Ok(())
    }

    /// Sends a message to one neighbour.
    pub(crate) fn say(&mut self, node: usize, peer: PeerKey, message: &Message) {
        if let Some(link) = self.link_of(node, peer) {
            self.send(link, node, message);
        }
    }

    /// Sends a block to all neighbours but one.
    pub(crate) fn spread(
        &mut self,
        node: usize,
        block: &Arc<CheckedBlock>,
        except: Option<PeerKey>,
    ) {
        let Some(process) = &self.machines[node].process else {
            return;
        };
        let peers = process.peers.iter();
        let links: Vec<usize> = peers
            .filter(|(peer, _)| Some(**peer) != except)
            .map(|(_, link)| *link)
            .collect();
        let message = Message::Block(block.parsed().bytes.clone());
        for link in links {
            self.send(link, node, &message);
        }
    }

    /// Answers a request from the disk.
    pub(crate) fn serve(&mut self, node: usize, peer: PeerKey, request: Request) {
        let bytes: Option<Bytes> = {
            let disk = self.machines[node].disk.borrow();
            let id = match request {
                Request::Block(id) => Some(id),
                Request::Milestone(index) => disk.milestone(index).map(|it| it.block_id),
            };
            let block = id.and_then(|id| disk.block(&id));
            block.map(|block| block.parsed().bytes.clone())
        };
        if let Some(bytes) = bytes {
            self.say(node, peer, &Message::Block(bytes));
        }
    }

    /// Asks a neighbour for a part of a cone.
    pub(crate) fn ask_cone(&mut self, node: usize, peer: PeerKey, request: ConeRequest) {
        if let Some(link) = self.link_of(node, peer) {
            self.send_cone(link, node, ConeMessage::Request(request));
        }
    }

    /// Answers with a part of a cone from the disk.
    pub(crate) fn serve_cone(&mut self, node: usize, peer: PeerKey, request: ConeRequest) {
        let Some(link) = self.link_of(node, peer) else {
            return;
        };
        let answer = self.part_of_cone(node, request);
        self.send_cone(link, node, answer);
    }

    /// A part of a cone as a node's disk has it.
    pub(crate) fn part_of_cone(&self, node: usize, request: ConeRequest) -> ConeMessage {
        let disk = self.machines[node].disk.borrow();
        let part = |index: MilestoneIndex, start: u32, count: usize| {
            let cone = disk.cone(index).iter().skip(start as usize);
            cone.take(count).copied().collect::<Vec<BlockId>>()
        };
        match request {
            ConeRequest::Ids { index, start } => ConeMessage::Ids(ConeIds {
                index,
                start,
                total: u32::try_from(disk.cone(index).len()).unwrap_or(u32::MAX),
                ids: part(index, start, IDS_MAX),
            }),
            ConeRequest::Blocks {
                index,
                start,
                count,
            } => {
                let ids = part(index, start, usize::from(count).min(BLOCKS_MAX));
                let blocks = ids.iter().map_while(|id| disk.block(id));
                ConeMessage::Blocks(ConeBlocks {
                    index,
                    start,
                    blocks: blocks.map(|it| it.parsed().bytes.clone()).collect(),
                })
            }
        }
    }

    /// Puts a message on a link; without a connection it goes nowhere.
    pub(crate) fn send(&mut self, number: usize, from: usize, message: &Message) {
        let size_bytes = match message {
            Message::Block(bytes) => bytes.len(),
            _ => SMALL_BYTES,
        };
        self.post(number, from, size_bytes, Letter::Gossip(message.clone()));
    }

    /// The same with a message about a cone.
    pub(crate) fn send_cone(&mut self, number: usize, from: usize, message: ConeMessage) {
        self.post(number, from, message.size_bytes(), Letter::Cone(message));
    }

    fn post(&mut self, number: usize, from: usize, size_bytes: usize, message: Letter) {
        let now_us = self.queue.now_us();
        let link = self.links.get(number);
        let side = link.side_of(from);
        let Some(Connection { serial, .. }) = link.connection else {
            return;
        };
        self.counts.messages += 1;
        self.counts.bytes += size_bytes as u64;
        for arrival_us in self.links.send(number, side, size_bytes, now_us) {
            let event = Event::Deliver {
                link: number,
                side,
                serial,
                message: message.clone(),
            };
            self.queue.at(arrival_us, event);
        }
    }

    /// A message from `ends[side]` arrives.
    pub(crate) fn on_deliver(
        &mut self,
        number: usize,
        side: usize,
        serial: u32,
        message: Letter,
    ) -> Result<(), Breach> {
        let link = self.links.get_mut(number);
        let (from, to) = (link.ends[side], link.ends[1 - side]);
        let Some(connection) = link.connection.filter(|it| it.serial == serial) else {
            return Ok(());
        };
        link.arrived(side);
        if to >= self.machines.len() {
            match message {
                Letter::Gossip(message) => self.adversary_hears(to, number, &message),
                Letter::Cone(message) => self.adversary_hears_of_cone(to, number, &message),
            }
            return Ok(());
        }
        let is_deaf = self.has_weakness(to, Weakness::Deaf) && self.queue.now_us() > WEAK_FROM_US;
        let peer = connection.keys[1 - side];
        if is_deaf || self.link_of(to, peer).is_none() {
            return Ok(());
        }
        match message {
            Letter::Gossip(message) => self.on_gossip(to, (from, peer), message),
            Letter::Cone(message) => self.on_cone(to, (from, peer), message),
        }
    }

    fn on_gossip(
        &mut self,
        to: usize,
        (from, peer): (usize, PeerKey),
        message: Message,
    ) -> Result<(), Breach> {
        let id = match &message {
            Message::Block(bytes) => BlockId(blake2b::hash(bytes)),
            _ => BlockId::ZERO,
        };
        let what = Said::new(&message, id);
        self.note(to, Happening::Hears { from, what });
        let input = match message {
            Message::Block(bytes) => self.received(peer, id, bytes),
            message => Input::Heard(peer, message),
        };
        self.step(to, input)
    }

    fn on_cone(
        &mut self,
        to: usize,
        (from, peer): (usize, PeerKey),
        message: ConeMessage,
    ) -> Result<(), Breach> {
        let what = Said::of_cone(&message);
        self.note(to, Happening::Hears { from, what });
        match message {
            ConeMessage::Request(request) => self.step(to, Input::ConeRequest(peer, request)),
            ConeMessage::Ids(ids) => self.step(to, Input::ConeIds(peer, ids)),
            ConeMessage::Blocks(cone) => {
                let came = Input::ConeBlocks {
                    peer,
                    index: cone.index,
                    start: cone.start,
                    count: cone.blocks.len(),
                };
                self.step(to, came)?;
                for bytes in cone.blocks {
                    let id = BlockId(blake2b::hash(&bytes));
                    let input = self.received(peer, id, bytes);
                    self.step(to, input)?;
                }
                Ok(())
            }
        }
    }

    /// What a block becomes when it was checked.
    fn received(&mut self, peer: PeerKey, id: BlockId, bytes: Bytes) -> Input {
        match self.blocks.check_as(id, bytes) {
            Ok(block) => Input::Block(block, Source::Peer(peer)),
            Err(offence) => Input::Misbehaved(peer, offence),
        }
    }

    /// The link to a neighbour.
    fn link_of(&self, node: usize, peer: PeerKey) -> Option<usize> {
        let process = self.machines.get(node)?.process.as_ref()?;
        process.peers.get(&peer).copied()
    }
}
