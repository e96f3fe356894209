//! Bit sets of one size in one piece of memory.

/// All of them; a freed one is given again.
#[derive(Clone, Debug)]
pub(crate) struct Cones {
    word_count: usize,
    words: Vec<u64>,
    free: Vec<u32>,
}

impl Cones {
    /// None yet; each will have `word_count` words.
    pub(crate) const fn new(word_count: usize) -> Self {
        Self {
            word_count,
            words: Vec::new(),
            free: Vec::new(),
        }
    }

    /// An empty set.
    pub(crate) fn take(&mut self) -> u32 {
        if let Some(cone) = self.free.pop() {
            self.words_mut(cone).fill(0);
            return cone;
        }
        let cone = self.words.len() / self.word_count;
        self.words.resize(self.words.len() + self.word_count, 0);
        cone as u32
    }

    pub(crate) fn free(&mut self, cone: u32) {
        self.free.push(cone);
    }

    pub(crate) fn words(&self, cone: u32) -> &[u64] {
        &self.words[cone as usize * self.word_count..][..self.word_count]
    }

    fn words_mut(&mut self, cone: u32) -> &mut [u64] {
        &mut self.words[cone as usize * self.word_count..][..self.word_count]
    }

    pub(crate) fn has(&self, cone: u32, slot: usize) -> bool {
        self.words(cone)[slot / 64] >> (slot % 64) & 1 == 1
    }

    pub(crate) fn set(&mut self, cone: u32, slot: usize) {
        self.words_mut(cone)[slot / 64] |= 1 << (slot % 64);
    }

    /// Adds all of `other`, which is another one.
    pub(crate) fn join(&mut self, cone: u32, other: u32) {
        let (cone, other) = (cone as usize, other as usize);
        let (low, high) = (cone.min(other), cone.max(other));
        let (front, back) = self.words.split_at_mut(high * self.word_count);
        let low = &mut front[low * self.word_count..][..self.word_count];
        let high = &mut back[..self.word_count];
        let (into, from) = if cone < other {
            (low, high)
        } else {
            (high, low)
        };
        for (into, from) in into.iter_mut().zip(from) {
            *into |= *from;
        }
    }

    /// Empties the same word of all sets.
    pub(crate) fn clear_word(&mut self, word: usize) {
        for cone in self.words.chunks_exact_mut(self.word_count) {
            cone[word] = 0;
        }
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
