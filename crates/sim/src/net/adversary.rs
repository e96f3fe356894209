//! Those who mean harm: neighbours of some nodes that say whatever they like.
//!
//! An adversary keeps no state that an honest node would need; it remembers some of what it heard,
//! and makes from it what honest nodes do not want.

use std::collections::VecDeque;

use bytes::Bytes;
use tangle_types::cone::{ConeMessage, ConeRequest};
use tangle_types::gossip::{Heartbeat, Message};
use tangle_types::{
    Block, BlockId, Codec, Milestone, MilestoneIndex, PARENTS_MAX, Parents, Payload,
};

use super::breach::Breach;
use super::scenario::Attack;
use super::trace::Happening;
use super::world::{Event, World};
use crate::chance::Chance;

/// Blocks that an adversary remembers.
const KNOWN_COUNT_MAX: usize = 64;
/// Milestones that it remembers.
const MILESTONE_COUNT_MAX: usize = 16;
/// Blocks that it keeps back.
const WITHHELD_COUNT_MAX: usize = 64;
/// Blocks of a chain. Whoever has fallen behind asks for a chain block by block, a round trip for
/// each, so while chains grow faster than that nobody can catch up. That is how the protocol is;
/// no more chains come after healing.
const CHAIN_MIN: u64 = 4;
const CHAIN_MAX: u64 = 16;
/// Mean time between two attacks.
const ATTACK_US: u64 = 700_000;

/// One of them.
#[derive(Debug)]
pub(crate) struct Adversary {
    /// Its number among the ends of links.
    pub(crate) end: usize,
    attacks: Vec<Attack>,
    known: VecDeque<Bytes>,
    tips: VecDeque<BlockId>,
    milestones: VecDeque<Milestone>,
    withheld: VecDeque<Bytes>,
    chance: Chance,
}

impl Adversary {
    pub(crate) fn new(end: usize, attacks: Vec<Attack>, chance: Chance) -> Self {
        Self {
            end,
            attacks,
            known: VecDeque::new(),
            tips: VecDeque::from([BlockId::ZERO]),
            milestones: VecDeque::new(),
            withheld: VecDeque::new(),
            chance,
        }
    }

    fn remember(&mut self, bytes: &Bytes, id: BlockId, milestone: Option<&Milestone>) {
        push(&mut self.known, bytes.clone(), KNOWN_COUNT_MAX);
        push(&mut self.tips, id, KNOWN_COUNT_MAX);
        if let Some(milestone) = milestone {
            push(&mut self.milestones, milestone.clone(), MILESTONE_COUNT_MAX);
        }
    }

    /// A block that it heard of, preferably of late.
    fn tip(&mut self) -> BlockId {
        let back = self.chance.index(self.tips.len().min(6));
        self.tips[self.tips.len() - 1 - back]
    }

    fn parents(&mut self) -> Vec<BlockId> {
        let count = 1 + self.chance.index(3);
        (0..count).map(|_| self.tip()).collect()
    }
}

fn push<T>(queue: &mut VecDeque<T>, item: T, count_max: usize) {
    if queue.len() == count_max {
        queue.pop_front();
    }
    queue.push_back(item);
}

impl World<'_> {
    /// An adversary was told something; it answers some requests, when it likes.
    pub(crate) fn adversary_hears(&mut self, end: usize, link: usize, message: &Message) {
        let number = end - self.machines.len();
        match message {
            Message::Block(bytes) => {
                let Ok(block) = self.blocks.check(bytes.clone()) else {
                    return;
                };
                let milestone = match &block.parsed().block.payload {
                    Some(Payload::Milestone(milestone)) => Some(&**milestone),
                    _ => None,
                };
                self.adversaries[number].remember(bytes, block.id(), milestone);
            }
            Message::BlockRequest(id) => {
                let Some(block) = self.blocks.find(id) else {
                    return;
                };
                let bytes = block.parsed().bytes.clone();
                let adversary = &mut self.adversaries[number];
                let is_kept_back = adversary.withheld.contains(&bytes);
                if adversary.chance.hits(if is_kept_back { 100 } else { 600 }) {
                    self.send(link, end, &Message::Block(bytes));
                }
            }
            Message::MilestoneRequest(_) | Message::Heartbeat(_) => {}
        }
    }

    /// An adversary was asked for a part of a cone, as it says that it has them; what it gives is
    /// false more often than not.
    pub(crate) fn adversary_hears_of_cone(
        &mut self,
        end: usize,
        link: usize,
        message: &ConeMessage,
    ) {
        let ConeMessage::Request(request) = message else {
            return;
        };
        let mut answer = self.part_of_cone(0, *request);
        let adversary = &mut self.adversaries[end - self.machines.len()];
        let tip = adversary.tip();
        let known = adversary.known.back().cloned();
        let chance = &mut adversary.chance;
        match &mut answer {
            ConeMessage::Request(_) => {}
            ConeMessage::Ids(part) => match chance.below(7) {
                0 => return,
                1 => part.ids.clear(),
                2 => part.total = part.total.wrapping_add(1),
                3 => part.ids.reverse(),
                4 => part.ids.push(tip),
                _ => {}
            },
            ConeMessage::Blocks(part) => match chance.below(8) {
                0 => return,
                1 => part.blocks.clear(),
                2 => part.blocks.truncate(part.blocks.len() / 2),
                3 => part.blocks.extend(known),
                4 => {
                    if let (Some(block), Some(known)) = (part.blocks.first_mut(), known) {
                        *block = known;
                    }
                }
                5 => part.start += 1,
                _ => {}
            },
        }
        self.send_cone(link, end, answer);
    }

    /// An adversary does something.
    pub(crate) fn on_adversary(&mut self, number: usize) -> Result<(), Breach> {
        let adversary = &mut self.adversaries[number];
        let wait_us = adversary.chance.wait(ATTACK_US);
        let end = adversary.end;
        self.queue.after(wait_us, Event::Adversary(number));
        let links = self.links.of(end);
        if links.is_empty() {
            return Ok(());
        }
        let adversary = &mut self.adversaries[number];
        let attack = *adversary.chance.pick(&adversary.attacks);
        let link = *adversary.chance.pick(&links);
        let other = *adversary.chance.pick(&links);
        if attack == Attack::Deep && self.is_healed {
            return Ok(());
        }
        self.note(end, Happening::Attacks { how: attack.name() });
        self.counts.attacks += 1;
        match attack {
            Attack::Invalid => self.send_invalid(number, link),
            Attack::Withhold => self.withhold(number, link),
            Attack::Conflict => self.conflict(number, link, other),
            Attack::Wide => self.widen(number, link),
            Attack::Deep => self.deepen(number, link),
            Attack::Lazy => self.be_lazy(number, link),
            Attack::Lie => self.lie(number, link),
            Attack::Flood => self.flood(number, link),
            Attack::Milestone => self.abuse_milestones(number, link),
            Attack::Cones => self.tempt(number, link),
        }
        Ok(())
    }

    fn shout(&mut self, number: usize, link: usize, bytes: Bytes) {
        let end = self.adversaries[number].end;
        self.send(link, end, &Message::Block(bytes));
    }

    fn send_invalid(&mut self, number: usize, link: usize) {
        let adversary = &mut self.adversaries[number];
        let chance = &mut adversary.chance;
        let known = adversary.known.back().cloned();
        let bytes = match (chance.below(3), known) {
            (0, Some(known)) => {
                let mut changed = known.to_vec();
                let at = chance.index(changed.len());
                changed[at] ^= 1 << chance.below(8);
                changed
            }
            (1, Some(known)) => known[..46.min(known.len())].to_vec(),
            _ => (0..20).flat_map(|_| chance.bytes::<8>()).collect(),
        };
        self.shout(number, link, Bytes::from(bytes));
    }

    fn withhold(&mut self, number: usize, link: usize) {
        let parents = self.adversaries[number].parents();
        let kept = self.blocks.data(&parents);
        let mut below = kept.id();
        for _ in 0..1 + self.adversaries[number].chance.index(6) {
            let child = self.blocks.data(&[below]);
            below = child.id();
            self.shout(number, link, child.parsed().bytes.clone());
        }
        let adversary = &mut self.adversaries[number];
        let bytes = kept.parsed().bytes.clone();
        push(&mut adversary.withheld, bytes, WITHHELD_COUNT_MAX);
        if adversary.chance.hits(300)
            && let Some(released) = adversary.withheld.pop_front()
        {
            self.shout(number, link, released);
        }
    }

    fn conflict(&mut self, number: usize, link: usize, other: usize) {
        let first = self.clients.spending();
        let mut second = first;
        second.payees.rotate_left(1);
        second.amount = first.coin.amount;
        second.is_forged = self.adversaries[number].chance.hits(200);
        for (link, spending) in [(link, first), (other, second)] {
            let (payload, coins) = self.blocks.spend(&spending);
            self.clients.receive(coins);
            let parents = self.adversaries[number].parents();
            let block = self.blocks.block(&parents, Some(payload));
            self.shout(number, link, block.parsed().bytes.clone());
        }
    }

    fn widen(&mut self, number: usize, link: usize) {
        let parents = self.adversaries[number].parents();
        for _ in 0..self.adversaries[number].chance.between(10, 60) {
            let block = self.blocks.data(&parents);
            self.shout(number, link, block.parsed().bytes.clone());
        }
    }

    fn deepen(&mut self, number: usize, link: usize) {
        let mut below = self.adversaries[number].tip();
        let mut chain = Vec::new();
        for _ in 0..self.adversaries[number]
            .chance
            .between(CHAIN_MIN, CHAIN_MAX)
        {
            let block = self.blocks.data(&[below]);
            below = block.id();
            chain.push(block.parsed().bytes.clone());
        }
        if self.adversaries[number].chance.hits(700) {
            chain.reverse();
        }
        for bytes in chain {
            self.shout(number, link, bytes);
        }
    }

    fn be_lazy(&mut self, number: usize, link: usize) {
        let adversary = &mut self.adversaries[number];
        let oldest = adversary.milestones.front();
        let oldest = oldest.map_or(BlockId::ZERO, |milestone| milestone.parents.as_slice()[0]);
        let parents = match adversary.chance.below(3) {
            0 => vec![BlockId::ZERO],
            1 => vec![oldest],
            _ => vec![oldest, adversary.tip()],
        };
        let block = self.blocks.data(&parents);
        let bytes = block.parsed().bytes.clone();
        self.adversaries[number].remember(&bytes, block.id(), None);
        self.shout(number, link, bytes);
    }

    fn lie(&mut self, number: usize, link: usize) {
        let newest = self.judge.newest();
        let adversary = &mut self.adversaries[number];
        let chance = &mut adversary.chance;
        let far = MilestoneIndex(newest.0 + 1 + u32::try_from(chance.below(400)).unwrap_or(0));
        let claims = [newest, far, MilestoneIndex(u32::MAX), MilestoneIndex(0)];
        let heartbeat = Heartbeat {
            solid_index: *chance.pick(&claims),
            pruned_index: *chance.pick(&claims),
            latest_index: *chance.pick(&claims),
            connected_peers: u8::MAX,
            synced_peers: u8::MAX,
        };
        let end = adversary.end;
        self.send(link, end, &Message::Heartbeat(heartbeat));
    }

    fn flood(&mut self, number: usize, link: usize) {
        let adversary = &mut self.adversaries[number];
        let end = adversary.end;
        for _ in 0..adversary.chance.between(50, 400) {
            let adversary = &mut self.adversaries[number];
            let index = u32::try_from(adversary.chance.below(60)).unwrap_or(0);
            let message = match adversary.chance.below(4) {
                0 => Message::MilestoneRequest(None),
                1 => Message::MilestoneRequest(Some(MilestoneIndex(index))),
                2 => Message::BlockRequest(adversary.tip()),
                _ => Message::BlockRequest(BlockId(adversary.chance.bytes())),
            };
            self.send(link, end, &message);
        }
    }

    /// Says that it has everything, so that it is asked for cones, and asks for some itself.
    fn tempt(&mut self, number: usize, link: usize) {
        let newest = self.judge.newest();
        let adversary = &mut self.adversaries[number];
        let end = adversary.end;
        let heartbeat = Heartbeat {
            solid_index: newest,
            pruned_index: MilestoneIndex(0),
            latest_index: newest,
            connected_peers: 1,
            synced_peers: 1,
        };
        self.send(link, end, &Message::Heartbeat(heartbeat));
        for _ in 0..self.adversaries[number].chance.between(0, 40) {
            let chance = &mut self.adversaries[number].chance;
            let index = MilestoneIndex(u32::try_from(chance.below(60)).unwrap_or(0));
            let start = u32::try_from(chance.below(10)).unwrap_or(0);
            let request = match chance.below(2) {
                0 => ConeRequest::Ids { index, start },
                _ => ConeRequest::Blocks {
                    index,
                    start,
                    count: 256,
                },
            };
            self.send_cone(link, end, ConeMessage::Request(request));
        }
    }

    fn abuse_milestones(&mut self, number: usize, link: usize) {
        let adversary = &mut self.adversaries[number];
        if adversary.milestones.is_empty() {
            return;
        }
        let position = adversary.chance.index(adversary.milestones.len());
        let mut milestone = adversary.milestones[position].clone();
        let mut nonce = 0;
        match adversary.chance.below(5) {
            // A valid one still: two signatures suffice.
            0 => {
                let left_out = adversary.chance.index(milestone.signatures.len());
                milestone.signatures.remove(left_out);
            }
            1 => milestone.index = MilestoneIndex(milestone.index.0 + 1_000),
            2 => milestone.signatures.truncate(1),
            3 => nonce = 1,
            // As it is, again.
            _ => {}
        }
        let block = Block {
            nonce,
            ..milestone.to_block()
        };
        let bytes = Bytes::from(block.to_bytes());
        // Sometimes somebody builds on it.
        let id = BlockId(tangle_crypto::blake2b::hash(&bytes));
        self.shout(number, link, bytes);
        let adversary = &mut self.adversaries[number];
        if adversary.chance.hits(500) {
            let mut parents = adversary.parents();
            parents.push(id);
            parents.truncate(PARENTS_MAX);
            if Parents::new(parents.clone()).is_some() {
                let child = self.blocks.data(&parents);
                self.shout(number, link, child.parsed().bytes.clone());
            }
        }
    }
}
