//! Answers neighbours' requests from the store, on a thread of its own, each neighbour in turn.
//!
//! A part of a cone is read only for who takes what it is sent: as long as a neighbour's queue has
//! no room for an answer, its requests for parts are refused.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use bytes::Bytes;
use crossbeam_channel::Sender;
use tangle_engine::Input;
use tangle_storage::{ConePlaces, Reader, StoreError};
use tangle_sync::{PeerKey, Request};
use tangle_types::cone::{
    BLOCKS_MAX, BLOCKS_SIZE_BYTES, ConeBlocks, ConeIds, ConeMessage, ConeRequest, IDS_MAX,
};
use tangle_types::gossip::Message;
use tangle_types::{Codec, MilestoneIndex};

use super::Gossip;
use crate::driver::Message as Told;

/// Requests of one neighbour that may wait; further ones are refused, and asked again later.
const REQUESTS_MAX: usize = 2_048;
/// Requests of one neighbour that are answered before it is the next one's turn.
const TURN_REQUESTS: usize = 64;

/// Cones of which it is remembered where their blocks lie. Neighbours ask for parts of the same
/// ones.
const PLACES_MAX: usize = 4;

/// What a neighbour asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Query {
    /// A block.
    One(Request),
    /// A part of a cone.
    Cone(ConeRequest),
}

impl Query {
    /// What it takes of a turn.
    const fn cost(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Cone(_) => TURN_REQUESTS / 2,
        }
    }
}

/// What waits to be answered.
#[derive(Debug, Default)]
pub(crate) struct Server {
    // Guards the queues; held to add a request or to take a turn's worth.
    queues: Mutex<Queues>,
    is_ready: Condvar,
    refused_count: AtomicU64,
    served_count: AtomicU64,
}

#[derive(Debug, Default)]
struct Queues {
    by_peer: BTreeMap<PeerKey, VecDeque<Query>>,
    turns: VecDeque<PeerKey>,
    is_closed: bool,
}

impl Server {
    /// Takes a request in.
    pub(crate) fn push(&self, peer: PeerKey, query: Query) {
        let mut queues = self.queues.lock().expect("no holder panics");
        if queues.push(peer, query) {
            drop(queues);
            self.is_ready.notify_one();
        } else {
            self.refused_count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends the thread.
    pub(crate) fn close(&self) {
        self.queues.lock().expect("no holder panics").is_closed = true;
        self.is_ready.notify_one();
    }

    pub(crate) fn refused_count(&self) -> u64 {
        self.refused_count.load(Ordering::Relaxed)
    }

    pub(crate) fn served_count(&self) -> u64 {
        self.served_count.load(Ordering::Relaxed)
    }

    /// Waits for somebody's turn; `None` at the end.
    fn take(&self) -> Option<(PeerKey, Vec<Query>)> {
        let mut queues = self.queues.lock().expect("no holder panics");
        loop {
            if queues.is_closed {
                return None;
            }
            if let Some(turn) = queues.take() {
                return Some(turn);
            }
            queues = self.is_ready.wait(queues).expect("no holder panics");
        }
    }
}

impl Queues {
    fn push(&mut self, peer: PeerKey, query: Query) -> bool {
        let queue = self.by_peer.entry(peer).or_default();
        if queue.len() >= REQUESTS_MAX {
            return false;
        }
        if queue.is_empty() {
            self.turns.push_back(peer);
        }
        queue.push_back(query);
        true
    }

    fn take(&mut self) -> Option<(PeerKey, Vec<Query>)> {
        let peer = self.turns.pop_front()?;
        let queue = self.by_peer.get_mut(&peer)?;
        let mut left = TURN_REQUESTS;
        let mut turn = Vec::new();
        while let Some(query) = queue.front()
            && query.cost() <= left
        {
            left -= query.cost();
            turn.extend(queue.pop_front());
        }
        if queue.is_empty() {
            self.by_peer.remove(&peer);
        } else {
            self.turns.push_back(peer);
        }
        Some((peer, turn))
    }
}

/// Answers until the server is closed. The engine is told how much was asked for in vain.
pub(crate) fn serve(
    gossip: &Arc<Gossip>,
    reader: &Reader,
    engine: &Sender<Told>,
) -> Result<(), StoreError> {
    let server = &gossip.server;
    let mut cones = ConeReader {
        reader,
        places: VecDeque::new(),
    };
    while let Some((peer, queries)) = server.take() {
        let Some(transport) = gossip.transport.get() else {
            continue;
        };
        let mut vain_count = 0;
        for query in queries {
            match query {
                Query::One(request) => {
                    let Some(block) = look_up(reader, request)? else {
                        vain_count += 1;
                        continue;
                    };
                    gossip.send(transport.as_ref(), peer, Message::Block(block));
                }
                Query::Cone(_) if !transport.has_cone_room(peer) => {
                    server.refused_count.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                Query::Cone(request) => {
                    gossip.count(transport.send_cone(peer, cones.answer(request)?));
                }
            }
            server.served_count.fetch_add(1, Ordering::Relaxed);
        }
        if vain_count > 0 {
            // Fails only when the engine has ended, and then the server is closed soon.
            let _ = engine.send(Told::Neighbours(vec![Input::Wasted(peer, vain_count)]));
        }
    }
    Ok(())
}

/// Reads parts of cones.
struct ConeReader<'a> {
    reader: &'a Reader,
    /// Of the cones that were asked for last, the newest first; at most [`PLACES_MAX`].
    places: VecDeque<ConePlaces>,
}

impl ConeReader<'_> {
    fn answer(&mut self, request: ConeRequest) -> Result<ConeMessage, StoreError> {
        let reader = self.reader;
        let places = self.find(request.index())?;
        Ok(match request {
            ConeRequest::Ids { index, start } => {
                let ids = match places {
                    Some(places) => reader.cone_ids(places, start as usize, IDS_MAX)?,
                    None => Vec::new(),
                };
                let total = places.map_or(0, ConePlaces::count);
                ConeMessage::Ids(ConeIds {
                    index,
                    start,
                    total: u32::try_from(total).unwrap_or(u32::MAX),
                    ids,
                })
            }
            ConeRequest::Blocks {
                index,
                start,
                count,
            } => {
                let count = usize::from(count).min(BLOCKS_MAX);
                let mut blocks = match places {
                    Some(places) => reader.cone_blocks(places, start as usize, count)?,
                    None => Vec::new(),
                };
                let mut size_bytes = 0;
                let fitting = blocks.iter().take_while(|block| {
                    let has_room = size_bytes < BLOCKS_SIZE_BYTES;
                    size_bytes += block.len();
                    has_room
                });
                blocks.truncate(fitting.count());
                ConeMessage::Blocks(ConeBlocks {
                    index,
                    start,
                    blocks,
                })
            }
        })
    }

    /// Where a cone is stored. What was pruned meanwhile is not found there.
    fn find(&mut self, index: MilestoneIndex) -> Result<Option<&ConePlaces>, StoreError> {
        let is_it = |places: &ConePlaces| places.index() == index;
        if let Some(position) = self.places.iter().position(is_it) {
            return Ok(self.places.get(position));
        }
        let Some(places) = self.reader.cone_places(index)? else {
            return Ok(None);
        };
        self.places.truncate(PLACES_MAX - 1);
        self.places.push_front(places);
        Ok(self.places.front())
    }
}

fn look_up(reader: &Reader, request: Request) -> Result<Option<Bytes>, StoreError> {
    match request {
        Request::Block(id) => reader.block(&id),
        // A milestone's block follows from the milestone.
        Request::Milestone(index) => Ok(reader
            .milestone(index)?
            .map(|stored| Bytes::from(stored.milestone.to_block().to_bytes()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tangle_types::BlockId;

    #[test]
    fn neighbours_are_answered_in_turn_however_much_one_asks() {
        let mut queues = Queues::default();
        let query = Query::One(Request::Block(BlockId::ZERO));
        let ask = |queues: &mut Queues, peer| queues.push(PeerKey(peer), query);
        let taken = (0..5_000).filter(|_| ask(&mut queues, 1)).count();
        assert_eq!(taken, REQUESTS_MAX);
        assert!(ask(&mut queues, 2));
        assert!(ask(&mut queues, 3));
        let turns: Vec<_> = std::iter::from_fn(|| queues.take())
            .take(4)
            .map(|(peer, requests)| (peer.0, requests.len()))
            .collect();
        assert_eq!(turns, [(1, 64), (2, 1), (3, 1), (1, 64)]);

        // Parts of cones are more work.
        let index = MilestoneIndex(1);
        let part = Query::Cone(ConeRequest::Ids { index, start: 0 });
        let mut queues = Queues::default();
        for _ in 0..5 {
            assert!(queues.push(PeerKey(1), part));
        }
        let turns = std::iter::from_fn(|| queues.take()).map(|(_, queries)| queries.len());
        assert_eq!(turns.collect::<Vec<_>>(), [2, 2, 1]);
    }
}
