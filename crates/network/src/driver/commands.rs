//! What the driver is asked to do.

use std::time::Duration;

use libp2p_identity::PeerId;
use libp2p_swarm::CloseConnection;
use tokio::time::{Instant, timeout};

use super::Driver;
use crate::book::KNOWN_MAX;
use crate::handle::Command;
use crate::{AddPeerError, CloseReason, KnownPeer, peer_file};

/// How long farewells may take.
const FAREWELLS: Duration = Duration::from_secs(2);

impl Driver {
    pub(super) async fn on_command(&mut self, command: Option<Command>) {
        let now = Instant::now();
        // Whoever asked may have gone away, so that an answer fails.
        match command {
            Some(Command::Add(peer, answer)) => {
                let _ = answer.send(self.add(peer, now));
            }
            Some(Command::Remove(peer, answer)) => {
                let _ = answer.send(self.remove(&peer, CloseReason::Removed));
            }
            Some(Command::Ban(peer, span, answer)) => {
                self.remove(&peer, CloseReason::Banned(span));
                self.ban(peer, None, span, now);
                let _ = answer.send(());
            }
            Some(Command::Stop(answer)) => {
                self.stop().await;
                let _ = answer.send(());
            }
            None => self.stop().await,
        }
    }

    fn add(&mut self, peer: KnownPeer, now: Instant) -> Result<(), AddPeerError> {
        let id = peer.address.id;
        if id == *self.swarm.local_peer_id() {
            return Err(AddPeerError::Own);
        }
        if !self.book.add_known(peer, true, now) {
            return Err(AddPeerError::Full(KNOWN_MAX));
        }
        self.swarm
            .behaviour_mut()
            .streams
            .admission
            .set_known(id, true);
        self.keep();
        self.show();
        Ok(())
    }

    fn remove(&mut self, peer: &PeerId, reason: CloseReason) -> bool {
        let was_known = self.book.remove(peer);
        let streams = &mut self.swarm.behaviour_mut().streams;
        streams.admission.set_known(*peer, false);
        match self.links.get(peer) {
            Some(link) => link.line.close(reason),
            None => streams.close(*peer, CloseConnection::All),
        }
        if was_known {
            self.keep();
        }
        self.show();
        was_known
    }

    /// Writes the peers that were added at run time. The list is small and written seldom, so the
    /// driver waits for it.
    fn keep(&self) {
        if let Some(path) = &self.config.peer_file
            && let Err(error) = peer_file::write(path, &self.book.kept())
        {
            tracing::warn!(%error, "the list of peers was not written");
        }
    }

    async fn stop(&mut self) {
        self.is_stopping = true;
        for link in self.links.values() {
            link.line.close(CloseReason::Stopping);
        }
        let farewells = async {
            while let Some(ended) = self.conversations.join_next().await {
                if let Ok((_, key, reason)) = ended {
                    self.inbox.close(key, reason);
                }
            }
        };
        if timeout(FAREWELLS, farewells).await.is_err() {
            tracing::debug!("some neighbours did not say goodbye");
        }
        self.board.lines.write().expect("no holder panics").clear();
        self.keep_bans();
    }
}
