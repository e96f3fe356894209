//! Counting votes beside a node: over its store, in the same process, for its REST interface.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tangle_api::{CounterError, CounterFuture, VoteCounter};
use tangle_apps::{
    ADDRESS_OUTPUTS_MAX, AddError, Ballots, BallotsConfig, BallotsFileError, CastVote, LedgerError,
    LedgerStanding, MilestoneVotes, StatusError, VoteLedger,
};
use tangle_node::Handle;
use tangle_storage::{Reader, StoreError};
use tangle_types::json::ParticipationEventJson;
use tangle_types::participation::{
    AddressParticipations, EventId, EventParticipations, EventStatus, OutputParticipations,
    ParticipationEvent,
};
use tangle_types::{Address, MilestoneIndex, OutputId, TransactionId};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::failure::{Code, Failure, Outcome};
use crate::sections::CountingSection;

/// Largest file with an event: all its texts, with room for how they are written.
const EVENT_FILE_BYTES_MAX: u64 = 1 << 20;

/// The counting of votes beside a node.
pub(crate) struct BallotsService {
    file: PathBuf,
    participations_max: usize,
    /// Events of the configuration, and the files that they are from.
    events: Vec<(PathBuf, ParticipationEvent)>,
}

impl BallotsService {
    /// Counting as configured, kept in `file`.
    pub(crate) fn new(config: &CountingSection, file: PathBuf) -> Outcome<Self> {
        let events: Outcome<Vec<_>> = config
            .events
            .iter()
            .map(|path| Ok((path.clone(), read_event(path)?)))
            .collect();
        Ok(Self {
            file,
            participations_max: config.participations_max,
            events: events?,
        })
    }

    /// Counts the votes in the ledger of `node`, until `stopping` says so.
    pub(crate) fn open(
        self,
        node: Handle,
        network: [u8; 32],
        stopping: &watch::Receiver<bool>,
        tasks: &mut JoinSet<()>,
    ) -> Outcome<Arc<dyn VoteCounter>> {
        let config = BallotsConfig {
            file: self.file,
            network,
            participations_max: self.participations_max,
        };
        let ballots = Ballots::open(Arc::new(Ledger(node)), config).map_err(file_failure)?;
        tasks.spawn(ballots.clone().run(stopping.clone()));
        if !self.events.is_empty() {
            tasks.spawn(add_all(ballots.clone(), self.events, stopping.clone()));
        }
        Ok(Arc::new(Counter(ballots)))
    }
}

/// Adds the events of the configuration that are not counted yet.
async fn add_all(
    ballots: Ballots,
    events: Vec<(PathBuf, ParticipationEvent)>,
    stopping: watch::Receiver<bool>,
) {
    for (path, event) in events {
        if *stopping.borrow() {
            return;
        }
        match ballots.add(event).await {
            Ok(_) | Err(AddError::Known) => {}
            Err(error) => {
                tracing::error!(file = %path.display(), %error, "an event is not counted");
            }
        }
    }
}

/// Reads the JSON of an event.
fn read_event(path: &PathBuf) -> Outcome<ParticipationEvent> {
    let refuse = |reason: String| {
        Failure::new(Code::ConfigValue, reason)
            .with("set by", "participation.counting.events")
            .with("file", path.display())
    };
    let unreadable = |error| refuse(format!("an event cannot be read: {error}"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > EVENT_FILE_BYTES_MAX {
        return Err(refuse(format!("{size} bytes are too many for an event")));
    }
    let text = std::fs::read(path).map_err(unreadable)?;
    let json: ParticipationEventJson = serde_json::from_slice(&text)
        .map_err(|error| refuse(format!("this is no event: {error}")))?;
    ParticipationEvent::try_from(json).map_err(|error| refuse(format!("this is no event: {error}")))
}

/// Why the file of counts cannot be used, for a person.
fn file_failure(error: BallotsFileError) -> Box<Failure> {
    let code = match &error {
        BallotsFileError::Io { .. } => Code::Disk,
        BallotsFileError::OtherNetwork { .. } => Code::ForeignData,
        BallotsFileError::Newer { .. } => Code::NewerData,
        BallotsFileError::Damaged { .. } => Code::StoreDamaged,
    };
    Failure::new(code, error)
}

/// The ledger of a node.
struct Ledger(Handle);

impl VoteLedger for Ledger {
    fn standing(&self) -> LedgerStanding {
        let reader = self.0.reader();
        LedgerStanding {
            confirmed: reader.ledger_index(),
            pruned: reader.pruning_index(),
            supply: self.0.status().parameters.token_supply,
        }
    }

    fn milestone(&self, index: MilestoneIndex) -> Result<Option<MilestoneVotes>, LedgerError> {
        votes(self.0.reader(), index).map_err(|error| LedgerError(error.to_string()))
    }
}

/// The votes of a milestone; `None` when something of it was pruned.
fn votes(reader: &Reader, index: MilestoneIndex) -> Result<Option<MilestoneVotes>, StoreError> {
    let Some(changes) = reader.utxo_changes(index)? else {
        return Ok(None);
    };
    let mut output_counts: BTreeMap<TransactionId, usize> = BTreeMap::new();
    for id in &changes.created {
        *output_counts.entry(id.transaction_id()).or_default() += 1;
    }
    let mut votes = MilestoneVotes {
        cast: Vec::new(),
        consumed: changes.consumed,
    };
    for id in changes.created {
        // A vote has one output, which most payments have not.
        if output_counts[&id.transaction_id()] != 1 {
            continue;
        }
        let Some(record) = reader.output_record(&id)? else {
            return Ok(None);
        };
        let block_id = record.output.block_id;
        if block_id.is_zero() {
            // Migrated funds come with a milestone.
            continue;
        }
        let Some(bytes) = reader.block(&block_id)? else {
            return Ok(None);
        };
        votes.cast.extend(CastVote::of_block(bytes));
    }
    Ok(Some(votes))
}

/// What the interface asks.
struct Counter(Ballots);

impl VoteCounter for Counter {
    fn events(&self) -> Vec<EventId> {
        self.0.events()
    }

    fn event(&self, id: &EventId) -> Option<ParticipationEvent> {
        self.0.event(id)
    }

    fn index(&self) -> MilestoneIndex {
        self.0.index()
    }

    fn status(
        &self,
        id: &EventId,
        at: Option<MilestoneIndex>,
    ) -> Result<Option<EventStatus>, CounterError> {
        match self.0.status(id, at) {
            Ok(status) => Ok(Some(status)),
            Err(StatusError::Unknown(_)) => Ok(None),
            Err(error @ StatusError::Forgotten(_)) => {
                Err(CounterError::Forgotten(error.to_string()))
            }
            Err(error @ StatusError::Stuck { .. }) => {
                Err(CounterError::Unavailable(error.to_string()))
            }
        }
    }

    fn output(&self, id: &OutputId) -> OutputParticipations {
        self.0.output(id)
    }

    fn address(&self, address: &Address) -> Result<AddressParticipations, CounterError> {
        self.0.address(address).ok_or_else(|| {
            CounterError::Refused(format!(
                "more than {ADDRESS_OUTPUTS_MAX} outputs of this address take part or did: ask \
                 for each by its id"
            ))
        })
    }

    fn participations(&self, id: &EventId, are_active: bool) -> EventParticipations {
        self.0.participations(id, are_active)
    }

    fn add(&self, event: ParticipationEvent) -> CounterFuture<'_, EventId> {
        Box::pin(async move {
            self.0.add(event).await.map_err(|error| match error {
                AddError::Ledger(_) => CounterError::Unavailable(error.to_string()),
                AddError::File(_) => CounterError::Failed(error.to_string()),
                _ => CounterError::Refused(error.to_string()),
            })
        })
    }

    fn remove(&self, id: EventId) -> CounterFuture<'_, bool> {
        Box::pin(async move {
            let removed = self.0.remove(id).await;
            removed.map_err(|error| CounterError::Failed(error.to_string()))
        })
    }
}
