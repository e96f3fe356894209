//! Nodes for tests.

use std::time::Duration;

use bytes::Bytes;
use libp2p_core::Multiaddr;
use tangle_network::{
    CloseReason, ConnectedPeer, Identity, KnownPeer, NetworkConfig, NetworkEvent, NetworkEvents,
    NetworkHandle, PeerAddress, Timing, start,
};
use tangle_sync::PeerKey;
use tangle_types::gossip::Message;
use tokio::time::timeout;

/// The network of the tests.
pub(crate) const NETWORK: u64 = 14_379_272_398_717_627_559;
/// Longest time that anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// A node without anything behind it.
pub(crate) struct Node {
    pub(crate) handle: NetworkHandle,
    pub(crate) events: NetworkEvents,
}

/// A configuration with short times, on a free port.
pub(crate) fn config(seed: u8) -> NetworkConfig {
    let mut config = NetworkConfig::new(Identity::from_seed([seed; 32]), NETWORK);
    config.bind = vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")];
    config.quic = false;
    config.timing = Timing {
        retry_min: Duration::from_millis(100),
        retry_max: Duration::from_secs(1),
        ..Timing::default()
    };
    config
}

impl Node {
    pub(crate) async fn start(config: NetworkConfig) -> Self {
        let (handle, events) = start(config).await.expect("the node starts");
        Self { handle, events }
    }

    /// Where it listens, TCP (`false`) or QUIC (`true`).
    pub(crate) fn address(&self, quic: bool) -> PeerAddress {
        let is_fitting = |address: &Multiaddr| address.to_string().ends_with("quic-v1") == quic;
        let listening = self.handle.listening();
        let address = listening.into_iter().find(is_fitting);
        PeerAddress {
            id: self.handle.peer_id(),
            address: address.expect("it listens"),
        }
    }

    pub(crate) fn known(&self) -> KnownPeer {
        KnownPeer {
            address: self.address(false),
            alias: None,
        }
    }

    pub(crate) async fn next(&mut self) -> NetworkEvent {
        timeout(PATIENCE, self.events.recv())
            .await
            .expect("something happens in time")
            .expect("the node runs")
    }

    pub(crate) async fn connected(&mut self) -> (PeerKey, ConnectedPeer) {
        loop {
            if let NetworkEvent::Connected(key, peer) = self.next().await {
                return (key, peer);
            }
        }
    }

    pub(crate) async fn disconnected(&mut self) -> (PeerKey, CloseReason) {
        loop {
            if let NetworkEvent::Disconnected(key, reason) = self.next().await {
                return (key, reason);
            }
        }
    }

    pub(crate) async fn message(&mut self) -> (PeerKey, Message) {
        loop {
            if let NetworkEvent::Message(key, message) = self.next().await {
                return (key, message);
            }
        }
    }
}

/// Two nodes, the first of which knows the second; and how they call each other.
pub(crate) async fn pair(
    mut a: NetworkConfig,
    b: NetworkConfig,
) -> ((Node, PeerKey), (Node, PeerKey)) {
    let mut b = Node::start(b).await;
    a.known = vec![b.known()];
    let mut a = Node::start(a).await;
    let (to_b, _) = a.connected().await;
    let (to_a, _) = b.connected().await;
    ((a, to_b), (b, to_a))
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(PATIENCE, wait).await.is_ok(), "in time: {what}");
}

pub(crate) fn block(size: usize) -> Message {
    Message::Block(Bytes::from(vec![7; size]))
}
