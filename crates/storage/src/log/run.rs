//! Runs: sorted files that lead from the first eight bytes of an id to a block's number.
//!
//! | bytes | what |
//! |---|---|
//! | 64 | header |
//! | 16 each | key (8, big-endian order), number (8); 256 entries are a page |
//! | 12 each | first key of each page (8) and checksum of the page (4) |
//! | – | filter |
//!
//! Two ids may have the same key, so whoever looks up compares the whole id afterwards. The first
//! keys and the filter are held in memory: about 0.7 bytes for each block.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tangle_types::BlockId;

use crate::StoreError;
use crate::disk::{ReadFile, write_whole};

const MAGIC: &[u8; 8] = b"TGLrun\x00\x01";
const HEADER_BYTES: usize = 64;
const PAIR_BYTES: usize = 16;
/// Entries of a page.
const PAGE_PAIRS: usize = 256;
/// Entries for which a block of the filter of 512 bits is meant: 5 bits each. One look in ten reads
/// a page in vain; looks are for blocks that hang on old ones, and for what people ask about.
const FILTER_BLOCK_KEYS: usize = 102;
/// Bits set for a key. Fewer than a filter has been written with may be looked at.
const FILTER_BITS: u32 = 3;

/// A key and a block's number.
pub(crate) type Pair = (u64, u64);

/// The key of an id.
pub(crate) fn key_of(id: &BlockId) -> u64 {
    u64::from_be_bytes(*id.0.first_chunk().expect("an id has 32 bytes"))
}

/// A sorted file, with what of it is held in memory.
#[derive(Debug)]
pub(crate) struct Run {
    file: ReadFile,
    /// First and last segment whose blocks it knows.
    pub(crate) span: (u64, u64),
    count: usize,
    pages: Vec<(u64, u32)>,
    filter: Filter,
}

impl Run {
    /// Writes sorted `pairs`, `count` of them or about as many.
    pub(crate) fn create(
        path: PathBuf,
        span: (u64, u64),
        count: usize,
        mut pairs: impl Iterator<Item = Result<Pair, StoreError>>,
    ) -> Result<Self, StoreError> {
        let mut pages = Vec::with_capacity(count.div_ceil(PAGE_PAIRS));
        let mut filter = Filter::new(count);
        let mut written = 0;
        let mut failed = None;
        write_whole(&path, |out| {
            // The count is not known before the end, so the header is the trailer.
            let mut page = Vec::with_capacity(PAGE_PAIRS * PAIR_BYTES);
            loop {
                let next = match pairs.next().transpose() {
                    Ok(next) => next,
                    Err(error) => {
                        failed = Some(error);
                        return Err(io::Error::other("an input failed"));
                    }
                };
                if let Some((key, seq)) = next {
                    if page.is_empty() {
                        pages.push((key, 0));
                    }
                    page.extend_from_slice(&key.to_le_bytes());
                    page.extend_from_slice(&seq.to_le_bytes());
                    filter.add(key);
                    written += 1;
                }
                if page.len() == PAGE_PAIRS * PAIR_BYTES || next.is_none() && !page.is_empty() {
                    out.write_all(&page)?;
                    pages.last_mut().expect("a page was begun").1 = crc32fast::hash(&page);
                    page.clear();
                }
                if next.is_none() {
                    break;
                }
            }
            write_tail(out, span, written, &pages, &filter)
        })
        .map_err(|error| failed.take().unwrap_or(error))?;
        Ok(Self {
            file: ReadFile::open(path)?,
            span,
            count: written,
            pages,
            filter,
        })
    }

    /// Opens a run; `None` when it is damaged, so that it must be made again.
    pub(crate) fn open(path: PathBuf, span: (u64, u64)) -> Result<Option<Self>, StoreError> {
        let file = ReadFile::open(path)?;
        let size = file.size()?;
        let Some(header_at) = size.checked_sub(HEADER_BYTES as u64) else {
            return Ok(None);
        };
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, header_at)?;
        let number =
            |at: usize| u64::from_le_bytes(*header[at..].first_chunk().expect("within the header"));
        let (count, filter_bytes) = (number(24), number(32));
        let page_count = count.div_ceil(PAGE_PAIRS as u64);
        let tail_bytes = page_count.saturating_mul(12).saturating_add(filter_bytes);
        let needed = count
            .saturating_mul(PAIR_BYTES as u64)
            .saturating_add(tail_bytes);
        let crc = u32::from_le_bytes(*header[56..].first_chunk().expect("within the header"));
        let own = u32::from_le_bytes(*header[60..].first_chunk().expect("within the header"));
        if header[..8] != *MAGIC
            || own != crc32fast::hash(&header[..60])
            || (number(8), number(16)) != span
            || needed != header_at
        {
            return Ok(None);
        }
        let mut tail = vec![0; tail_bytes as usize];
        file.read_exact_at(&mut tail, header_at - tail_bytes)?;
        if crc32fast::hash(&tail) != crc {
            return Ok(None);
        }
        let (pages, filter) = tail.split_at(12 * page_count as usize);
        Ok(Some(Self {
            file,
            span,
            count: count as usize,
            pages: pages.as_chunks::<12>().0.iter().map(page_from).collect(),
            filter: Filter::from_bytes(filter),
        }))
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Entries in it, also those of segments that are gone.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn size_bytes(&self) -> Result<u64, StoreError> {
        self.file.size()
    }

    /// Appends the numbers that `key` may stand for.
    pub(crate) fn find(&self, key: u64, found: &mut Vec<u64>) -> Result<(), StoreError> {
        if !self.filter.may_have(key) {
            return Ok(());
        }
        // Equal keys may begin at the end of the page before.
        let first = self
            .pages
            .partition_point(|page| page.0 < key)
            .saturating_sub(1);
        for index in first..self.pages.len() {
            if self.pages[index].0 > key {
                break;
            }
            let page = self.page(index)?;
            let pairs = page.as_chunks::<PAIR_BYTES>().0;
            let start = pairs.partition_point(|pair| pair_from(pair).0 < key);
            let equal = pairs[start..].iter().map(pair_from);
            found.extend(equal.take_while(|pair| pair.0 == key).map(|pair| pair.1));
        }
        Ok(())
    }

    /// Reads everything and looks at the checksums.
    pub(crate) fn verify(&self) -> Result<(), StoreError> {
        (0..self.pages.len()).try_for_each(|index| self.page(index).map(|_| ()))
    }

    fn page(&self, index: usize) -> Result<Vec<u8>, StoreError> {
        let start = index * PAGE_PAIRS;
        let pairs = (self.count - start).min(PAGE_PAIRS);
        let mut page = vec![0; pairs * PAIR_BYTES];
        self.file
            .read_exact_at(&mut page, (start * PAIR_BYTES) as u64)?;
        if crc32fast::hash(&page) != self.pages[index].1 {
            return Err(StoreError::damaged(
                self.path(),
                format!("the checksum of page {index} is wrong"),
            ));
        }
        Ok(page)
    }

    /// All entries in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Result<Pair, StoreError>> + '_ {
        (0..self.pages.len()).flat_map(|index| {
            let (pairs, error) = match self.page(index) {
                Ok(page) => {
                    let pairs = page.as_chunks::<PAIR_BYTES>().0.iter().map(pair_from);
                    (pairs.collect(), None)
                }
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            pairs.into_iter().map(Ok).chain(error)
        })
    }
}

fn write_tail(
    out: &mut dyn Write,
    span: (u64, u64),
    count: usize,
    pages: &[(u64, u32)],
    filter: &Filter,
) -> io::Result<()> {
    let mut tail = Vec::with_capacity(pages.len() * 12);
    for (key, crc) in pages {
        tail.extend_from_slice(&key.to_le_bytes());
        tail.extend_from_slice(&crc.to_le_bytes());
    }
    let filter_start = tail.len();
    filter.write(&mut tail);
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..16].copy_from_slice(&span.0.to_le_bytes());
    header[16..24].copy_from_slice(&span.1.to_le_bytes());
    header[24..32].copy_from_slice(&(count as u64).to_le_bytes());
    header[32..40].copy_from_slice(&((tail.len() - filter_start) as u64).to_le_bytes());
    header[56..60].copy_from_slice(&crc32fast::hash(&tail).to_le_bytes());
    let own = crc32fast::hash(&header[..60]);
    header[60..].copy_from_slice(&own.to_le_bytes());
    out.write_all(&tail)?;
    out.write_all(&header)
}

fn pair_from(bytes: &[u8; PAIR_BYTES]) -> Pair {
    let number =
        |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("a pair has 16 bytes"));
    (number(0), number(8))
}

fn page_from(bytes: &[u8; 12]) -> (u64, u32) {
    let key = u64::from_le_bytes(*bytes.first_chunk().expect("it has 12 bytes"));
    let crc = u32::from_le_bytes(*bytes.last_chunk().expect("it has 12 bytes"));
    (key, crc)
}

/// Merges sorted inputs; pairs of numbers below `first_seq` are left out.
pub(crate) fn merge<'r>(
    runs: &'r [std::sync::Arc<Run>],
    first_seq: u64,
) -> impl Iterator<Item = Result<Pair, StoreError>> + 'r {
    let mut inputs: Vec<_> = runs.iter().map(|run| run.pairs().peekable()).collect();
    std::iter::from_fn(move || {
        let mut least: Option<(usize, Pair)> = None;
        for (index, input) in inputs.iter_mut().enumerate() {
            match input.peek() {
                Some(Ok(pair)) if least.is_none_or(|(_, found)| *pair < found) => {
                    least = Some((index, *pair));
                }
                Some(Err(_)) => return input.next(),
                _ => {}
            }
        }
        inputs[least?.0].next()
    })
    .filter(move |pair| !matches!(pair, Ok((_, seq)) if *seq < first_seq))
}

/// A blocked Bloom filter: all bits of a key lie in one cache line.
#[derive(Debug)]
struct Filter {
    words: Vec<u64>,
}

impl Filter {
    fn new(key_count: usize) -> Self {
        Self {
            words: vec![0; 8 * key_count.div_ceil(FILTER_BLOCK_KEYS).max(1)],
        }
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let words = bytes.as_chunks::<8>().0.iter();
        let mut words: Vec<u64> = words.map(|word| u64::from_le_bytes(*word)).collect();
        // A damaged length must not lead to a division by zero; the checksum was right, though.
        if words.len() < 8 {
            words = vec![u64::MAX; 8];
        }
        Self { words }
    }

    fn write(&self, out: &mut Vec<u8>) {
        for word in &self.words {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }

    fn add(&mut self, key: u64) {
        let (block, mut bits) = self.place(key);
        for _ in 0..FILTER_BITS {
            self.words[8 * block + (bits >> 6 & 7) as usize] |= 1 << (bits & 63);
            bits >>= 9;
        }
    }

    fn may_have(&self, key: u64) -> bool {
        let (block, mut bits) = self.place(key);
        for _ in 0..FILTER_BITS {
            if self.words[8 * block + (bits >> 6 & 7) as usize] >> (bits & 63) & 1 == 0 {
                return false;
            }
            bits >>= 9;
        }
        true
    }

    fn place(&self, key: u64) -> (usize, u64) {
        let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ key.rotate_left(31);
        let blocks = (self.words.len() / 8) as u128;
        let block = (u128::from(mixed) * blocks) >> 64;
        (block as usize, mixed.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }
}
