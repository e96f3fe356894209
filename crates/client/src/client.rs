//! The calls of a node.

use bytes::Bytes;
use serde::Deserialize;
use tangle_types::{
    Block, BlockId, Codec, Milestone, MilestoneIndex, Output, OutputId, Payload, TransactionId,
};

use crate::answers::{BlockStatus, NodeSummary, OutputStatus, Page, Peer};
use crate::transport::{ClientError, Form, Transport};

const CORE: &str = "/api/core/v2";
const INDEXER: &str = "/api/indexer/v1";

/// A node over REST. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
}

/// A question for basic outputs; absent fields do not restrict.
#[derive(Clone, Debug, Default)]
pub struct BasicOutputQuery {
    /// Owner, in Bech32.
    pub address: String,
    /// Whether outputs with further conditions (deposit return, timelock, expiration) are left out.
    pub is_plain: bool,
    /// Most outputs of a page.
    pub page_size: u16,
    /// Where to go on.
    pub cursor: Option<String>,
}

#[derive(Deserialize)]
struct Routes {
    routes: Vec<String>,
}

#[derive(Deserialize)]
struct Tips {
    tips: Vec<BlockId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Submitted {
    block_id: BlockId,
}

impl Client {
    /// A client of the node at `base_url`, such as `http://127.0.0.1:14265`.
    ///
    /// # Errors
    /// The address is not one of a node.
    pub fn new(base_url: &str) -> Result<Self, ClientError> {
        Ok(Self {
            transport: Transport::new(base_url)?,
        })
    }

    /// The address of the node.
    #[must_use]
    pub fn url(&self) -> &str {
        self.transport.base()
    }

    /// Whether the node says that it is healthy.
    ///
    /// # Errors
    /// See [`ClientError`]; so for every call.
    pub async fn is_healthy(&self) -> Result<bool, ClientError> {
        Ok(self.transport.status("/health").await? == 200)
    }

    /// What the node and its network are like.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn info(&self) -> Result<NodeSummary, ClientError> {
        self.transport.get_json(&format!("{CORE}/info")).await
    }

    /// Which interfaces the node has.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn routes(&self) -> Result<Vec<String>, ClientError> {
        let answer: Routes = self.transport.get_json("/api/routes").await?;
        Ok(answer.routes)
    }

    /// Blocks to approve.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn tips(&self) -> Result<Vec<BlockId>, ClientError> {
        let answer: Tips = self.transport.get_json(&format!("{CORE}/tips")).await?;
        Ok(answer.tips)
    }

    /// The node's peers; a protected call on most nodes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn peers(&self) -> Result<Vec<Peer>, ClientError> {
        self.transport.get_json(&format!("{CORE}/peers")).await
    }

    /// Hands in a block in its binary form; the node may fill in parents and proof of work.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn submit(&self, block: Vec<u8>) -> Result<BlockId, ClientError> {
        let path = format!("{CORE}/blocks");
        let answer: Submitted = self.transport.post(&path, Form::Binary, block).await?;
        Ok(answer.block_id)
    }

    /// The bytes of a block; `None` when the node does not have it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn block_bytes(&self, id: &BlockId) -> Result<Option<Bytes>, ClientError> {
        let path = format!("{CORE}/blocks/{id}");
        found(self.transport.get(&path, Form::Binary).await)
    }

    /// A block; `None` when the node does not have it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn block(&self, id: &BlockId) -> Result<Option<Block>, ClientError> {
        self.binary(&format!("{CORE}/blocks/{id}")).await
    }

    /// Where a block stands; `None` when the node does not have it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn block_status(&self, id: &BlockId) -> Result<Option<BlockStatus>, ClientError> {
        let path = format!("{CORE}/blocks/{id}/metadata");
        found(self.transport.get_json(&path).await)
    }

    /// The block that brought a transaction into the ledger; `None` when there is none.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn included_block(&self, id: &TransactionId) -> Result<Option<Block>, ClientError> {
        self.binary(&format!("{CORE}/transactions/{id}/included-block"))
            .await
    }

    /// An output, spent or not; `None` when the node does not know it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn output(&self, id: &OutputId) -> Result<Option<Output>, ClientError> {
        self.binary(&format!("{CORE}/outputs/{id}")).await
    }

    /// Where an output stands; `None` when the node does not know it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn output_status(&self, id: &OutputId) -> Result<Option<OutputStatus>, ClientError> {
        let path = format!("{CORE}/outputs/{id}/metadata");
        found(self.transport.get_json(&path).await)
    }

    /// One page of an owner's unspent basic outputs.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn basic_outputs(&self, query: &BasicOutputQuery) -> Result<Page, ClientError> {
        let mut path = format!("{INDEXER}/outputs/basic?address={}", query.address);
        if query.is_plain {
            path.push_str("&hasStorageDepositReturn=false&hasTimelock=false&hasExpiration=false");
        }
        if query.page_size > 0 {
            path.push_str(&format!("&pageSize={}", query.page_size));
        }
        if let Some(cursor) = &query.cursor {
            path.push_str(&format!("&cursor={cursor}"));
        }
        self.transport.get_json(&path).await
    }

    /// A milestone by its index; `None` when the node does not have it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn milestone(&self, index: MilestoneIndex) -> Result<Option<Milestone>, ClientError> {
        let path = format!("{CORE}/milestones/by-index/{index}");
        match self.binary(&path).await? {
            Some(Payload::Milestone(milestone)) => Ok(Some(*milestone)),
            Some(_) => Err(self
                .transport
                .misunderstood(&path, "the payload is no milestone")),
            None => Ok(None),
        }
    }

    async fn binary<T: Codec>(&self, path: &str) -> Result<Option<T>, ClientError> {
        let Some(bytes) = found(self.transport.get(path, Form::Binary).await)? else {
            return Ok(None);
        };
        T::from_bytes(&bytes)
            .map(Some)
            .map_err(|error| self.transport.misunderstood(path, error))
    }
}

/// What a node does not have is no error.
fn found<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_status(404) => Ok(None),
        Err(error) => Err(error),
    }
}
