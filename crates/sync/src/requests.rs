//! What the node lacks and has asked for, or will ask for.
//!
//! ```text
//!             want                  ask                      received
//!  (nothing) ───────> ready ──────────────────> asked ────────────────> (nothing)
//!               │       ^                         │
//!               └─> put off <─── nobody can ──────┤ no answer in time
//!                       └───── its time comes ────┘
//! ```
//!
//! The lowest milestone index goes first. A request that nobody needs for a milestone is given up
//! after a while; one that a milestone needs is kept until it is answered.
//!
//! Requests that no milestone needs are *loose*, and anybody can cause them, by blocks whose
//! parents do not exist. There is room for so many; when it is full, whoever caused most of them
//! loses one. So nobody can keep the node from asking for what others have sent a child of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tangle_types::MilestoneIndex;

use crate::{PeerKey, Request};

/// Most requests. When full, the one with the highest index makes room for a lower one.
const REQUESTS_MAX: usize = 100_000;
/// Most loose requests; whoever caused most of them loses one for a further one.
const LOOSE_MAX: usize = 5_000;
/// How long an answer may take before another neighbour is asked.
const ANSWER_MS: u64 = 3_000;
/// How long a request waits when nobody can be asked.
const NOBODY_MS: u64 = 1_000;
/// Age at which a request that no milestone needs is given up.
const LOOSE_AGE_MS: u64 = 15_000;

/// What is wanted, and how much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    pub(crate) request: Request,
    /// The milestone that needs it.
    pub(crate) index: MilestoneIndex,
    /// Whether a milestone needs it for sure.
    pub(crate) is_kept: bool,
    /// Not asked for before this time, as it may come by itself.
    pub(crate) not_before_ms: u64,
    /// Who should have it, as it has sent a child of it.
    pub(crate) hint: Option<PeerKey>,
}

/// What a neighbour has left unanswered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// A milestone needs it for sure.
    Kept,
    /// It is a parent of a block that this very neighbour has sent.
    ParentOfItsOwn,
    /// Something else.
    Loose,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    want: Want,
    /// In whose part of the loose ones it is, also when that neighbour is gone.
    owner: Option<PeerKey>,
    since_ms: u64,
    /// A bit for each neighbour that was asked.
    asked: u64,
    /// The one neighbour whose answer is awaited.
    at: Option<PeerKey>,
    place: Place,
}

/// Where an entry is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In `ready`.
    Ready,
    /// In `later`, until this time.
    Later(u64),
}

/// The requests. Each is listed in `all`, and in exactly one of `ready` and `later`.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// Bounded by [`REQUESTS_MAX`].
    entries: HashMap<Request, Entry>,
    all: BTreeSet<(MilestoneIndex, Request)>,
    ready: BTreeSet<(MilestoneIndex, Request)>,
    /// With the time at which each gets ready.
    later: BTreeSet<(u64, Request)>,
    /// By who caused them, `None` for this node's own callers; no part is empty.
    loose: BTreeMap<Option<PeerKey>, BTreeSet<Request>>,
    /// How many these are; bounded by [`LOOSE_MAX`].
    loose_count: usize,
    /// Who need not answer any more, as the request gave way; empty between two calls from outside.
    given_way: Vec<PeerKey>,
}

/// A request that is to be asked next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(crate) request: Request,
    pub(crate) index: MilestoneIndex,
    pub(crate) is_kept: bool,
    pub(crate) asked: u64,
    pub(crate) hint: Option<PeerKey>,
    /// Who caused it.
    pub(crate) owner: Option<PeerKey>,
}

/// What became of a request that was given up or answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    pub(crate) index: MilestoneIndex,
    pub(crate) is_kept: bool,
    /// Whose answer was awaited.
    pub(crate) at: Option<PeerKey>,
}

impl Requests {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_any_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Takes up a request, or makes one that is there more urgent.
    pub(crate) fn want(&mut self, now_ms: u64, want: Want) {
        if self.entries.contains_key(&want.request) {
            self.want_more(now_ms, &want);
            return;
        }
        if !want.is_kept {
            if self.loose_count >= LOOSE_MAX && !self.make_loose_room(want.hint) {
                return;
            }
            self.add_loose(want.hint, want.request);
        }
        let entry = Entry {
            want,
            owner: want.hint,
            since_ms: now_ms,
            asked: 0,
            at: None,
            place: Place::Ready,
        };
        self.entries.insert(want.request, entry);
        self.all.insert((want.index, want.request));
        self.list(want.request);
        if want.not_before_ms > now_ms {
            self.move_to(want.request, Place::Later(want.not_before_ms));
        }
        if self.entries.len() > REQUESTS_MAX {
            self.make_room();
        }
    }

    /// Those whose answer is not awaited any more since this was called last.
    pub(crate) fn take_given_way(&mut self) -> Vec<PeerKey> {
        std::mem::take(&mut self.given_way)
    }

    /// Whether it is asked for, and for which milestone.
    pub(crate) fn index_of(&self, request: &Request) -> Option<MilestoneIndex> {
        Some(self.entries.get(request)?.want.index)
    }

    /// A bit for each neighbour that was asked for it, and whether an answer may still come.
    pub(crate) fn asked(&self, request: &Request) -> Option<(u64, bool)> {
        let entry = self.entries.get(request)?;
        Some((entry.asked, entry.at.is_some()))
    }

    /// It has come, or is needed no more.
    pub(crate) fn remove(&mut self, request: &Request) -> Option<Done> {
        if self.entries.is_empty() {
            // Most blocks come unasked, and this saves the hashing.
            return None;
        }
        let entry = self.entries.remove(request)?;
        self.all.remove(&(entry.want.index, *request));
        self.unlist(*request, &entry);
        if !entry.want.is_kept {
            self.remove_loose(entry.owner, request);
        }
        Some(Done {
            index: entry.want.index,
            is_kept: entry.want.is_kept,
            at: entry.at,
        })
    }

    /// The requests whose time has come go back to the ready ones; those too old are given up.
    /// `unanswered` is told who has not answered what.
    pub(crate) fn wake(&mut self, now_ms: u64, mut unanswered: impl FnMut(PeerKey, Unanswered)) {
        while let Some((due, request)) = self.later.first().copied()
            && due <= now_ms
        {
            let entry = self.entries.get_mut(&request).expect("it is listed");
            if let Some(peer) = entry.at.take() {
                let what = if entry.want.is_kept {
                    Unanswered::Kept
                } else if entry.want.hint == Some(peer) {
                    Unanswered::ParentOfItsOwn
                } else {
                    Unanswered::Loose
                };
                unanswered(peer, what);
            }
            let is_old = now_ms.saturating_sub(entry.since_ms) >= LOOSE_AGE_MS;
            if is_old && !entry.want.is_kept {
                self.remove(&request);
            } else {
                self.move_to(request, Place::Ready);
            }
        }
    }

    /// The most urgent requests that can be asked now, at most `count`.
    pub(crate) fn ready(&self, count: usize) -> impl Iterator<Item = Ready> + '_ {
        self.ready.iter().take(count).map(|(index, request)| {
            let entry = &self.entries[request];
            Ready {
                request: *request,
                index: *index,
                is_kept: entry.want.is_kept,
                asked: entry.asked,
                hint: entry.want.hint,
                owner: entry.owner,
            }
        })
    }

    /// It was asked: of one neighbour whose answer is awaited, or of several.
    pub(crate) fn on_asked(
        &mut self,
        now_ms: u64,
        request: Request,
        bits: u64,
        at: Option<PeerKey>,
    ) {
        if let Some(entry) = self.entries.get_mut(&request) {
            entry.asked |= bits;
            entry.at = at;
            self.move_to(request, Place::Later(now_ms + ANSWER_MS));
        }
    }

    /// Nobody can be asked for it now.
    pub(crate) fn put_off(&mut self, now_ms: u64, request: Request) {
        if self.entries.contains_key(&request) {
            self.move_to(request, Place::Later(now_ms + NOBODY_MS));
        }
    }

    /// A neighbour is gone: what it was asked for is asked of others, and `bit` gets free.
    pub(crate) fn on_disconnected(&mut self, peer: PeerKey, bit: u64) {
        let mut open = Vec::new();
        for (request, entry) in &mut self.entries {
            entry.asked &= !bit;
            if entry.want.hint == Some(peer) {
                entry.want.hint = None;
            }
            if entry.at == Some(peer) {
                entry.at = None;
                open.push(*request);
            }
        }
        for request in open {
            self.move_to(request, Place::Ready);
        }
    }

    /// A neighbour has lost its right to be heard: what it alone has caused is not asked for.
    pub(crate) fn forget_loose_of(&mut self, peer: PeerKey, mut gone: impl FnMut(Done)) {
        for request in self.loose.get(&Some(peer)).cloned().unwrap_or_default() {
            if let Some(done) = self.remove(&request) {
                gone(done);
            }
        }
    }

    /// Nobody could be asked before; perhaps now. Makes what waits without being asked ready.
    pub(crate) fn retry_put_off(&mut self, now_ms: u64) {
        let put_off: Vec<_> = self
            .later
            .iter()
            .filter(|(_, request)| {
                let entry = &self.entries[request];
                entry.asked == 0 && entry.want.not_before_ms <= now_ms
            })
            .copied()
            .collect();
        for (_, request) in put_off {
            self.move_to(request, Place::Ready);
        }
    }

    /// Milestones up to `index` need no answer any more. What no milestone needed for sure may
    /// still be missing, so it is asked for as if the next milestone needed it, until it is too
    /// old.
    pub(crate) fn forget_up_to(&mut self, index: MilestoneIndex, mut gone: impl FnMut(Done)) {
        let old: Vec<Request> = self
            .all
            .iter()
            .take_while(|(needed_by, _)| *needed_by <= index)
            .map(|(_, request)| *request)
            .collect();
        for request in old {
            if !self.entries[&request].want.is_kept {
                self.renumber(request, index.next());
            } else if let Some(done) = self.remove(&request) {
                gone(done);
            }
        }
    }

    fn renumber(&mut self, request: Request, index: MilestoneIndex) {
        let before = self.entries[&request];
        self.all.remove(&(before.want.index, request));
        self.unlist(request, &before);
        self.entries
            .get_mut(&request)
            .expect("it was there a moment ago")
            .want
            .index = index;
        self.all.insert((index, request));
        self.list(request);
    }

    /// Whether anything is asked for that milestone `index` needs for sure.
    pub(crate) fn has_up_to(&self, index: MilestoneIndex) -> bool {
        let mut lowest = self.all.iter().take_while(|(needed, _)| *needed <= index);
        lowest.any(|(_, request)| self.entries[request].want.is_kept)
    }

    /// It is there already; it may be needed more, or sooner.
    fn want_more(&mut self, now_ms: u64, want: &Want) {
        let Some(entry) = self.entries.get_mut(&want.request) else {
            return;
        };
        let becomes_kept = want.is_kept && !entry.want.is_kept;
        let index = if becomes_kept {
            want.index
        } else {
            entry.want.index.min(want.index)
        };
        let is_due = entry.at.is_none() && entry.asked == 0 && want.not_before_ms <= now_ms;
        if becomes_kept {
            entry.want.is_kept = true;
            let owner = entry.owner;
            self.remove_loose(owner, &want.request);
        }
        let Some(entry) = self.entries.get_mut(&want.request) else {
            return;
        };
        let place = if is_due { Place::Ready } else { entry.place };
        if index == entry.want.index && place == entry.place {
            return;
        }
        let before = *entry;
        entry.want.index = index;
        entry.place = place;
        self.all.remove(&(before.want.index, want.request));
        self.all.insert((index, want.request));
        self.unlist(want.request, &before);
        self.list(want.request);
    }

    fn make_room(&mut self) {
        if let Some((_, last)) = self.all.last().copied() {
            self.remove(&last);
        }
    }

    fn add_loose(&mut self, owner: Option<PeerKey>, request: Request) {
        self.loose.entry(owner).or_default().insert(request);
        self.loose_count += 1;
    }

    fn remove_loose(&mut self, owner: Option<PeerKey>, request: &Request) {
        if let Some(part) = self.loose.get_mut(&owner)
            && part.remove(request)
        {
            self.loose_count -= 1;
            if part.is_empty() {
                self.loose.remove(&owner);
            }
        }
    }

    /// Takes one from whoever has most of the loose ones. `false` when that is `owner` itself.
    fn make_loose_room(&mut self, owner: Option<PeerKey>) -> bool {
        let own_count = self.loose.get(&owner).map_or(0, BTreeSet::len);
        let largest = self.loose.values().max_by_key(|part| part.len());
        let Some(last) = largest
            .filter(|part| part.len() > own_count)
            .and_then(|part| part.last().copied())
        else {
            return false;
        };
        let done = self.remove(&last);
        self.given_way.extend(done.and_then(|done| done.at));
        true
    }

    fn move_to(&mut self, request: Request, place: Place) {
        let entry = self.entries[&request];
        self.unlist(request, &entry);
        self.entries
            .get_mut(&request)
            .expect("it was there a moment ago")
            .place = place;
        self.list(request);
    }

    fn list(&mut self, request: Request) {
        let entry = &self.entries[&request];
        match entry.place {
            Place::Ready => self.ready.insert((entry.want.index, request)),
            Place::Later(due) => self.later.insert((due, request)),
        };
    }

    fn unlist(&mut self, request: Request, entry: &Entry) {
        match entry.place {
            Place::Ready => self.ready.remove(&(entry.want.index, request)),
            Place::Later(due) => self.later.remove(&(due, request)),
        };
    }
}
