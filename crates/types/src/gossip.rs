//! What neighbours say to each other, and how it is framed.
//!
//! A message is a header of three bytes and a body:
//!
//! ```text
//! type u8 │ length of the body u16, little-endian │ body
//!    1    │ 4                                     │ milestone index u32; 0 asks for the latest
//!    2    │ 46 to 32768                           │ a block
//!    3    │ 32                                    │ block id
//!    4    │ 14                                    │ solid, pruned, latest index u32; peers, synced
//!    u8
//! ```
//!
//! No TIP describes this; it is what Hornet 2 speaks. A reader takes [`HEADER_SIZE_BYTES`] bytes,
//! learns from [`Header::read`] how long the body is, which is never longer than a block, takes the
//! body and hands it to [`Message::read`]. Every error ends the connection.

use bytes::Bytes;

use crate::{
    BLOCK_SIZE_BYTES_MAX, BLOCK_SIZE_BYTES_MIN, BlockId, Codec, DecodeError, MilestoneIndex, Reader,
};

/// Length of a header.
pub const HEADER_SIZE_BYTES: usize = 3;

const MILESTONE_REQUEST: u8 = 1;
const BLOCK: u8 = 2;
const BLOCK_REQUEST: u8 = 3;
const HEARTBEAT: u8 = 4;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Type 1: asks for the block of a milestone; `None` asks for the latest milestone known.
    MilestoneRequest(Option<MilestoneIndex>),
    /// Type 2: a block, not read any further yet.
    Block(Bytes),
    /// Type 3: asks for a block.
    BlockRequest(BlockId),
    /// Type 4: how far the sender is.
    Heartbeat(Heartbeat),
}

/// How far a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// Its latest milestone whose cone it has.
    pub solid_index: MilestoneIndex,
    /// Up to where it dropped its blocks.
    pub pruned_index: MilestoneIndex,
    /// The latest milestone it has seen.
    pub latest_index: MilestoneIndex,
    /// Its neighbours; 255 stands for more.
    pub connected_peers: u8,
    /// Its neighbours that are not behind it; 255 stands for more.
    pub synced_peers: u8,
}

/// Type and length of a message, both possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    kind: u8,
    body_size_bytes: u16,
}

/// Why bytes are not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GossipError {
    /// A type that does not exist.
    #[error("there is no message of type {found}")]
    Kind {
        /// The type number.
        found: u8,
    },
    /// A length that messages of this type cannot have.
    #[error("a message of type {kind} has {min} to {max} bytes, {found} are stated")]
    Length {
        /// The type number.
        kind: u8,
        /// Bytes stated.
        found: usize,
        /// Least number allowed.
        min: usize,
        /// Greatest number allowed.
        max: usize,
    },
    /// The body is not what the header said.
    #[error(transparent)]
    Body(#[from] DecodeError),
}

impl Heartbeat {
    /// Length of the binary form.
    pub const SIZE_BYTES: usize = 14;
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// The type does not exist, or cannot have that length.
    pub fn read(bytes: [u8; HEADER_SIZE_BYTES]) -> Result<Self, GossipError> {
        let [kind, low, high] = bytes;
        let (min, max) = match kind {
            MILESTONE_REQUEST => (4, 4),
            BLOCK => (BLOCK_SIZE_BYTES_MIN, BLOCK_SIZE_BYTES_MAX),
            BLOCK_REQUEST => (BlockId::LENGTH, BlockId::LENGTH),
            HEARTBEAT => (Heartbeat::SIZE_BYTES, Heartbeat::SIZE_BYTES),
            found => return Err(GossipError::Kind { found }),
        };
        let body_size_bytes = u16::from_le_bytes([low, high]);
        let found = usize::from(body_size_bytes);
        if found < min || found > max {
            return Err(GossipError::Length {
                kind,
                found,
                min,
                max,
            });
        }
        Ok(Self {
            kind,
            body_size_bytes,
        })
    }

    /// How many bytes follow.
    #[must_use]
    pub fn body_size_bytes(&self) -> usize {
        usize::from(self.body_size_bytes)
    }
}

impl Message {
    /// Reads the body that `header` announced. A block is not copied.
    ///
    /// # Errors
    /// The body has another length than the header said.
    pub fn read(header: Header, body: Bytes) -> Result<Self, GossipError> {
        if body.len() > header.body_size_bytes() {
            let count = body.len() - header.body_size_bytes();
            return Err(DecodeError::LeftOver { count }.into());
        }
        let mut reader = Reader::new(&body);
        reader.clone().take(header.body_size_bytes())?;
        Ok(match header.kind {
            MILESTONE_REQUEST => {
                let index = MilestoneIndex::read(&mut reader)?;
                Self::MilestoneRequest((index.0 != 0).then_some(index))
            }
            BLOCK_REQUEST => Self::BlockRequest(BlockId::read(&mut reader)?),
            HEARTBEAT => Self::Heartbeat(Heartbeat::read(&mut reader)?),
            _ => Self::Block(body),
        })
    }

    /// Appends header and body.
    ///
    /// # Panics
    /// A block has more than 65,535 bytes, which no block that was parsed has.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::MilestoneRequest(index) => {
                write_header(MILESTONE_REQUEST, 4, out);
                index.unwrap_or_default().write(out);
            }
            Self::Block(block) => {
                write_header(BLOCK, block.len(), out);
                out.extend_from_slice(block);
            }
            Self::BlockRequest(id) => {
                write_header(BLOCK_REQUEST, BlockId::LENGTH, out);
                id.write(out);
            }
            Self::Heartbeat(heartbeat) => {
                write_header(HEARTBEAT, Heartbeat::SIZE_BYTES, out);
                heartbeat.write(out);
            }
        }
    }
}

fn write_header(kind: u8, size_bytes: usize, out: &mut Vec<u8>) {
    let size_bytes = u16::try_from(size_bytes).expect("a block has at most 32,768 bytes");
    out.push(kind);
    out.extend_from_slice(&size_bytes.to_le_bytes());
}

impl Codec for Heartbeat {
    fn write(&self, out: &mut Vec<u8>) {
        self.solid_index.write(out);
        self.pruned_index.write(out);
        self.latest_index.write(out);
        out.extend_from_slice(&[self.connected_peers, self.synced_peers]);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            solid_index: MilestoneIndex::read(reader)?,
            pruned_index: MilestoneIndex::read(reader)?,
            latest_index: MilestoneIndex::read(reader)?,
            connected_peers: reader.u8()?,
            synced_peers: reader.u8()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat() -> Heartbeat {
        Heartbeat {
            solid_index: MilestoneIndex(0x0102_0304),
            pruned_index: MilestoneIndex(5),
            latest_index: MilestoneIndex(u32::MAX),
            connected_peers: 8,
            synced_peers: 7,
        }
    }

    fn read(bytes: &[u8]) -> Result<Message, GossipError> {
        let (header, body) = bytes.split_first_chunk().expect("a header");
        let header = Header::read(*header)?;
        Message::read(header, Bytes::copy_from_slice(body))
    }

    #[test]
    fn messages_have_the_published_layout() {
        let block = Bytes::from(vec![9; BLOCK_SIZE_BYTES_MIN]);
        let id = BlockId([7; 32]);
        let cases = [
            (Message::MilestoneRequest(None), vec![1, 4, 0, 0, 0, 0, 0]),
            (
                Message::MilestoneRequest(Some(MilestoneIndex(258))),
                vec![1, 4, 0, 2, 1, 0, 0],
            ),
            (
                Message::Block(block.clone()),
                [&[2, 46, 0], &block[..]].concat(),
            ),
            (Message::BlockRequest(id), [&[3, 32, 0], &id.0[..]].concat()),
            (
                Message::Heartbeat(heartbeat()),
                vec![4, 14, 0, 4, 3, 2, 1, 5, 0, 0, 0, 255, 255, 255, 255, 8, 7],
            ),
        ];
        for (message, bytes) in cases {
            let mut written = Vec::new();
            message.write(&mut written);
            assert_eq!(written, bytes);
            assert_eq!(read(&bytes), Ok(message));
        }
    }

    #[test]
    fn the_largest_block_passes_and_one_byte_more_does_not() {
        let size = u16::try_from(BLOCK_SIZE_BYTES_MAX).expect("32,768 has 16 bits");
        let [low, high] = size.to_le_bytes();
        let header = Header::read([2, low, high]).expect("the largest block");
        assert_eq!(header.body_size_bytes(), BLOCK_SIZE_BYTES_MAX);
        let [low, high] = (size + 1).to_le_bytes();
        let error = Header::read([2, low, high]).expect_err("too large");
        assert!(matches!(error, GossipError::Length { found: 32_769, .. }));
    }

    #[test]
    fn headers_with_other_types_and_lengths_are_refused() {
        for kind in (0..=255).filter(|kind| !(1..=4).contains(kind)) {
            assert_eq!(
                Header::read([kind, 4, 0]),
                Err(GossipError::Kind { found: kind })
            );
        }
        for (kind, wrong) in [(1, [3, 5]), (2, [0, 45]), (3, [31, 33]), (4, [13, 15])] {
            for length in wrong {
                let error = Header::read([kind, length, 0]).expect_err("a wrong length");
                let found = usize::from(length);
                assert!(
                    matches!(error, GossipError::Length { found: f, .. } if f == found),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_body_of_another_length_is_refused() {
        for (bytes, error) in [
            (
                &[1, 4, 0, 0, 0, 0][..],
                DecodeError::TooShort { needed: 4, left: 3 },
            ),
            (
                &[1, 4, 0, 0, 0, 0, 0, 9],
                DecodeError::LeftOver { count: 1 },
            ),
            (
                &[2, 46, 0, 1],
                DecodeError::TooShort {
                    needed: 46,
                    left: 1,
                },
            ),
        ] {
            assert_eq!(read(bytes), Err(GossipError::Body(error)));
        }
    }
}
