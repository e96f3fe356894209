//! What nodes of this kind say to each other on a stream of its own, so that one that has fallen
//! behind gets the cone of a milestone as a whole and not a generation of parents at a time.
//!
//! A message is a header of five bytes and a body, all numbers little-endian:
//!
//! ```text
//! type u8 │ length of the body u32 │ body
//!    1    │ 8                      │ ids of a cone: milestone index u32, first position u32
//!    2    │ 10                     │ blocks of a cone: index u32, first position u32, count u16
//!    3    │ 12 + 32 n              │ index u32, first position u32, blocks of the cone u32; ids
//!    4    │ 8 and the blocks       │ index u32, first position u32; each: length u16, block
//! ```
//!
//! Positions count from 0 in white-flag order. A milestone is signed together with the Merkle root
//! over the ids of its cone in that order, so whoever has the milestone can tell whether ids are
//! right, and by an id whether a block is. An answer without ids or blocks says that they are not
//! there. Answers come in the order of the requests. Every error ends the connection.

use bytes::Bytes;

use crate::{
    BLOCK_SIZE_BYTES_MAX, BLOCK_SIZE_BYTES_MIN, BlockId, Codec, DecodeError, MilestoneIndex, Reader,
};

/// Length of a header.
pub const HEADER_SIZE_BYTES: usize = 5;
/// Most ids in an answer.
pub const IDS_MAX: usize = 4_096;
/// Most blocks that are asked for at once.
pub const BLOCKS_MAX: usize = 256;
/// Bytes of blocks after which an answer takes no further block.
pub const BLOCKS_SIZE_BYTES: usize = 96 << 10;
/// Longest body.
pub const BODY_SIZE_BYTES_MAX: usize = 160 << 10;

const IDS_REQUEST: u8 = 1;
const BLOCKS_REQUEST: u8 = 2;
const IDS: u8 = 3;
const BLOCKS: u8 = 4;
/// Index and position in front of blocks.
const PLACE_SIZE_BYTES: usize = 8;
/// The length in front of each block.
const LENGTH_SIZE_BYTES: usize = 2;

/// A part of a milestone's cone that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConeRequest {
    /// Type 1: ids from position `start` on, as many as fit an answer.
    Ids {
        /// The milestone.
        index: MilestoneIndex,
        /// The first position.
        start: u32,
    },
    /// Type 2: blocks from position `start` on, as many as fit an answer.
    Blocks {
        /// The milestone.
        index: MilestoneIndex,
        /// The first position.
        start: u32,
        /// How many at most; [`BLOCKS_MAX`] at most.
        count: u16,
    },
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConeMessage {
    /// Types 1 and 2.
    Request(ConeRequest),
    /// Type 3: ids of a cone.
    Ids(ConeIds),
    /// Type 4: blocks of a cone, not read any further yet.
    Blocks(ConeBlocks),
}

/// Ids of a cone, in white-flag order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConeIds {
    /// The milestone.
    pub index: MilestoneIndex,
    /// Position of the first one.
    pub start: u32,
    /// Blocks of the whole cone.
    pub total: u32,
    /// The ids.
    pub ids: Vec<BlockId>,
}

/// Blocks of a cone, in white-flag order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConeBlocks {
    /// The milestone.
    pub index: MilestoneIndex,
    /// Position of the first one.
    pub start: u32,
    /// The blocks.
    pub blocks: Vec<Bytes>,
}

/// Type and length of a message, both possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConeHeader {
    kind: u8,
    body_size_bytes: usize,
}

/// Why bytes are not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConeError {
    /// A type that does not exist.
    #[error("there is no message of type {found} about cones")]
    Kind {
        /// The type number.
        found: u8,
    },
    /// A length that messages of this type cannot have.
    #[error("a message of type {kind} about cones cannot have {found} bytes")]
    Length {
        /// The type number.
        kind: u8,
        /// Bytes stated.
        found: u32,
    },
    /// A block in it has a length that no block has.
    #[error("a block of {found} bytes was sent in a cone")]
    Block {
        /// Bytes stated.
        found: usize,
    },
    /// The body is not what the header said.
    #[error(transparent)]
    Body(#[from] DecodeError),
}

impl ConeRequest {
    /// The milestone.
    #[must_use]
    pub const fn index(&self) -> MilestoneIndex {
        match self {
            Self::Ids { index, .. } | Self::Blocks { index, .. } => *index,
        }
    }
}

impl ConeHeader {
    /// Reads a header.
    ///
    /// # Errors
    /// The type does not exist, or cannot have that length.
    pub fn read(bytes: [u8; HEADER_SIZE_BYTES]) -> Result<Self, ConeError> {
        let [kind, length @ ..] = bytes;
        let found = u32::from_le_bytes(length);
        let body_size_bytes = usize::try_from(found).unwrap_or(usize::MAX);
        let is_possible = match kind {
            IDS_REQUEST => body_size_bytes == 8,
            BLOCKS_REQUEST => body_size_bytes == 10,
            IDS => {
                let ids = body_size_bytes.checked_sub(12);
                ids.is_some_and(|ids| {
                    ids.is_multiple_of(BlockId::LENGTH) && ids / BlockId::LENGTH <= IDS_MAX
                })
            }
            BLOCKS => (PLACE_SIZE_BYTES..=BODY_SIZE_BYTES_MAX).contains(&body_size_bytes),
            found => return Err(ConeError::Kind { found }),
        };
        if !is_possible {
            return Err(ConeError::Length { kind, found });
        }
        Ok(Self {
            kind,
            body_size_bytes,
        })
    }

    /// How many bytes follow.
    #[must_use]
    pub const fn body_size_bytes(&self) -> usize {
        self.body_size_bytes
    }
}

impl ConeMessage {
    /// Length on the wire.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        HEADER_SIZE_BYTES + self.body_size_bytes()
    }

    fn body_size_bytes(&self) -> usize {
        match self {
            Self::Request(ConeRequest::Ids { .. }) => 8,
            Self::Request(ConeRequest::Blocks { .. }) => 10,
            Self::Ids(ids) => 12 + ids.ids.len() * BlockId::LENGTH,
            Self::Blocks(blocks) => {
                let lengths = blocks.blocks.iter().map(|it| LENGTH_SIZE_BYTES + it.len());
                PLACE_SIZE_BYTES + lengths.sum::<usize>()
            }
        }
    }

    /// Reads the body that `header` announced. Blocks are not copied.
    ///
    /// # Errors
    /// The body is not what the header said.
    pub fn read(header: ConeHeader, body: &Bytes) -> Result<Self, ConeError> {
        let mut reader = Reader::new(body);
        let index = MilestoneIndex::read(&mut reader)?;
        let start = reader.u32()?;
        let message = match header.kind {
            IDS_REQUEST => Self::Request(ConeRequest::Ids { index, start }),
            BLOCKS_REQUEST => {
                let count = reader.u16()?;
                Self::Request(ConeRequest::Blocks {
                    index,
                    start,
                    count: count.min(BLOCKS_MAX as u16),
                })
            }
            IDS => {
                let total = reader.u32()?;
                let count = header.body_size_bytes.saturating_sub(12) / BlockId::LENGTH;
                let ids = (0..count).map(|_| BlockId::read(&mut reader));
                let ids = ids.collect::<Result<Vec<_>, _>>()?;
                Self::Ids(ConeIds {
                    index,
                    start,
                    total,
                    ids,
                })
            }
            _ => {
                let blocks = blocks(body, &mut reader)?;
                Self::Blocks(ConeBlocks {
                    index,
                    start,
                    blocks,
                })
            }
        };
        match reader.rest().len() {
            0 => Ok(message),
            count => Err(DecodeError::LeftOver { count }.into()),
        }
    }

    /// Appends header and body.
    ///
    /// # Panics
    /// A block has more than 65,535 bytes, which no block that was parsed has.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (kind, index, start) = match self {
            Self::Request(ConeRequest::Ids { index, start }) => (IDS_REQUEST, index, start),
            Self::Request(ConeRequest::Blocks { index, start, .. }) => {
                (BLOCKS_REQUEST, index, start)
            }
            Self::Ids(ids) => (IDS, &ids.index, &ids.start),
            Self::Blocks(blocks) => (BLOCKS, &blocks.index, &blocks.start),
        };
        let size = u32::try_from(self.body_size_bytes()).expect("an answer is bounded");
        out.reserve(self.size_bytes());
        out.push(kind);
        out.extend_from_slice(&size.to_le_bytes());
        index.write(out);
        out.extend_from_slice(&start.to_le_bytes());
        match self {
            Self::Request(ConeRequest::Ids { .. }) => {}
            Self::Request(ConeRequest::Blocks { count, .. }) => {
                out.extend_from_slice(&count.to_le_bytes());
            }
            Self::Ids(ids) => {
                out.extend_from_slice(&ids.total.to_le_bytes());
                ids.ids.iter().for_each(|id| id.write(out));
            }
            Self::Blocks(blocks) => {
                for block in &blocks.blocks {
                    let length = u16::try_from(block.len()).expect("at most 32,768 bytes");
                    out.extend_from_slice(&length.to_le_bytes());
                    out.extend_from_slice(block);
                }
            }
        }
    }
}

fn blocks(body: &Bytes, reader: &mut Reader<'_>) -> Result<Vec<Bytes>, ConeError> {
    let mut blocks = Vec::new();
    while !reader.rest().is_empty() {
        let length = usize::from(reader.u16()?);
        if !(BLOCK_SIZE_BYTES_MIN..=BLOCK_SIZE_BYTES_MAX).contains(&length) {
            return Err(ConeError::Block { found: length });
        }
        blocks.push(body.slice_ref(reader.take(length)?));
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<ConeMessage, ConeError> {
        let (header, body) = bytes.split_first_chunk().expect("a header");
        let header = ConeHeader::read(*header)?;
        ConeMessage::read(header, &Bytes::copy_from_slice(body))
    }

    #[test]
    fn messages_have_the_described_layout() {
        let index = MilestoneIndex(258);
        let block = Bytes::from(vec![9; BLOCK_SIZE_BYTES_MIN]);
        let ids = ConeIds {
            index,
            start: 1,
            total: 2,
            ids: vec![BlockId([7; 32])],
        };
        let blocks = ConeBlocks {
            index,
            start: 1,
            blocks: vec![block.clone(), block.clone()],
        };
        let framed = [&[46, 0], &block[..]].concat();
        let place = [2, 1, 0, 0, 1, 0, 0, 0];
        let cases = [
            (
                ConeMessage::Request(ConeRequest::Ids { index, start: 1 }),
                [&[1, 8, 0, 0, 0], &place[..]].concat(),
            ),
            (
                ConeMessage::Request(ConeRequest::Blocks {
                    index,
                    start: 1,
                    count: 256,
                }),
                [&[2, 10, 0, 0, 0], &place[..], &[0, 1]].concat(),
            ),
            (
                ConeMessage::Ids(ids),
                [&[3, 44, 0, 0, 0], &place[..], &[2, 0, 0, 0], &[7; 32]].concat(),
            ),
            (
                ConeMessage::Blocks(blocks),
                [&[4, 104, 0, 0, 0], &place[..], &framed, &framed].concat(),
            ),
        ];
        for (message, bytes) in cases {
            let mut written = Vec::new();
            message.write(&mut written);
            assert_eq!(written, bytes);
            assert_eq!(message.size_bytes(), bytes.len());
            assert_eq!(read(&bytes), Ok(message));
        }
    }

    #[test]
    fn largest_answers_pass_and_one_byte_more_does_not() {
        let header = |kind, length: usize| {
            let length = u32::try_from(length).expect("a small number").to_le_bytes();
            ConeHeader::read([kind, length[0], length[1], length[2], length[3]])
        };
        let most_ids = 12 + IDS_MAX * BlockId::LENGTH;
        assert!(most_ids <= BODY_SIZE_BYTES_MAX);
        let largest = BLOCKS_SIZE_BYTES + BLOCK_SIZE_BYTES_MAX + BLOCKS_MAX * LENGTH_SIZE_BYTES;
        assert!(PLACE_SIZE_BYTES + largest <= BODY_SIZE_BYTES_MAX);
        for (kind, length) in [(3, most_ids), (4, BODY_SIZE_BYTES_MAX)] {
            let read = header(kind, length).expect("the largest one");
            assert_eq!(read.body_size_bytes(), length);
        }
        let wrong = [
            (1, 7),
            (1, 9),
            (2, 8),
            (3, 11),
            (3, 13),
            (3, most_ids + BlockId::LENGTH),
            (4, 7),
            (4, BODY_SIZE_BYTES_MAX + 1),
        ];
        for (kind, length) in wrong {
            let error = header(kind, length).expect_err("a wrong length");
            assert!(matches!(error, ConeError::Length { .. }), "{error}");
        }
        assert_eq!(header(0, 8), Err(ConeError::Kind { found: 0 }));
        assert_eq!(header(5, 8), Err(ConeError::Kind { found: 5 }));
    }

    #[test]
    fn blocks_of_impossible_lengths_are_refused() {
        for (length, rest) in [(45_u16, 45), (32_769, 40_000), (50, 49)] {
            let mut bytes = vec![4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.resize(bytes.len() + rest, 0);
            let body = u32::try_from(bytes.len() - 5).expect("a small number");
            bytes[1..5].copy_from_slice(&body.to_le_bytes());
            assert!(read(&bytes).is_err(), "{length}");
        }
    }
}
