//! What subscribers are told of a thing, and how it is written.

use bytes::Bytes;
use serde::Serialize;
use tangle_node::{BlockState, Confirmation, MilestoneSummary};
use tangle_storage::OutputRecord;
use tangle_types::json::{BlockJson, MilestoneOptionJson, PayloadJson};
use tangle_types::{
    Block, BlockId, Codec, Milestone, MilestoneId, MilestoneIndex, Payload, Receipt, UnixSeconds,
};

use super::mqtt;
use super::subscriber::Form;
use super::websocket;
use crate::core::{BlockMetadata, OutputWithMetadata};

/// What is told. MQTT carries blocks, milestones and receipts in their binary form; events of
/// other kinds are JSON, and server-sent events always are.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Json(Bytes),
    Block(BlockId, Bytes),
    Milestone(Box<Milestone>),
    Receipt(Box<Receipt>),
}

/// A milestone in short.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MilestoneInfo {
    index: MilestoneIndex,
    timestamp: UnixSeconds,
    milestone_id: MilestoneId,
}

/// Where a block stands. Clients look for the parents under one name or the other.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct State {
    parent_block_ids: Vec<BlockId>,
    #[serde(flatten)]
    metadata: BlockMetadata,
}

/// A block with the id that its bytes have.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NamedBlock {
    block_id: BlockId,
    block: BlockJson,
}

impl Body {
    pub(crate) fn json(value: &impl Serialize) -> Self {
        let text = serde_json::to_vec(value).expect("it consists of texts and numbers");
        Self::Json(text.into())
    }

    /// A milestone in short; nothing of one that only a snapshot tells of.
    pub(crate) fn summary(milestone: &MilestoneSummary) -> Option<Self> {
        Some(Self::json(&MilestoneInfo {
            index: milestone.index,
            timestamp: milestone.timestamp?,
            milestone_id: milestone.id?,
        }))
    }

    pub(crate) fn confirmed(confirmation: &Confirmation) -> Self {
        Self::json(&MilestoneInfo {
            index: confirmation.index(),
            timestamp: confirmation.milestone().timestamp,
            milestone_id: confirmation.id(),
        })
    }

    pub(crate) fn state(id: BlockId, state: BlockState) -> Self {
        Self::json(&State {
            parent_block_ids: state.parents.clone(),
            metadata: BlockMetadata::new(id, state),
        })
    }

    pub(crate) fn output(record: &OutputRecord) -> Self {
        Self::json(&OutputWithMetadata::from(record))
    }

    /// Adds it to `out`, as a subscriber of `topic` wants it.
    pub(crate) fn push(&self, form: Form, topic: &str, out: &mut Vec<u8>) {
        match form {
            Form::WebSocket => {
                let payload = self.to_binary();
                websocket::push_head(mqtt::publish_length(topic, &payload), out);
                mqtt::push_publish(topic, &payload, out);
            }
            Form::Tcp => mqtt::push_publish(topic, &self.to_binary(), out),
            Form::Sse => {
                for text in [
                    b"event: ",
                    topic.as_bytes(),
                    b"\ndata: ",
                    &self.to_json(),
                    b"\n\n",
                ] {
                    out.extend_from_slice(text);
                }
            }
        }
    }

    fn to_binary(&self) -> Bytes {
        match self {
            Self::Json(bytes) | Self::Block(_, bytes) => bytes.clone(),
            Self::Milestone(milestone) => Payload::Milestone(milestone.clone()).to_bytes().into(),
            Self::Receipt(receipt) => receipt.to_bytes().into(),
        }
    }

    fn to_json(&self) -> Bytes {
        let json = match self {
            Self::Json(text) => return text.clone(),
            Self::Block(id, bytes) => Self::json(&NamedBlock {
                block_id: *id,
                block: BlockJson::from(
                    &Block::from_bytes(bytes).expect("only blocks that were read are told of"),
                ),
            }),
            Self::Milestone(milestone) => Self::json(&PayloadJson::from(&**milestone)),
            Self::Receipt(receipt) => Self::json(&MilestoneOptionJson::from(&**receipt)),
        };
        json.to_binary()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_carry_the_same() {
        let body = Body::Json("{\"a\":1}".into());
        let mut out = Vec::new();
        body.push(Form::Sse, "outputs/unlock/+/x", &mut out);
        assert_eq!(out, b"event: outputs/unlock/+/x\ndata: {\"a\":1}\n\n");
        out.clear();
        body.push(Form::WebSocket, "a/+", &mut out);
        assert_eq!(out, b"\x82\x0e\x30\x0c\0\x03a/+{\"a\":1}");
        out.clear();
        body.push(Form::Tcp, "a/+", &mut out);
        assert_eq!(out, b"\x30\x0c\0\x03a/+{\"a\":1}");
    }
}
