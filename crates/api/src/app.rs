//! What all handlers share.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use tangle_node::{Handle, Status};
use tangle_storage::{Reader, StoreError};
use tokio::sync::Semaphore;

use crate::content::BodyReader;
use crate::error::Pruned;
use crate::events::Hub;
use crate::participation::VoteCounter;
use crate::{ApiConfig, ApiError};

/// The node, and how it is presented.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) node: Handle,
    pub(crate) config: ApiConfig,
    pub(crate) bodies: BodyReader,
    pub(crate) events: Arc<Hub>,
    /// Who counts votes, if somebody does.
    pub(crate) votes: Option<Arc<dyn VoteCounter>>,
    /// Places for queries over many records.
    scans: Semaphore,
}

impl App {
    pub(crate) fn new(
        node: Handle,
        config: ApiConfig,
        votes: Option<Arc<dyn VoteCounter>>,
    ) -> Self {
        let limits = &config.limits;
        Self {
            bodies: BodyReader::new(limits.body_bytes_max, limits.body_timeout),
            scans: Semaphore::new(limits.scans_max),
            events: Arc::new(Hub::new(node.clone(), limits.events)),
            node,
            config,
            votes,
        }
    }

    pub(crate) fn reader(&self) -> &Reader {
        self.node.reader()
    }

    pub(crate) fn pruned(&self) -> Pruned {
        Pruned(self.reader().pruning_index())
    }

    /// Runs a query that may read many records, away from the threads that serve connections.
    pub(crate) async fn scan<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let place = self.scans.acquire().await;
        let _place = place.expect("nobody closes the semaphore");
        let reader = self.reader().clone();
        let found = tokio::task::spawn_blocking(move || query(&reader))
            .await
            .map_err(|error| ApiError::internal(&error))?;
        Ok(found?)
    }

    /// The status of a node that knows the present; else 503.
    pub(crate) fn synced(&self) -> Result<Arc<Status>, ApiError> {
        let status = self.node.status();
        if !status.is_synced {
            return Err(ApiError::unavailable("node is not synced"));
        }
        Ok(status)
    }

    /// As [`App::synced`], for what new protocol rules could change.
    pub(crate) fn up_to_date(&self) -> Result<Arc<Status>, ApiError> {
        let status = self.synced()?;
        if !status.next_version_supported {
            return Err(ApiError::unavailable(
                "the network is about to change to a protocol version this node does not know, \
                 update it",
            ));
        }
        Ok(status)
    }
}

/// A request that only a node which knows the present answers; checked before anything else.
#[derive(Debug)]
pub(crate) struct Synced;

impl<S> FromRequestParts<S> for Synced
where
    S: Send + Sync,
    Arc<App>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Arc::<App>::from_ref(state).synced().map(|_| Self)
    }
}
