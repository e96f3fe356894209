//! The calls of a node.

use bytes::Bytes;
use serde::Deserialize;
use tangle_types::json::InclusionProofJson;
use tangle_types::{
    Address, Block, BlockId, Codec, InclusionProof, LedgerOutput, Milestone, MilestoneIndex,
    Output, OutputId, Payload, Spend, TransactionId,
};

use crate::answers::{
    BlockStatus, LedgerChanges, NodeSummary, OutputAnswer, OutputStatus, OwnedOutputs, Page, Peer,
    SyncState,
};
use crate::transport::{ClientError, Form, Transport};

const CORE: &str = "/api/core/v2";
const INDEXER: &str = "/api/indexer/v1";

/// A node over REST. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) transport: Transport,
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

/// What a faucet answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaucetAnswer {
    /// Whom it will pay.
    pub address: String,
    /// How many wait, this request among them.
    pub waiting_requests: usize,
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

    /// The same client with a token for protected calls.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.transport.set_token(token);
        self
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

    /// Metrics in the text format of Prometheus, where `base_url` is that of a node's metrics.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn metrics(&self) -> Result<String, ClientError> {
        let body = self.transport.get("/metrics", Form::Json).await?;
        String::from_utf8(body.into())
            .map_err(|error| self.transport.misunderstood("/metrics", error))
    }

    /// What the node and its network are like.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn info(&self) -> Result<NodeSummary, ClientError> {
        self.transport.get_json(&format!("{CORE}/info")).await
    }

    /// How the node stands with its neighbours; `None` from a node that does not tell.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn sync(&self) -> Result<Option<SyncState>, ClientError> {
        found(self.transport.get_json("/api/tangle/v1/sync").await)
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

    /// Adds a peer that is always connected; a protected call on most nodes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn add_peer(
        &self,
        multi_address: &str,
        alias: Option<&str>,
    ) -> Result<Peer, ClientError> {
        let body = serde_json::json!({ "multiAddress": multi_address, "alias": alias });
        let (path, body) = (format!("{CORE}/peers"), body.to_string().into_bytes());
        self.transport.post(&path, Form::Json, body).await
    }

    /// Removes a peer; a protected call on most nodes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn remove_peer(&self, id: &str) -> Result<(), ClientError> {
        self.transport.delete(&format!("{CORE}/peers/{id}")).await
    }

    /// Keeps a peer out for some time; a protected call on most nodes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn ban_peer(&self, id: &str, seconds: u32) -> Result<(), ClientError> {
        let body = serde_json::json!({ "seconds": seconds }).to_string();
        let path = format!("/api/tangle/v1/peers/{id}/ban");
        self.transport.order(&path, body.into_bytes()).await
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

    /// An output with where it stands; `None` when the node does not know it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn output_record(
        &self,
        id: &OutputId,
    ) -> Result<Option<(LedgerOutput, Option<Spend>)>, ClientError> {
        let path = format!("{CORE}/outputs/{id}");
        let Some(answer) = found(self.transport.get_json::<OutputAnswer>(&path).await)? else {
            return Ok(None);
        };
        let status = answer.metadata;
        let output = Output::try_from(answer.output)
            .map_err(|error| self.transport.misunderstood(&path, error))?;
        if status.output_id() != *id {
            let reason = "it is about another output";
            return Err(self.transport.misunderstood(&path, reason));
        }
        let record = LedgerOutput {
            id: *id,
            block_id: status.block_id,
            milestone_index: status.milestone_index_booked,
            milestone_timestamp: status.milestone_timestamp_booked,
            output,
        };
        Ok(Some((record, status.spend())))
    }

    /// What a milestone changed; `None` when the node does not have it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn ledger_changes(
        &self,
        index: MilestoneIndex,
    ) -> Result<Option<LedgerChanges>, ClientError> {
        let path = format!("{CORE}/milestones/by-index/{index}/utxo-changes");
        found(self.transport.get_json(&path).await)
    }

    /// One page of the unspent outputs, of whatever kind, that an address can unlock now or later.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn unlockable_outputs(
        &self,
        address: &str,
        cursor: Option<&str>,
    ) -> Result<Page, ClientError> {
        let path = format!("{INDEXER}/outputs?unlockableByAddress={address}");
        self.transport.get_json(&with_cursor(path, cursor)).await
    }

    /// The unspent outputs that addresses can unlock, now or later; at most a thousand addresses.
    /// `None` from a node that cannot be asked so.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn owned_outputs(
        &self,
        addresses: &[Address],
    ) -> Result<Option<OwnedOutputs>, ClientError> {
        let path = "/api/tangle/v1/outputs";
        let mut body = Vec::with_capacity(addresses.len() * Address::LENGTH);
        addresses
            .iter()
            .for_each(|address| address.write(&mut body));
        let answer = match self.transport.post_binary(path, body).await {
            Ok(answer) => answer,
            // Other node software does not know the path, or wants a token for what it is not.
            Err(ClientError::Refused {
                status: 401 | 403 | 404 | 405,
                ..
            }) => return Ok(None),
            Err(error) => return Err(error),
        };
        OwnedOutputs::from_bytes(&answer)
            .map(Some)
            .map_err(|error| self.transport.misunderstood(path, error))
    }

    /// One page of the foundries of an alias.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn foundries(
        &self,
        alias_address: &str,
        cursor: Option<&str>,
    ) -> Result<Page, ClientError> {
        let path = format!("{INDEXER}/outputs/foundry?aliasAddress={alias_address}");
        self.transport.get_json(&with_cursor(path, cursor)).await
    }

    /// Asks a faucet, at the address that this client has, for coins.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn ask_faucet(&self, address: &str) -> Result<FaucetAnswer, ClientError> {
        let body = serde_json::json!({ "address": address }).to_string();
        let path = "/api/enqueue";
        self.transport
            .post(path, Form::Json, body.into_bytes())
            .await
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

    /// The proof that a milestone references a block; `None` while none does, and once the node has
    /// pruned the block. That it holds is for the caller to see.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn inclusion_proof(
        &self,
        id: &BlockId,
    ) -> Result<Option<InclusionProof>, ClientError> {
        let path = format!("/api/poi/v1/create/{id}");
        let answer: Result<InclusionProofJson, _> = self.transport.get_json(&path).await;
        let Some(json) = found(answer)? else {
            return Ok(None);
        };
        let proof = InclusionProof::try_from(json);
        proof
            .map(Some)
            .map_err(|error| self.transport.misunderstood(&path, error))
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

fn with_cursor(mut path: String, cursor: Option<&str>) -> String {
    if let Some(cursor) = cursor {
        path.push_str("&cursor=");
        path.push_str(cursor);
    }
    path
}

/// What a node does not have is no error.
pub(crate) fn found<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_status(404) => Ok(None),
        Err(error) => Err(error),
    }
}
