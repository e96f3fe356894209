//! Bit sets of one size that share what they have in common.
//!
//! A set is a row of *chunks* of 512 bits each. Two sets whose chunks at a position are equal name
//! the same chunk there, as far as that is cheap to find out: what is old is in all cones, so most
//! of a row is the same for all, and neither takes memory nor has to be looked at when two sets are
//! joined. A chunk is changed in place only while a single set names it.

/// Words of a chunk.
pub(crate) const CHUNK_WORDS: usize = 8;
/// The chunk without a bit, which is at every position and is never given up.
const EMPTY: u32 = 0;
/// No chunk.
const NONE: u32 = u32::MAX;

/// Words of a chunk.
pub(crate) type Chunk = [u64; CHUNK_WORDS];

/// All of them; a freed one is given again.
#[derive(Clone, Debug)]
pub(crate) struct Cones {
    /// Chunks in a row.
    row_len: usize,
    rows: Vec<u32>,
    free_rows: Vec<u32>,
    chunks: Vec<Chunk>,
    /// Rows that name a chunk.
    uses: Vec<u32>,
    /// Where a chunk is in the list of its position.
    listed: Vec<u32>,
    free_chunks: Vec<u32>,
    /// The chunks in use, by position.
    lists: Vec<Vec<u32>>,
    /// By position, the chunk made last: others come to the same.
    newest: Vec<u32>,
    /// By position, a chunk that is known to be as all are expected to be.
    common: Vec<u32>,
}

impl Cones {
    /// None yet; each will have `word_count` words.
    pub(crate) fn new(word_count: usize) -> Self {
        let row_len = word_count.div_ceil(CHUNK_WORDS);
        Self {
            row_len,
            rows: Vec::new(),
            free_rows: Vec::new(),
            chunks: vec![[0; CHUNK_WORDS]],
            uses: vec![0],
            listed: vec![NONE],
            free_chunks: Vec::new(),
            lists: vec![Vec::new(); row_len],
            newest: vec![EMPTY; row_len],
            common: vec![NONE; row_len],
        }
    }

    /// An empty set.
    pub(crate) fn take(&mut self) -> u32 {
        if let Some(cone) = self.free_rows.pop() {
            return cone;
        }
        let cone = self.rows.len() / self.row_len;
        self.rows.resize(self.rows.len() + self.row_len, EMPTY);
        cone as u32
    }

    pub(crate) fn free(&mut self, cone: u32) {
        let start = cone as usize * self.row_len;
        for position in 0..self.row_len {
            let chunk = std::mem::replace(&mut self.rows[start + position], EMPTY);
            self.release(position, chunk);
        }
        self.free_rows.push(cone);
    }

    /// The words of a set at a position of its row.
    #[inline]
    pub(crate) fn chunk(&self, cone: u32, position: usize) -> Chunk {
        self.chunks[self.rows[cone as usize * self.row_len + position] as usize]
    }

    pub(crate) fn has(&self, cone: u32, slot: usize) -> bool {
        let word = slot / 64;
        let chunk = self.chunk(cone, word / CHUNK_WORDS);
        chunk[word % CHUNK_WORDS] >> (slot % 64) & 1 == 1
    }

    pub(crate) fn set(&mut self, cone: u32, slot: usize) {
        let (word, bit) = (slot / 64, 1 << (slot % 64));
        let position = word / CHUNK_WORDS;
        let mut chunk = self.chunk(cone, position);
        chunk[word % CHUNK_WORDS] |= bit;
        self.put(cone as usize * self.row_len + position, position, chunk);
    }

    /// Adds all of `other`, which is another one.
    pub(crate) fn join(&mut self, cone: u32, other: u32) {
        let into = cone as usize * self.row_len;
        let from = other as usize * self.row_len;
        for position in 0..self.row_len {
            let (ours, theirs) = (self.rows[into + position], self.rows[from + position]);
            if ours == theirs || theirs == EMPTY {
                continue;
            }
            if ours == EMPTY {
                self.rows[into + position] = theirs;
                self.uses[theirs as usize] += 1;
                continue;
            }
            let (mut chunk, add) = (self.chunks[ours as usize], self.chunks[theirs as usize]);
            chunk
                .iter_mut()
                .zip(add)
                .for_each(|(into, add)| *into |= add);
            if chunk == add {
                self.share(into + position, position, theirs);
            } else {
                self.put(into + position, position, chunk);
            }
        }
    }

    /// Lets a place in a row name a chunk with these words.
    fn put(&mut self, at: usize, position: usize, chunk: Chunk) {
        let before = self.rows[at];
        if chunk == self.chunks[before as usize] {
            return;
        }
        let newest = self.newest[position];
        if chunk == self.chunks[newest as usize] {
            self.share(at, position, newest);
        } else if before != EMPTY && self.uses[before as usize] == 1 {
            self.chunks[before as usize] = chunk;
            self.newest[position] = before;
            self.forget_common(position, before);
        } else {
            let new = self.make(position, chunk);
            self.share(at, position, new);
            self.newest[position] = new;
        }
    }

    /// Lets a place in a row name another chunk.
    fn share(&mut self, at: usize, position: usize, chunk: u32) {
        if chunk != EMPTY {
            self.uses[chunk as usize] += 1;
        }
        let before = std::mem::replace(&mut self.rows[at], chunk);
        self.release(position, before);
    }

    /// A chunk with these words that no row names yet.
    fn make(&mut self, position: usize, chunk: Chunk) -> u32 {
        let list = &mut self.lists[position];
        let listed = list.len() as u32;
        let number = match self.free_chunks.pop() {
            Some(number) => {
                self.chunks[number as usize] = chunk;
                self.listed[number as usize] = listed;
                number
            }
            None => {
                self.chunks.push(chunk);
                self.uses.push(0);
                self.listed.push(listed);
                self.chunks.len() as u32 - 1
            }
        };
        list.push(number);
        number
    }

    /// A row names a chunk no more; one that none names is given again.
    #[inline]
    fn release(&mut self, position: usize, chunk: u32) {
        if chunk == EMPTY {
            return;
        }
        let uses = &mut self.uses[chunk as usize];
        *uses -= 1;
        if *uses == 0 {
            self.give_up(position, chunk);
        }
    }

    fn give_up(&mut self, position: usize, chunk: u32) {
        let list = &mut self.lists[position];
        let listed = self.listed[chunk as usize];
        list.swap_remove(listed as usize);
        if let Some(moved) = list.get(listed as usize) {
            self.listed[*moved as usize] = listed;
        }
        if self.newest[position] == chunk {
            self.newest[position] = EMPTY;
        }
        self.forget_common(position, chunk);
        self.free_chunks.push(chunk);
    }

    fn forget_common(&mut self, position: usize, chunk: u32) {
        if self.common[position] == chunk {
            self.common[position] = NONE;
        }
    }

    /// Lists the positions at which a set is not known to be as all are expected to be.
    pub(crate) fn differing(&self, cone: u32, positions: &mut Vec<u32>) {
        let row = &self.rows[cone as usize * self.row_len..][..self.row_len];
        positions.clear();
        for (position, (chunk, common)) in (0_u32..).zip(row.iter().zip(&self.common)) {
            if chunk != common {
                positions.push(position);
            }
        }
    }

    /// What a set has at a position is what all are expected to have there.
    pub(crate) fn set_common(&mut self, cone: u32, position: usize) {
        self.common[position] = self.rows[cone as usize * self.row_len + position];
    }

    /// What is expected at a position is another one now.
    pub(crate) fn clear_common(&mut self, position: usize) {
        self.common[position] = NONE;
    }

    /// Empties the same word of all sets; none is expected to have a bit there.
    pub(crate) fn clear_word(&mut self, word: usize) {
        for chunk in &self.lists[word / CHUNK_WORDS] {
            self.chunks[*chunk as usize][word % CHUNK_WORDS] = 0;
        }
        self.clear_common(word / CHUNK_WORDS);
    }
}

/// Hands the numbers of the bits that are set to `each`.
#[inline]
pub(crate) fn bits(mut word: u64, mut each: impl FnMut(usize)) {
    while word != 0 {
        each(word.trailing_zeros() as usize);
        word &= word - 1;
    }
}
