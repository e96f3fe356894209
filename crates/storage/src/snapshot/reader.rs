//! Reads a snapshot file, one record at a time.

use std::io::{self, Read};

use tangle_types::{
    BLOCK_SIZE_BYTES_MAX, BlockId, Codec, LedgerOutput, Milestone, MilestoneOption, Reader,
    TransactionId,
};

use super::record::{
    OUTPUT_FRONT_LENGTH, decode_parameters, output_length, read_output, read_treasury,
};
use super::{DeltaHeader, FullHeader, Header, Record, SnapshotError, VERSION};

/// Reads a snapshot: its header at once, its records as an iterator. Holds one record at a time.
///
/// After the first error, or the last record, it yields nothing more. Bytes behind the last record
/// are an error.
#[derive(Debug)]
pub struct SnapshotReader<R> {
    source: Source<R>,
    header: Header,
    stage: Stage,
}

/// What comes next, and how much of it.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Outputs { left: u64 },
    Diffs { left: u32 },
    Created { left: u32, diff: OpenDiff },
    Consumed { left: u32, diff: OpenDiff },
    EntryPoints { left: u16 },
    End,
}

/// The diff that is being read.
#[derive(Clone, Copy, Debug)]
struct OpenDiff {
    /// Offset at which it must end.
    end: u64,
    /// Diffs after it.
    left: u32,
}

impl<R: Read> SnapshotReader<R> {
    /// Reads the header of `read`, which should be buffered.
    ///
    /// # Errors
    /// Not a snapshot of a known version.
    pub fn new(read: R) -> Result<Self, SnapshotError> {
        let mut source = Source { read, offset: 0 };
        let [version, kind] = source.array("the header")?;
        if version != VERSION {
            return Err(SnapshotError::Version { found: version });
        }
        let (header, stage) = match kind {
            0 => {
                let header = read_full_header(&mut source)?;
                let left = header.output_count;
                (Header::Full(header), Stage::Outputs { left })
            }
            1 => {
                let bytes: [u8; DeltaHeader::LENGTH] = source.array("the header")?;
                let header = source.decoded("the header", &bytes, DeltaHeader::read)?;
                let left = header.diff_count;
                (Header::Delta(header), Stage::Diffs { left })
            }
            found => return Err(SnapshotError::Kind { found }),
        };
        Ok(Self {
            source,
            header,
            stage,
        })
    }

    /// The header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    fn read_next(&mut self) -> Result<Option<Record>, SnapshotError> {
        loop {
            match self.stage {
                Stage::Outputs { left: 0 } => self.end_outputs(),
                Stage::Outputs { left } => {
                    self.stage = Stage::Outputs { left: left - 1 };
                    return self.source.output().map(Record::Output).map(Some);
                }
                Stage::Diffs { left: 0 } => self.end_diffs()?,
                Stage::Diffs { left } => return self.begin_diff(left - 1).map(Some),
                Stage::Created { left: 0, diff } => {
                    let left = u32::from_le_bytes(self.source.array("a diff")?);
                    self.stage = Stage::Consumed { left, diff };
                }
                Stage::Created { left, diff } => {
                    let left = left - 1;
                    self.stage = Stage::Created { left, diff };
                    return self.source.output().map(Record::Created).map(Some);
                }
                Stage::Consumed { left: 0, diff } => self.end_diff(diff)?,
                Stage::Consumed { left, diff } => {
                    let left = left - 1;
                    self.stage = Stage::Consumed { left, diff };
                    let output = self.source.output()?;
                    let spender = TransactionId(self.source.array("a consumed output")?);
                    return Ok(Some(Record::Consumed(output, spender)));
                }
                Stage::EntryPoints { left: 0 } => self.end()?,
                Stage::EntryPoints { left } => {
                    self.stage = Stage::EntryPoints { left: left - 1 };
                    let id = BlockId(self.source.array("a solid entry point")?);
                    return Ok(Some(Record::EntryPoint(id)));
                }
                Stage::End => return Ok(None),
            }
        }
    }

    fn end_outputs(&mut self) {
        let left = match &self.header {
            Header::Full(header) => header.diff_count,
            Header::Delta(header) => header.diff_count,
        };
        self.stage = Stage::Diffs { left };
    }

    fn begin_diff(&mut self, left: u32) -> Result<Record, SnapshotError> {
        let what = "a diff";
        let start = self.source.offset;
        let length = u64::from(u32::from_le_bytes(self.source.array(what)?));
        let milestone = self.source.sized("a milestone", BLOCK_SIZE_BYTES_MAX)?;
        let milestone = self
            .source
            .decoded("a milestone", &milestone, Milestone::read)?;
        let spent_treasury = match milestone.receipt() {
            None => None,
            Some(_) => {
                let bytes: [u8; 40] = self.source.array("a treasury")?;
                Some(self.source.decoded("a treasury", &bytes, read_treasury)?)
            }
        };
        let created = u32::from_le_bytes(self.source.array(what)?);
        let end = start + length;
        let diff = OpenDiff { end, left };
        self.stage = Stage::Created {
            left: created,
            diff,
        };
        Ok(Record::Milestone {
            milestone: Box::new(milestone),
            spent_treasury,
        })
    }

    fn end_diff(&mut self, diff: OpenDiff) -> Result<(), SnapshotError> {
        self.source.check_offset("a diff", diff.end)?;
        self.stage = Stage::Diffs { left: diff.left };
        Ok(())
    }

    fn end_diffs(&mut self) -> Result<(), SnapshotError> {
        let left = match &self.header {
            Header::Full(header) => header.entry_point_count,
            Header::Delta(header) => {
                let stated = header.entry_points_offset;
                self.source.check_offset("the last diff", stated)?;
                header.entry_point_count
            }
        };
        self.stage = Stage::EntryPoints { left };
        Ok(())
    }

    fn end(&mut self) -> Result<(), SnapshotError> {
        self.stage = Stage::End;
        self.source.finish()
    }
}

impl<R: Read> Iterator for SnapshotReader<R> {
    type Item = Result<Record, SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.read_next();
        if result.is_err() {
            self.stage = Stage::End;
        }
        result.transpose()
    }
}

fn read_full_header<R: Read>(source: &mut Source<R>) -> Result<FullHeader, SnapshotError> {
    let what = "the header";
    let front: [u8; FullHeader::FRONT_LENGTH] = source.array(what)?;
    let (mut header, length) = source.decoded(what, &front, FullHeader::read_front)?;
    let max = FullHeader::PARAMETERS_LENGTH_MAX;
    source.check_length("protocol parameters", length, max)?;
    let bytes = source.bytes("protocol parameters", length)?;
    header.parameters =
        source.decoded(
            "protocol parameters",
            &bytes,
            |reader| match MilestoneOption::read(reader)? {
                MilestoneOption::Parameters(option) => {
                    decode_parameters(&option)?;
                    Ok(option)
                }
                MilestoneOption::Receipt(_) => Err(tangle_types::DecodeError::Kind {
                    field: "protocol parameters",
                    found: 0,
                }),
            },
        )?;
    let back: [u8; FullHeader::BACK_LENGTH] = source.array(what)?;
    source.decoded(what, &back, |reader| header.read_back(reader))?;
    Ok(header)
}

/// A file and where in it the next byte is.
#[derive(Debug)]
struct Source<R> {
    read: R,
    offset: u64,
}

impl<R: Read> Source<R> {
    fn fill(&mut self, what: &'static str, bytes: &mut [u8]) -> Result<(), SnapshotError> {
        let offset = self.offset;
        self.read
            .read_exact(bytes)
            .map_err(|source| match source.kind() {
                io::ErrorKind::UnexpectedEof => SnapshotError::Truncated { what, offset },
                _ => SnapshotError::Io { offset, source },
            })?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], SnapshotError> {
        let mut bytes = [0; N];
        self.fill(what, &mut bytes)?;
        Ok(bytes)
    }

    /// `length` bytes, a number that was checked.
    fn bytes(&mut self, what: &'static str, length: usize) -> Result<Vec<u8>, SnapshotError> {
        let mut bytes = vec![0; length];
        self.fill(what, &mut bytes)?;
        Ok(bytes)
    }

    /// A length of four bytes, at most `max`, and so many bytes.
    fn sized(&mut self, what: &'static str, max: usize) -> Result<Vec<u8>, SnapshotError> {
        let length = u32::from_le_bytes(self.array(what)?) as usize;
        self.check_length(what, length, max)?;
        self.bytes(what, length)
    }

    fn output(&mut self) -> Result<LedgerOutput, SnapshotError> {
        let what = "an output";
        let offset = self.offset;
        let front: [u8; OUTPUT_FRONT_LENGTH] = self.array(what)?;
        let length = output_length(&front) as usize;
        self.check_length(what, length, BLOCK_SIZE_BYTES_MAX)?;
        let body = self.bytes(what, length)?;
        read_output(&front, &body).map_err(|source| SnapshotError::Decode {
            what,
            offset,
            source,
        })
    }

    /// What `read` makes of `bytes`, the last that were read, all of them.
    fn decoded<T>(
        &self,
        what: &'static str,
        bytes: &[u8],
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, tangle_types::DecodeError>,
    ) -> Result<T, SnapshotError> {
        let mut reader = Reader::new(bytes);
        let result = read(&mut reader).and_then(|value| reader.finish().map(|()| value));
        result.map_err(|source| SnapshotError::Decode {
            what,
            offset: self.offset - bytes.len() as u64,
            source,
        })
    }

    fn check_length(
        &self,
        what: &'static str,
        found: usize,
        max: usize,
    ) -> Result<(), SnapshotError> {
        if found > max {
            return Err(SnapshotError::Length {
                what,
                offset: self.offset,
                found: found as u64,
                max: max as u64,
            });
        }
        Ok(())
    }

    fn check_offset(&self, what: &'static str, stated: u64) -> Result<(), SnapshotError> {
        if self.offset != stated {
            return Err(SnapshotError::Extent {
                what,
                stated,
                found: self.offset,
            });
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SnapshotError> {
        let offset = self.offset;
        let mut byte = [0];
        match self.read.read(&mut byte) {
            Ok(0) => Ok(()),
            Ok(_) => Err(SnapshotError::Extent {
                what: "the file",
                stated: offset,
                found: offset + 1,
            }),
            Err(source) => Err(SnapshotError::Io { offset, source }),
        }
    }
}
