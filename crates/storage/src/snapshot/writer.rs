//! Writes a snapshot file, one record at a time.

use std::io::{Seek, SeekFrom, Write};

use tangle_types::{Codec, LedgerOutput, Milestone, TransactionId, Treasury};

use super::record::write_output;
use super::{ENTRY_POINTS_MAX, Header, Record, SnapshotError, VERSION};

/// Writes a snapshot. The counts in the header are its own; they are put in at the end.
///
/// Holds one milestone's diff in memory, as its length stands in front of it.
#[derive(Debug)]
pub struct SnapshotWriter<W> {
    write: W,
    header: Header,
    /// Bytes given to `write`.
    offset: u64,
    stage: Stage,
    diff: Option<PendingDiff>,
    output_count: u64,
    diff_count: u32,
    entry_point_count: usize,
    entry_points_offset: Option<u64>,
    buffer: Vec<u8>,
}

/// Parts in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Outputs,
    Diffs,
    EntryPoints,
}

/// The diff that is being put together.
#[derive(Debug, Default)]
struct PendingDiff {
    front: Vec<u8>,
    created_count: u32,
    created: Vec<u8>,
    consumed_count: u32,
    consumed: Vec<u8>,
}

impl<W: Write + Seek> SnapshotWriter<W> {
    /// Begins a snapshot at the start of `write`, which should be buffered.
    ///
    /// # Errors
    /// Writing failed.
    pub fn new(write: W, header: Header) -> Result<Self, SnapshotError> {
        let mut writer = Self {
            write,
            stage: match header {
                Header::Full(_) => Stage::Outputs,
                Header::Delta(_) => Stage::Diffs,
            },
            header,
            offset: 0,
            diff: None,
            output_count: 0,
            diff_count: 0,
            entry_point_count: 0,
            entry_points_offset: None,
            buffer: Vec::new(),
        };
        writer.write_header()?;
        Ok(writer)
    }

    /// Appends a record.
    ///
    /// # Errors
    /// Writing failed, or there are more entry points than the format has room for.
    ///
    /// # Panics
    /// The record cannot follow the one before.
    pub fn push(&mut self, record: &Record) -> Result<(), SnapshotError> {
        match record {
            Record::Output(output) => self.push_output(output),
            Record::Milestone {
                milestone,
                spent_treasury,
            } => self.push_milestone(milestone, spent_treasury.as_ref()),
            Record::Created(output) => {
                self.push_created(output);
                Ok(())
            }
            Record::Consumed(output, spender) => {
                self.push_consumed(output, spender);
                Ok(())
            }
            Record::EntryPoint(id) => {
                self.enter(Stage::EntryPoints)?;
                self.entry_point_count += 1;
                self.append(id.as_bytes())
            }
        }
    }

    /// Completes the header, and gives the counts and the file back.
    ///
    /// # Errors
    /// Writing failed, or there are more entry points than the format has room for.
    pub fn finish(mut self) -> Result<(Header, W), SnapshotError> {
        self.enter(Stage::EntryPoints)?;
        let found = self.entry_point_count;
        let entry_point_count =
            u16::try_from(found).map_err(|_| SnapshotError::EntryPoints { found })?;
        match &mut self.header {
            Header::Full(header) => {
                header.output_count = self.output_count;
                header.diff_count = self.diff_count;
                header.entry_point_count = entry_point_count;
            }
            Header::Delta(header) => {
                header.diff_count = self.diff_count;
                header.entry_point_count = entry_point_count;
                header.entry_points_offset = self
                    .entry_points_offset
                    .expect("set on entering the entry points");
            }
        }
        let at = |offset| move |source| SnapshotError::Io { offset, source };
        let end = self.offset;
        self.write.seek(SeekFrom::Start(0)).map_err(at(0))?;
        self.write_header()?;
        self.write.seek(SeekFrom::Start(end)).map_err(at(end))?;
        self.write.flush().map_err(at(end))?;
        Ok((self.header, self.write))
    }

    fn push_output(&mut self, output: &LedgerOutput) -> Result<(), SnapshotError> {
        assert!(
            self.stage == Stage::Outputs,
            "outputs come before diffs and entry points, and only in full snapshots"
        );
        self.output_count += 1;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        write_output(output, &mut buffer);
        self.append(&buffer)?;
        self.buffer = buffer;
        Ok(())
    }

    fn push_milestone(
        &mut self,
        milestone: &Milestone,
        spent_treasury: Option<&Treasury>,
    ) -> Result<(), SnapshotError> {
        assert!(self.stage <= Stage::Diffs, "diffs come before entry points");
        assert_eq!(
            milestone.receipt().is_some(),
            spent_treasury.is_some(),
            "a diff carries the spent treasury exactly if its milestone carries a receipt"
        );
        self.enter(Stage::Diffs)?;
        self.write_diff()?;
        let payload = milestone.to_bytes();
        let mut diff = PendingDiff::default();
        let front = &mut diff.front;
        front.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        front.extend_from_slice(&payload);
        if let Some(treasury) = spent_treasury {
            treasury.milestone_id.write(front);
            front.extend_from_slice(&treasury.amount.to_le_bytes());
        }
        self.diff = Some(diff);
        Ok(())
    }

    fn push_created(&mut self, output: &LedgerOutput) {
        let diff = self.open_diff();
        assert!(
            diff.consumed_count == 0,
            "created outputs come before consumed ones"
        );
        diff.created_count += 1;
        write_output(output, &mut diff.created);
    }

    fn push_consumed(&mut self, output: &LedgerOutput, spender: &TransactionId) {
        let diff = self.open_diff();
        diff.consumed_count += 1;
        write_output(output, &mut diff.consumed);
        spender.write(&mut diff.consumed);
    }

    fn open_diff(&mut self) -> &mut PendingDiff {
        self.diff
            .as_mut()
            .expect("created and consumed outputs follow their milestone")
    }

    fn enter(&mut self, stage: Stage) -> Result<(), SnapshotError> {
        if self.stage < stage {
            self.stage = stage;
        }
        if stage == Stage::EntryPoints {
            self.write_diff()?;
            let offset = self.offset;
            self.entry_points_offset.get_or_insert(offset);
            if self.entry_point_count > ENTRY_POINTS_MAX {
                let found = self.entry_point_count;
                return Err(SnapshotError::EntryPoints { found });
            }
        }
        Ok(())
    }

    /// Writes the diff that was put together, if there is one.
    fn write_diff(&mut self) -> Result<(), SnapshotError> {
        let Some(diff) = self.diff.take() else {
            return Ok(());
        };
        let parts = [diff.front.len(), diff.created.len(), diff.consumed.len()];
        let found = parts.iter().map(|length| *length as u64).sum::<u64>() + 4 + 4 + 4;
        let length = u32::try_from(found).map_err(|_| SnapshotError::Length {
            what: "a diff",
            offset: self.offset,
            found,
            max: u64::from(u32::MAX),
        })?;
        self.diff_count += 1;
        self.append(&length.to_le_bytes())?;
        self.append(&diff.front)?;
        self.append(&diff.created_count.to_le_bytes())?;
        self.append(&diff.created)?;
        self.append(&diff.consumed_count.to_le_bytes())?;
        self.append(&diff.consumed)
    }

    fn write_header(&mut self) -> Result<(), SnapshotError> {
        let mut bytes = vec![VERSION];
        match &self.header {
            Header::Full(header) => {
                bytes.push(0);
                header.write(&mut bytes);
            }
            Header::Delta(header) => {
                bytes.push(1);
                header.write(&mut bytes);
            }
        }
        self.append(&bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let offset = self.offset;
        self.write
            .write_all(bytes)
            .map_err(|source| SnapshotError::Io { offset, source })?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}
