//! Frames: how a record lies in a segment file.
//!
//! | bytes | what |
//! |---|---|
//! | 3 | marker, so that the next frame is found behind a damaged one |
//! | 1 | kind |
//! | 4 | length of the body, little-endian |
//! | 8 | number: local sequence number of a block, else a milestone index |
//! | 4 | CRC-32 of kind, length, number and body, begun from the segment's salt |
//! | – | body |
//!
//! The salt is a random number that nobody outside knows: a block that contains the picture of a
//! frame must not be taken for one when the frame around it is damaged.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::StoreError;
use crate::error::AtPath;

/// Bytes in front of a body.
pub(crate) const HEADER_BYTES: usize = 20;
/// Longest body that is believed when a file is read.
const BODY_BYTES_MAX: u32 = 1 << 30;
const MARKER: [u8; 3] = [0x9f, b'T', b'g'];

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// A block's bytes.
    Block,
    /// A confirmed milestone with its cone.
    Commit,
    /// A milestone that the coordinator is about to issue.
    Reservation,
}

impl FrameKind {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Block => 1,
            Self::Commit => 2,
            Self::Reservation => 3,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Block),
            2 => Some(Self::Commit),
            3 => Some(Self::Reservation),
            _ => None,
        }
    }
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: FrameKind,
    pub(crate) length: u32,
    pub(crate) number: u64,
    crc: u32,
}

impl Header {
    /// Reads a header; whether it is a true one only [`Header::fits`] can tell.
    pub(crate) fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        if bytes[..3] != MARKER {
            return None;
        }
        let length = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        let mut number = [0; 8];
        number.copy_from_slice(&bytes[8..16]);
        (length <= BODY_BYTES_MAX).then_some(Self {
            kind: FrameKind::from_byte(bytes[3])?,
            length,
            number: u64::from_le_bytes(number),
            crc: u32::from_le_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]),
        })
    }

    /// Whether the checksum is that of this header with this body.
    pub(crate) fn fits(&self, salt: u32, body: &[u8]) -> bool {
        self.crc == crc(salt, self.kind, self.number, body)
    }
}

fn crc(salt: u32, kind: FrameKind, number: u64, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(salt);
    hasher.update(&[kind.to_byte()]);
    hasher.update(&(body.len() as u32).to_le_bytes());
    hasher.update(&number.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

/// Appends a frame to `out`.
pub(crate) fn write(salt: u32, kind: FrameKind, number: u64, body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&MARKER);
    out.push(kind.to_byte());
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&crc(salt, kind, number, body).to_le_bytes());
    out.extend_from_slice(body);
}

/// What lies at an offset of a segment file.
#[derive(Debug)]
pub(crate) enum Scanned {
    /// A whole frame; its body is in [`Scan::body`].
    Frame {
        offset: u64,
        kind: FrameKind,
        number: u64,
    },
    /// Bytes from `offset` to `end` that are no frame, with a good frame or the end behind them.
    Gap { offset: u64, end: u64 },
}

/// Reads the frames of a file in order.
#[derive(Debug)]
pub(crate) struct Scan<'p> {
    path: &'p Path,
    salt: u32,
    file: BufReader<File>,
    offset: u64,
    end: u64,
    body: Vec<u8>,
}

impl<'p> Scan<'p> {
    /// Starts at `offset`.
    pub(crate) fn new(path: &'p Path, salt: u32, offset: u64) -> Result<Self, StoreError> {
        let mut file = File::open(path).at(path)?;
        let end = file.metadata().at(path)?.len();
        file.seek(SeekFrom::Start(offset)).at(path)?;
        Ok(Self {
            path,
            salt,
            file: BufReader::with_capacity(1 << 18, file),
            offset,
            end,
            body: Vec::new(),
        })
    }

    /// The body of the frame that came last.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Where the next frame or gap begins.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// The next frame or gap; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Scanned>, StoreError> {
        if self.offset >= self.end {
            return Ok(None);
        }
        let offset = self.offset;
        if let Some(header) = self.frame()? {
            self.offset += (HEADER_BYTES as u64) + u64::from(header.length);
            return Ok(Some(Scanned::Frame {
                offset,
                kind: header.kind,
                number: header.number,
            }));
        }
        let found = self.resume()?;
        self.offset = found.unwrap_or(self.end);
        self.file.seek(SeekFrom::Start(self.offset)).at(self.path)?;
        Ok(Some(Scanned::Gap {
            offset,
            end: self.offset,
        }))
    }

    /// Reads the frame at the current offset, if there is one.
    fn frame(&mut self) -> Result<Option<Header>, StoreError> {
        let left = self.end - self.offset;
        if left < HEADER_BYTES as u64 {
            return Ok(None);
        }
        let mut bytes = [0; HEADER_BYTES];
        self.file.read_exact(&mut bytes).at(self.path)?;
        let Some(header) = Header::parse(&bytes) else {
            return Ok(None);
        };
        if left - (HEADER_BYTES as u64) < u64::from(header.length) {
            return Ok(None);
        }
        self.body.resize(header.length as usize, 0);
        self.file.read_exact(&mut self.body).at(self.path)?;
        Ok(header.fits(self.salt, &self.body).then_some(header))
    }

    /// The offset of the next good frame behind the current offset.
    fn resume(&mut self) -> Result<Option<u64>, StoreError> {
        let start = self.offset + 1;
        self.file.seek(SeekFrom::Start(start)).at(self.path)?;
        let mut rest = Vec::new();
        self.file.read_to_end(&mut rest).at(self.path)?;
        let mut at = 0;
        while at + HEADER_BYTES <= rest.len() {
            let header = rest[at..].first_chunk().and_then(Header::parse);
            if let Some(header) = header
                && let Some(body) = rest[at + HEADER_BYTES..].get(..header.length as usize)
                && header.fits(self.salt, body)
            {
                return Ok(Some(start + at as u64));
            }
            at += 1;
        }
        Ok(None)
    }
}
