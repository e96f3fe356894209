//! The state of a wallet on disk. All of it can be made anew from the words and a node, but for
//! the history that the node has pruned.
//!
//! ```text
//! "TANGLEWS" | version 3 | BLAKE2b-256 of the rest | rest
//! ```

use std::path::Path;

use tangle_crypto::blake2b;
use tangle_types::{
    BlockId, Codec, DecodeError, LedgerOutput, MilestoneIndex, NetworkId, Output, OutputId, Reader,
    Spend, Transaction, TransactionId, UnixSeconds,
};

use crate::file::{self, FileError};
use crate::state::{KEYS_MAX, KeyChain, Pending, Point, Record, State};

const MAGIC: &[u8; 8] = b"TANGLEWS";
const VERSION: u8 = 3;
/// The version that has public keys where this one has the hashes of them.
const PUBLIC_KEYS_VERSION: u8 = 2;
const HEAD: usize = 8 + 1 + 32;
/// Largest file that is read.
const SIZE_BYTES_MAX: u64 = 1 << 30;
/// Most blocks that carry one transaction.
const BLOCKS_MAX: usize = 1_000;

/// Why the state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system refuses.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what was written.
    #[error("the state file is damaged: {0}")]
    Damaged(&'static str),
    /// Another version of the program wrote it, or it is damaged.
    #[error("the state file has version {0}, this program reads version {VERSION}")]
    Version(u8),
    /// Its bytes are whole, and make no sense.
    #[error("the state file is not understood: {0}")]
    Value(#[from] DecodeError),
}

/// Reads the state; `None` when there is no file.
pub(crate) fn load(path: &Path) -> Result<Option<State>, StateError> {
    let Some(bytes) = file::read(path, SIZE_BYTES_MAX)? else {
        return Ok(None);
    };
    if bytes.len() < HEAD || &bytes[..8] != MAGIC {
        return Err(StateError::Damaged("it does not begin as one"));
    }
    let has_public_keys = match bytes[8] {
        VERSION => false,
        PUBLIC_KEYS_VERSION => true,
        other => return Err(StateError::Version(other)),
    };
    if blake2b::hash(&bytes[HEAD..]) != bytes[9..HEAD] {
        return Err(StateError::Damaged("its checksum is wrong"));
    }
    let mut reader = Reader::new(&bytes[HEAD..]);
    let state = read_state(&mut reader, has_public_keys)?;
    if !reader.rest().is_empty() {
        return Err(StateError::Damaged("it is too long"));
    }
    Ok(Some(state))
}

/// Writes the state in the place of the old one.
pub(crate) fn save(path: &Path, state: &State) -> Result<(), FileError> {
    let mut bytes = Vec::with_capacity(HEAD + 1024 + state.outputs.len() * 256);
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(&[0; 32]);
    write_state(state, &mut bytes);
    let checksum = blake2b::hash(&bytes[HEAD..]);
    bytes[9..HEAD].copy_from_slice(&checksum);
    file::replace(path, &bytes)
}

fn write_state(state: &State, out: &mut Vec<u8>) {
    out.push(u8::from(state.network.is_some()));
    state.network.unwrap_or(NetworkId(0)).write(out);
    state.ledger.index.write(out);
    state.ledger.time.write(out);
    out.extend_from_slice(&state.ledger.id);

    write_count(state.accounts.len(), out);
    for (number, keys) in &state.accounts {
        out.extend_from_slice(&number.to_le_bytes());
        for chain in [&keys.external, &keys.internal] {
            out.extend_from_slice(&chain.used.to_le_bytes());
            write_count(chain.hashes.len(), out);
            let hashes = chain.hashes.iter();
            hashes.for_each(|hash| out.extend_from_slice(hash));
        }
    }
    write_count(state.pending.len(), out);
    for pending in &state.pending {
        pending.transaction.write(out);
        write_count(pending.blocks.len(), out);
        pending.blocks.iter().for_each(|block| block.write(out));
        out.extend_from_slice(&pending.account.to_le_bytes());
        pending.made.write(out);
    }
    let records = state.records();
    write_count(records.len(), out);
    records.iter().for_each(|record| write_record(record, out));
    write_count(state.elsewhere.len(), out);
    for (id, outputs) in &state.elsewhere {
        id.write(out);
        write_count(outputs.len(), out);
        for (index, output) in outputs {
            out.extend_from_slice(&index.to_le_bytes());
            output.write(out);
        }
    }
}

fn write_record(record: &Record, out: &mut Vec<u8>) {
    record.output.write(out);
    out.push(u8::from(record.spent.is_some()));
    if let Some(spend) = &record.spent {
        spend.transaction_id.write(out);
        spend.milestone_index.write(out);
        spend.milestone_timestamp.write(out);
    }
}

fn write_count(count: usize, out: &mut Vec<u8>) {
    let count = u32::try_from(count).expect("no list has four billion entries");
    out.extend_from_slice(&count.to_le_bytes());
}

fn read_state(reader: &mut Reader<'_>, has_public_keys: bool) -> Result<State, StateError> {
    let mut state = State::default();
    let is_known = reader.u8()? == 1;
    let network = NetworkId::read(reader)?;
    state.network = is_known.then_some(network);
    state.ledger = Point {
        index: MilestoneIndex::read(reader)?,
        time: UnixSeconds::read(reader)?,
        id: reader.array()?,
    };
    for _ in 0..read_count(reader, 4)? {
        let number = reader.u32()?;
        for is_internal in [false, true] {
            read_chain(reader, &mut state, (number, is_internal), has_public_keys)?;
        }
    }
    for _ in 0..read_count(reader, 4)? {
        let transaction = Transaction::read(reader)?;
        let count = read_count(reader, BlockId::LENGTH)?;
        if count > BLOCKS_MAX {
            return Err(StateError::Damaged("a transaction is in too many blocks"));
        }
        let blocks: Result<_, _> = (0..count).map(|_| BlockId::read(reader)).collect();
        state.pending.push(Pending {
            transaction,
            blocks: blocks?,
            account: reader.u32()?,
            made: UnixSeconds::read(reader)?,
        });
    }
    let count = read_count(reader, OutputId::LENGTH)?;
    state.outputs.reserve(count);
    for _ in 0..count {
        let record = read_record(reader)?;
        state.outputs.insert(record.output.id, record);
    }
    for _ in 0..read_count(reader, TransactionId::LENGTH)? {
        let id = TransactionId::read(reader)?;
        let outputs = (0..read_count(reader, 2)?)
            .map(|_| Ok((reader.u16()?, Output::read(reader)?)))
            .collect::<Result<_, DecodeError>>()?;
        state.elsewhere.insert(id, outputs);
    }
    Ok(state)
}

fn read_chain(
    reader: &mut Reader<'_>,
    state: &mut State,
    (account, is_internal): (u32, bool),
    has_public_keys: bool,
) -> Result<(), StateError> {
    let used = reader.u32()?;
    let count = read_count(reader, 32)?;
    if count > KEYS_MAX {
        return Err(StateError::Damaged("an account has too many keys"));
    }
    let keys: Result<Vec<[u8; 32]>, _> = (0..count).map(|_| reader.array()).collect();
    let mut hashes = keys?;
    if has_public_keys {
        let keys: Vec<&[u8]> = hashes.iter().map(|key| &key[..]).collect();
        hashes = blake2b::hash_many(&keys);
    }
    state.add_keys(account, is_internal, &hashes);
    let keys = state.accounts.entry(account).or_default();
    let chain: &mut KeyChain = if is_internal {
        &mut keys.internal
    } else {
        &mut keys.external
    };
    chain.used = used;
    Ok(())
}

fn read_record(reader: &mut Reader<'_>) -> Result<Record, DecodeError> {
    let output = LedgerOutput::read(reader)?;
    let spent = match reader.u8()? {
        0 => None,
        _ => Some(Spend {
            transaction_id: TransactionId::read(reader)?,
            milestone_index: MilestoneIndex::read(reader)?,
            milestone_timestamp: UnixSeconds::read(reader)?,
        }),
    };
    Ok(Record { output, spent })
}

/// A count of things that have at least `size` bytes each.
fn read_count(reader: &mut Reader<'_>, size: usize) -> Result<usize, StateError> {
    let count = reader.u32()? as usize;
    if count.saturating_mul(size) > reader.rest().len() {
        return Err(StateError::Damaged("it is cut off"));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use tangle_types::{Address, BasicOutput, Features, UnlockCondition, UnlockConditions};

    use super::*;

    fn state() -> State {
        let mut state = State::default();
        state.network = Some(NetworkId(7));
        state.add_keys(3, false, &[[1; 32], [2; 32]]);
        state.add_keys(3, true, &[[4; 32]]);
        let owner = Address::Ed25519([1; 32]);
        let conditions = UnlockConditions::new(vec![UnlockCondition::Address(owner)]);
        let output = LedgerOutput {
            id: OutputId([9; 34]),
            block_id: BlockId([8; 32]),
            milestone_index: MilestoneIndex(5),
            milestone_timestamp: UnixSeconds(6),
            output: Output::Basic(BasicOutput {
                amount: 1_000_000,
                native_tokens: Vec::new(),
                unlock_conditions: conditions.expect("one condition"),
                features: Features::default(),
            }),
        };
        let spent = Spend {
            transaction_id: TransactionId([3; 32]),
            milestone_index: MilestoneIndex(7),
            milestone_timestamp: UnixSeconds(8),
        };
        let foreign = [output.output.clone(), output.output.clone()];
        state.put(Record {
            output,
            spent: Some(spent),
        });
        state.put_elsewhere(spent.transaction_id, &foreign);
        state
    }

    #[test]
    fn state_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        assert!(load(&path).expect("no file").is_none());
        let state = state();
        save(&path, &state).expect("a fresh folder");
        let back = load(&path).expect("as written").expect("a file");
        assert_eq!(back.accounts, state.accounts);
        assert_eq!(back.accounts[&3].external.used, 1);
        assert_eq!(back.records(), state.records());
        assert_eq!(back.network, state.network);
        assert_eq!(back.elsewhere, state.elsewhere);
        assert_eq!(back.elsewhere[&TransactionId([3; 32])].len(), 2);
        let owner = Address::Ed25519([4; 32]);
        assert!(back.place(&owner).expect("a key").is_internal);
    }

    #[test]
    fn public_keys_of_an_earlier_version_become_addresses() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        let state = state();
        save(&path, &state).expect("a fresh folder");
        let mut bytes = std::fs::read(&path).expect("ours");
        bytes[8] = PUBLIC_KEYS_VERSION;
        std::fs::write(&path, &bytes).expect("ours");
        let back = load(&path).expect("as it was written").expect("a file");
        let place = back.place(&Address::from_public_key(&[2; 32]));
        let place = place.expect("its key is known");
        assert_eq!((place.account, place.index), (3, 1));
        assert_eq!(back.place(&Address::Ed25519([2; 32])), None);
        assert_eq!(back.records(), state.records());
    }

    fn load_part(bytes: &[u8]) -> Result<State, StateError> {
        read_state(&mut Reader::new(bytes), false)
    }

    #[test]
    fn damage_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        save(&path, &state()).expect("a fresh folder");
        let good = std::fs::read(&path).expect("ours");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            std::fs::write(&path, &bad).expect("ours");
            assert!(load(&path).is_err(), "byte {at}");
        }
        for length in 0..good.len() {
            assert!(load_part(&good[HEAD..length.max(HEAD)]).is_err());
        }
    }
}
