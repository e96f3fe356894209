//! Wires between the nodes of one process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tangle_node::{Node, Transport, TransportEvent, TransportEvents};
use tangle_sync::{PeerClass, PeerKey};
use tangle_types::cone::ConeMessage;
use tangle_types::gossip::Message;

/// Messages that may wait for a node.
const MESSAGES_MAX: usize = 10_000;

/// The wires; a node has a number, and is `PeerKey(number)` for all others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wires(Arc<Mutex<Board>>);

#[derive(Debug, Default)]
struct Board {
    ears: BTreeMap<u32, Sender<TransportEvent>>,
    links: Vec<(u32, u32)>,
    bans: Vec<(u32, u32, Option<Duration>)>,
}

#[derive(Debug)]
struct End {
    wires: Wires,
    number: u32,
}

struct Events(Receiver<TransportEvent>);

impl Wires {
    /// Wires a node up.
    pub(crate) fn join(&self, node: &mut Node, number: u32) {
        let (ear, events) = bounded(MESSAGES_MAX);
        self.0.lock().expect("no panic").ears.insert(number, ear);
        let end = End {
            wires: self.clone(),
            number,
        };
        node.join(Arc::new(end), Events(events)).expect("it joins");
    }

    pub(crate) fn connect(&self, a: u32, b: u32) {
        let mut board = self.0.lock().expect("no panic");
        for (from, to) in [(a, b), (b, a)] {
            board.links.push((from, to));
            let event = TransportEvent::Connected(PeerKey(to), PeerClass::Known);
            board.ears[&from].send(event).expect("it listens");
        }
    }

    pub(crate) fn disconnect(&self, a: u32, b: u32) {
        let mut board = self.0.lock().expect("no panic");
        for (from, to) in [(a, b), (b, a)] {
            board.links.retain(|link| *link != (from, to));
            let event = TransportEvent::Disconnected(PeerKey(to));
            board.ears[&from].send(event).expect("it listens");
        }
    }

    /// Says something in a node's name, whoever it is.
    pub(crate) fn say(&self, from: u32, to: u32, message: Message) {
        let ear = self.0.lock().expect("no panic").ears[&to].clone();
        // Whoever floods waits, as a connection would make it wait.
        let _ = ear.send(TransportEvent::Message(PeerKey(from), message));
    }

    /// Who was sent away by whom, and for how long.
    pub(crate) fn bans(&self) -> Vec<(u32, u32, Option<Duration>)> {
        self.0.lock().expect("no panic").bans.clone()
    }

    /// Cuts all wires, so that the nodes can stop.
    pub(crate) fn cut(&self) {
        self.0.lock().expect("no panic").ears.clear();
    }
}

impl Transport for End {
    fn send(&self, peer: PeerKey, message: Message) -> bool {
        let board = self.wires.0.lock().expect("no panic");
        if !board.links.contains(&(self.number, peer.0)) {
            return false;
        }
        let event = TransportEvent::Message(PeerKey(self.number), message);
        let Some(ear) = board.ears.get(&peer.0) else {
            return false;
        };
        !matches!(ear.try_send(event), Err(TrySendError::Full(_)))
    }

    fn send_cone(&self, _peer: PeerKey, _message: ConeMessage) -> bool {
        false
    }

    fn has_cone_room(&self, _peer: PeerKey) -> bool {
        false
    }

    fn broadcast(&self, message: &Message, except: &[PeerKey]) {
        let links = self.wires.0.lock().expect("no panic").links.clone();
        for (from, to) in links {
            if from == self.number && !except.contains(&PeerKey(to)) {
                self.send(PeerKey(to), message.clone());
            }
        }
    }

    fn disconnect(&self, peer: PeerKey, ban: Option<Duration>) {
        let mut board = self.wires.0.lock().expect("no panic");
        board.bans.push((self.number, peer.0, ban));
        drop(board);
        self.wires.disconnect(self.number, peer.0);
    }
}

impl TransportEvents for Events {
    fn read(&mut self, events: &mut Vec<TransportEvent>, count_max: usize) -> bool {
        let Ok(event) = self.0.recv() else {
            return false;
        };
        events.push(event);
        events.extend(self.0.try_iter().take(count_max - 1));
        true
    }
}
