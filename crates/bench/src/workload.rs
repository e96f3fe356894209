//! Pre-made blocks, kept in a file so that they take no memory while the node is measured.
//!
//! The blocks come in rounds of [`WIDTH`]. Block `j` of a round approves block `j` of the round
//! before, so that none is left behind, and one more at random. In a stream of transfers, column
//! `j` is one wallet, which spends in each round the change of the round before.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bytes::Bytes;
use tangle_crypto::{blake2b, ed25519::SecretKey, pow};
use tangle_storage::Progress;
use tangle_types::{
    Address, Block, BlockId, Codec, Essence, Output, OutputId, Parents, ParsedBlock, Payload,
    ProtocolParameters, TaggedData, inputs_commitment,
};

/// Blocks in a round, and wallets.
pub(crate) const WIDTH: usize = 256;
/// What a wallet pays in a transfer.
const PAYMENT: u64 = 1_000_000;
/// Most bytes that are handed over at once.
const PARCEL_SIZE_BYTES: usize = 64 << 10;

/// What the blocks carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A signed transfer with 1 input and 2 outputs.
    Transfers,
    /// Tagged data of so many bytes.
    Data(usize),
    /// Half transfers, half tagged data of so many bytes.
    Mixed(usize),
}

/// A wallet of one key and one output.
#[derive(Clone, Debug)]
pub(crate) struct Wallet {
    key: SecretKey,
    address: Address,
    coin: Option<(OutputId, u64)>,
}

/// A file of blocks.
#[derive(Debug)]
pub(crate) struct Workload {
    path: PathBuf,
}

/// Reads a workload from its beginning.
#[derive(Debug)]
pub(crate) struct Source(BufReader<File>);

impl Kind {
    /// What a block in this column of a round carries.
    const fn of_column(self, column: usize) -> Self {
        match self {
            Self::Mixed(_) if column.is_multiple_of(2) => Self::Transfers,
            kind => kind,
        }
    }
}

impl Wallet {
    /// Wallet `number`, always the same, without a coin.
    pub(crate) fn new(number: usize) -> Self {
        let seed = blake2b::hash(format!("tangle bench wallet {number}").as_bytes());
        let key = SecretKey::from_seed(seed);
        let address = Address::from_public_key(&key.public_key());
        Self {
            key,
            address,
            coin: None,
        }
    }

    pub(crate) const fn address(&self) -> Address {
        self.address
    }

    /// Gives the wallet the output it spends first.
    pub(crate) const fn fund(&mut self, output: OutputId, amount: u64) {
        self.coin = Some((output, amount));
    }

    /// A transfer to `payee` that spends the wallet's output and keeps the change.
    pub(crate) fn pay(
        &mut self,
        payee: Address,
        parameters: &ProtocolParameters,
    ) -> Result<Payload> {
        let (input, amount) = self.coin.context("a wallet has no coin")?;
        let change = amount
            .checked_sub(PAYMENT)
            .context("a wallet ran out of coins")?;
        let essence = Essence {
            network_id: parameters.network_id(),
            inputs: vec![input],
            inputs_commitment: inputs_commitment([&Output::basic(self.address, amount)]),
            outputs: vec![
                Output::basic(payee, PAYMENT),
                Output::basic(self.address, change),
            ],
            payload: None,
        };
        let transaction = essence.signed_by(&self.key);
        self.coin = Some((OutputId::new(transaction.id(), 1), change));
        Ok(Payload::Transaction(Box::new(transaction)))
    }
}

impl Workload {
    /// Writes `block_count` blocks, rounded up to whole rounds, that grow from `root`.
    pub(crate) fn make(
        path: &Path,
        kind: Kind,
        block_count: u64,
        root: BlockId,
        (parameters, mut wallets): (&ProtocolParameters, Vec<Wallet>),
        progress: &Progress,
    ) -> Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        let payees: Vec<Address> = wallets.iter().map(Wallet::address).collect();
        let mut before = vec![root; WIDTH];
        for round in 0..block_count.div_ceil(WIDTH as u64) {
            let mut drafts = Vec::with_capacity(WIDTH);
            for column in 0..WIDTH {
                let payload = match kind.of_column(column) {
                    Kind::Transfers => {
                        wallets[column].pay(payees[(column + 1) % WIDTH], parameters)?
                    }
                    Kind::Data(size) | Kind::Mixed(size) => tagged(round, column, size),
                };
                let other = usize::from(noise(round, column)[0]);
                let parents = Parents::new(vec![before[column], before[other]]);
                drafts.push(Block {
                    protocol_version: parameters.version,
                    parents: parents.context("a block has parents")?,
                    payload: Some(payload),
                    nonce: 0,
                });
            }
            let blocks = mine(&drafts, parameters.pow_score_min);
            progress.advance(blocks.len() as u64);
            before = blocks
                .iter()
                .map(|bytes| BlockId(blake2b::hash(bytes)))
                .collect();
            for bytes in blocks {
                file.write_all(&u32::try_from(bytes.len())?.to_le_bytes())?;
                file.write_all(&bytes)?;
            }
        }
        file.flush()?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// A reader at the first block.
    pub(crate) fn read(&self) -> Result<Source> {
        Ok(Source(BufReader::with_capacity(
            1 << 20,
            File::open(&self.path)?,
        )))
    }
}

impl Source {
    /// The next blocks: at most `count`, and no more than fit a parcel. Empty at the end.
    pub(crate) fn parcel(&mut self, count: usize) -> Result<Vec<Bytes>> {
        let mut blocks = Vec::with_capacity(count);
        let mut size_bytes = 0;
        while blocks.len() < count && size_bytes < PARCEL_SIZE_BYTES {
            let mut length = [0; 4];
            match self.0.read_exact(&mut length) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error.into()),
            }
            let mut block = vec![0; u32::from_le_bytes(length) as usize];
            self.0.read_exact(&mut block)?;
            size_bytes += block.len();
            blocks.push(Bytes::from(block));
        }
        Ok(blocks)
    }
}

fn tagged(round: u64, column: usize, size: usize) -> Payload {
    let mut data = Vec::with_capacity(size + 32);
    let mut seed = noise(round, column);
    while data.len() < size {
        seed = blake2b::hash(&seed);
        data.extend_from_slice(&seed);
    }
    data.truncate(size);
    Payload::TaggedData(TaggedData {
        tag: b"tangle bench".to_vec(),
        data,
    })
}

/// Bytes that look random and are the same in every run.
fn noise(round: u64, column: usize) -> [u8; 32] {
    blake2b::hash(format!("{round}/{column}").as_bytes())
}

/// The blocks of one round with proof of work, on all cores.
fn mine(drafts: &[Block], score_min: u32) -> Vec<Vec<u8>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = drafts.len().div_ceil(threads);
    let work = |drafts: &[Block]| -> Vec<Vec<u8>> {
        drafts
            .iter()
            .map(|draft| with_nonce(draft, score_min))
            .collect()
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = drafts
            .chunks(share)
            .map(|drafts| scope.spawn(move || work(drafts)))
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().expect("no panic"))
            .collect()
    })
}

/// The bytes of a block, with proof of work.
pub(crate) fn with_nonce(draft: &Block, score_min: u32) -> Vec<u8> {
    let mut bytes = draft.to_bytes();
    let zeros = pow::zeros_needed(bytes.len(), score_min);
    if zeros > 0 {
        let nonce_at = bytes.len() - size_of::<u64>();
        let nonce = pow::mine(&bytes[..nonce_at], zeros, 1, &pow::Cancel::default());
        bytes[nonce_at..].copy_from_slice(&nonce.expect("nobody cancels it").to_le_bytes());
    }
    bytes
}

/// The id of a block given in bytes, with the check that it can be read.
pub(crate) fn id_of(block: &Bytes) -> Result<BlockId> {
    Ok(ParsedBlock::parse(block.clone())?.id)
}
