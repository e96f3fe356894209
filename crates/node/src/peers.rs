//! The known peers: those of the network part, or a mere list where there is none.

use std::collections::BTreeMap;
use std::time::Duration;

use tangle_network::{
    AddPeerError, ConnectionState, KnownPeer, NetworkHandle, PeerAddress, PeerState,
};
use tangle_sync::PeerClass;
use tangle_types::gossip::Heartbeat;

/// Most known peers.
const PEERS_MAX: usize = 256;
/// Most characters of an address or alias.
const TEXT_LENGTH_MAX: usize = 512;

/// A peer of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its libp2p id.
    pub id: String,
    /// Where it listens.
    pub multi_addresses: Vec<String>,
    /// What the operator calls it.
    pub alias: Option<String>,
    /// Whether the operator named it.
    pub is_known: bool,
    /// The conversation with it, if there is one.
    pub connection: Option<PeerConnection>,
    /// Why it could not be reached last.
    pub trouble: Option<String>,
}

/// A conversation with a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerConnection {
    /// What went to and fro.
    pub state: ConnectionState,
    /// How far the peer says it is; `None` before it has said so.
    pub heartbeat: Option<Heartbeat>,
    /// Blocks of it that had come before.
    pub duplicate_count: u64,
}

/// Why a peer was not added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// Not a multi-address that ends in a peer id.
    #[error("{0} is not a multi-address with /p2p/ and a peer id")]
    Address(String),
    /// No room for more.
    #[error("there are {0} peers already, remove one first")]
    Full(usize),
    /// The network part refuses.
    #[error(transparent)]
    Refused(AddPeerError),
}

impl From<PeerState> for Peer {
    fn from(state: PeerState) -> Self {
        let text = |address: &dyn ToString| address.to_string();
        Self {
            id: state.id.to_string(),
            multi_addresses: state
                .addresses
                .iter()
                .map(|address| text(address))
                .collect(),
            alias: state.alias,
            is_known: state.class == PeerClass::Known,
            connection: state.connection.map(|state| PeerConnection {
                state,
                heartbeat: None,
                duplicate_count: 0,
            }),
            trouble: state.trouble,
        }
    }
}

/// Makes a peer a known one of the network part.
pub(crate) async fn connect(
    network: &NetworkHandle,
    multi_address: &str,
    alias: Option<&str>,
) -> Result<Peer, PeerError> {
    let address: PeerAddress = multi_address
        .parse()
        .map_err(|_| PeerError::Address(multi_address.chars().take(128).collect()))?;
    let alias = alias.map(|alias| alias.chars().take(TEXT_LENGTH_MAX).collect::<String>());
    let peer = Peer {
        id: address.id.to_string(),
        multi_addresses: vec![address.address.to_string()],
        alias: alias.clone(),
        is_known: true,
        connection: None,
        trouble: None,
    };
    match network.add_peer(KnownPeer { address, alias }).await {
        Ok(()) => {}
        Err(AddPeerError::Full(count)) => return Err(PeerError::Full(count)),
        Err(error) => return Err(PeerError::Refused(error)),
    }
    let now = network.peers().into_iter().map(Peer::from);
    Ok(now
        .into_iter()
        .find(|known| known.id == peer.id)
        .unwrap_or(peer))
}

/// Removes a known peer of the network part; whether there was one.
pub(crate) async fn disconnect(network: &NetworkHandle, id: &str) -> bool {
    let known = network
        .peers()
        .into_iter()
        .find(|peer| peer.id.to_string() == id);
    match known {
        Some(peer) => network.remove_peer(peer.id).await,
        None => false,
    }
}

/// Keeps a known or connected peer out; whether there was one.
pub(crate) async fn ban(network: &NetworkHandle, id: &str, duration: Duration) -> bool {
    let mut peers = network.peers().into_iter();
    match peers.find(|peer| peer.id.to_string() == id) {
        Some(peer) => {
            network.ban_peer(peer.id, duration).await;
            true
        }
        None => false,
    }
}

/// Known peers by id.
#[derive(Debug, Default)]
pub(crate) struct PeerList(BTreeMap<String, Peer>);

impl PeerList {
    pub(crate) fn all(&self) -> Vec<Peer> {
        self.0.values().cloned().collect()
    }

    pub(crate) fn add(
        &mut self,
        multi_address: &str,
        alias: Option<&str>,
    ) -> Result<Peer, PeerError> {
        let id = peer_id(multi_address)
            .ok_or_else(|| PeerError::Address(multi_address.chars().take(128).collect()))?;
        if self.0.len() >= PEERS_MAX && !self.0.contains_key(id) {
            return Err(PeerError::Full(PEERS_MAX));
        }
        let (address, _) = multi_address
            .rsplit_once("/p2p/")
            .unwrap_or((multi_address, ""));
        let peer = self.0.entry(id.to_owned()).or_insert_with(|| Peer {
            id: id.to_owned(),
            multi_addresses: Vec::new(),
            alias: None,
            is_known: true,
            connection: None,
            trouble: None,
        });
        if !peer.multi_addresses.iter().any(|known| known == address) {
            peer.multi_addresses.truncate(7);
            peer.multi_addresses.push(address.to_owned());
        }
        if let Some(alias) = alias {
            peer.alias = Some(alias.chars().take(TEXT_LENGTH_MAX).collect());
        }
        Ok(peer.clone())
    }

    pub(crate) fn remove(&mut self, id: &str) -> bool {
        self.0.remove(id).is_some()
    }
}

/// The peer id at the end of a multi-address such as `/ip4/127.0.0.1/tcp/15600/p2p/12D3Koo…`.
fn peer_id(multi_address: &str) -> Option<&str> {
    const BASE58: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let (transport, id) = multi_address.rsplit_once("/p2p/")?;
    let is_id = (32..=64).contains(&id.len()) && id.chars().all(|c| BASE58.contains(c));
    let is_transport = transport.starts_with('/') && transport.split('/').count() >= 5;
    (is_id && is_transport && multi_address.len() <= TEXT_LENGTH_MAX).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";

    #[test]
    fn peer_is_known_by_the_id_at_the_end_of_its_address() {
        let mut list = PeerList::default();
        let address = format!("/ip4/127.0.0.1/tcp/15600/p2p/{ID}");
        let peer = list.add(&address, Some("north")).expect("a good address");
        assert_eq!(peer.id, ID);
        assert_eq!(peer.multi_addresses, ["/ip4/127.0.0.1/tcp/15600"]);
        assert_eq!(list.all(), [peer]);
        assert!(list.remove(ID));
        assert!(!list.remove(ID));
    }

    #[test]
    fn address_without_a_peer_id_is_refused() {
        let mut list = PeerList::default();
        for bad in [
            "",
            "/ip4/127.0.0.1/tcp/15600",
            "/p2p/",
            &format!("/p2p/{ID}"),
            "x/p2p/0OIl",
        ] {
            assert_eq!(list.add(bad, None), Err(PeerError::Address(bad.to_owned())));
        }
    }
}
