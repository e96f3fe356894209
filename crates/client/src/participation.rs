//! The calls of `/api/participation/v1`: events in which coins participate.

use tangle_types::json::ParticipationEventJson;
use tangle_types::participation::{
    AddressParticipations, EventId, EventIds, EventStatus, OutputParticipations, ParticipationEvent,
};
use tangle_types::{MilestoneIndex, OutputId};

use crate::Client;
use crate::client::found;
use crate::transport::ClientError;

const PARTICIPATION: &str = "/api/participation/v1";

impl Client {
    /// The events that the node follows; `None` from a node that follows none at all, because it
    /// has no such interface.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn participation_events(&self) -> Result<Option<Vec<EventId>>, ClientError> {
        let path = format!("{PARTICIPATION}/events");
        match self.transport.get_json::<EventIds>(&path).await {
            Ok(events) => Ok(Some(events.event_ids)),
            // Whoever does not have the path may also want a token for what it is not.
            Err(ClientError::Refused {
                status: 400..=499, ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An event; `None` when the node does not follow it. That it is the one that was asked for is
    /// checked: the id is its hash.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn participation_event(
        &self,
        id: &EventId,
    ) -> Result<Option<ParticipationEvent>, ClientError> {
        let path = format!("{PARTICIPATION}/events/{id}");
        let answer: Option<ParticipationEventJson> = found(self.transport.get_json(&path).await)?;
        let Some(json) = answer else {
            return Ok(None);
        };
        let event = ParticipationEvent::try_from(json)
            .map_err(|error| self.transport.misunderstood(&path, error))?;
        if event.id() != *id {
            let reason = "it is about another event";
            return Err(self.transport.misunderstood(&path, reason));
        }
        Ok(Some(event))
    }

    /// How an event stands after a milestone, by default the newest; `None` when the node does not
    /// follow it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn participation_status(
        &self,
        id: &EventId,
        at: Option<MilestoneIndex>,
    ) -> Result<Option<EventStatus>, ClientError> {
        let mut path = format!("{PARTICIPATION}/events/{id}/status");
        if let Some(at) = at {
            path.push_str(&format!("?milestoneIndex={at}"));
        }
        found(self.transport.get_json(&path).await)
    }

    /// What an output participates in, or did; `None` when in nothing that the node follows.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn output_participations(
        &self,
        id: &OutputId,
    ) -> Result<Option<OutputParticipations>, ClientError> {
        let path = format!("{PARTICIPATION}/outputs/{id}");
        found(self.transport.get_json(&path).await)
    }

    /// What the outputs of an address, in Bech32, participate in; `None` from a node that has no
    /// such interface.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn address_participations(
        &self,
        address: &str,
    ) -> Result<Option<AddressParticipations>, ClientError> {
        let path = format!("{PARTICIPATION}/addresses/{address}/outputs");
        found(self.transport.get_json(&path).await)
    }
}
