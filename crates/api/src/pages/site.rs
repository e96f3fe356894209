//! What all pages share: the node, how it is presented, and what visitors may see.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use tangle_node::{Handle, Status};
use tangle_storage::{Reader, StoreError};
use tangle_types::words::{Unit, Words};
use tangle_types::{Address, MilestoneIndex, UnixSeconds};
use tokio::sync::Semaphore;

use crate::ApiConfig;
use crate::content::BodyReader;
use crate::pages::load::LoadGenerator;
use crate::pages::operator::{Attempts, Sessions};
use crate::pages::samples::Samples;
use crate::pages::wallet::TestWallet;

/// Pages that read many records at once.
const SCANS_MAX: usize = 4;

/// Largest form that is read.
const FORM_BYTES_MAX: usize = 4_096;

/// A value of the effective configuration, as its operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Where it stands, such as `rest.bind`.
    pub key: String,
    /// What it is, in TOML; `None` if there is none.
    pub value: Option<String>,
    /// Who says so.
    pub origin: String,
}

/// What runs beside a node and has a page among its own.
#[derive(Clone, Default)]
pub struct Beside {
    /// The interface that the faucet has for programs.
    pub faucet: Option<Router>,
    /// A wallet that whoever sees the pages may use; only for networks whose coins have no value.
    pub wallet: Option<Arc<dyn TestWallet>>,
    /// Who puts a load on the node when whoever sees the pages asks for it; only for a node that
    /// nobody but this machine reaches.
    pub load: Option<Arc<dyn LoadGenerator>>,
}

/// The node, and how it is presented.
pub(crate) struct Site {
    pub(crate) node: Handle,
    pub(crate) api: ApiConfig,
    pub(crate) beside: Beside,
    pub(crate) samples: Samples,
    pub(crate) unit: Unit,
    /// The effective configuration, for its operator.
    pub(crate) settings: Vec<Setting>,
    pub(crate) sessions: Sessions,
    pub(crate) attempts: Attempts,
    /// Reads forms.
    pub(crate) forms: BodyReader,
    /// Places for pages that read many records; more wait.
    scans: Semaphore,
}

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// There is no such thing, or not any more.
    NotFound {
        /// What was looked for.
        what: String,
        /// What to do.
        advice: String,
    },
    /// What was sent is not what is expected.
    Wrong(String),
    /// The operator keeps this to those with a token.
    Closed,
    /// A form that this node's page did not make, or not for this session.
    Forged,
    /// A form of a page that was opened under a name.
    Named,
    /// What is asked cannot be known now, for this reason.
    Away(String),
    /// The node failed.
    Failed,
}

impl Trouble {
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Wrong(_) => StatusCode::BAD_REQUEST,
            Self::Closed | Self::Forged | Self::Named => StatusCode::FORBIDDEN,
            Self::Away(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn failed(cause: &impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "a page could not be made");
        Self::Failed
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::failed(&error)
    }
}

impl Site {
    pub(crate) fn new(node: Handle, api: ApiConfig, beside: Beside) -> Self {
        let decimals = u8::try_from(api.base_token.decimals).unwrap_or(u8::MAX);
        Self {
            unit: Unit::new(&api.base_token.unit, decimals),
            samples: Samples::default(),
            scans: Semaphore::new(SCANS_MAX),
            forms: BodyReader::new(FORM_BYTES_MAX, api.limits.body_timeout),
            settings: Vec::new(),
            sessions: Sessions::new(),
            attempts: Attempts::default(),
            node,
            api,
            beside,
        }
    }

    /// Whether a visitor may read a path of the REST interface.
    pub(crate) fn may_read(&self, path: &str) -> bool {
        self.api.auth.may_read(path)
    }

    /// Fails when a visitor may not read these paths, which a page is about to show.
    pub(crate) fn require(&self, paths: &[&str]) -> Result<(), Trouble> {
        if paths.iter().all(|path| self.may_read(path)) {
            Ok(())
        } else {
            Err(Trouble::Closed)
        }
    }

    /// Runs a look-up of many records away from the threads that serve connections.
    pub(crate) async fn scan<T: Send + 'static>(
        &self,
        look_up: impl FnOnce(&Handle) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Trouble> {
        let place = self.scans.acquire().await;
        let _place = place.expect("nobody closes the semaphore");
        let node = self.node.clone();
        let found = tokio::task::spawn_blocking(move || look_up(&node))
            .await
            .map_err(|error| Trouble::failed(&error))?;
        Ok(found?)
    }

    pub(crate) fn reader(&self) -> &Reader {
        self.node.reader()
    }

    /// What to say of something that an id names and the node does not have.
    pub(crate) fn unknown(&self, what: &str) -> Trouble {
        let MilestoneIndex(pruned) = self.reader().pruning_index();
        let mut advice = String::from("Look whether the id is complete, and of this network. ");
        if pruned > 0 {
            advice.push_str(&format!(
                "This node keeps what milestones from {} on brought: for what is older, ask a node \
                 that keeps more. ",
                pruned + 1
            ));
        }
        advice.push_str("What was only just sent may not have arrived: try again in a moment.");
        Trouble::NotFound {
            what: what.to_owned(),
            advice,
        }
    }

    /// Calls `tell` with the words for outputs, as of `status`.
    pub(crate) fn with_words<T>(&self, status: &Status, tell: impl FnOnce(&Words<'_>) -> T) -> T {
        tell(&Words {
            hrp: &status.parameters.bech32_hrp,
            unit: &self.unit,
            now: status.confirmed.timestamp.unwrap_or(UnixSeconds(0)),
            name: &|_: &Address| None,
        })
    }
}
