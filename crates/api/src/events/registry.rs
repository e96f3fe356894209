//! Who is told of what.
//!
//! A message is written once for each form that somebody wants, and shared by all who want it. What
//! is told together goes to each of them in one piece.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use bytes::Bytes;
use tangle_node::Listener;
use tangle_types::BlockId;

use super::body::Body;
use super::subscriber::{End, Form, Subscriber};
use super::topic::Topic;

/// Bytes from which on a piece is sent although more belongs to it.
const PIECE_BYTES: usize = 64 << 10;

/// Topics that are told for the same reason, so that nothing is done when nobody wants them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Info,
    Blocks,
    Milestones,
    Receipts,
    Included,
    States,
    Referenced,
    TipScores,
    Outputs,
    Live,
}

const GROUP_COUNT: usize = 10;

impl Group {
    pub(crate) const fn of(topic: &Topic) -> Self {
        match topic {
            Topic::Latest | Topic::Confirmed => Self::Info,
            Topic::Blocks(_) => Self::Blocks,
            Topic::Milestones => Self::Milestones,
            Topic::Receipts => Self::Receipts,
            Topic::IncludedBlock(_) => Self::Included,
            Topic::BlockMetadata(_) => Self::States,
            Topic::Referenced => Self::Referenced,
            Topic::TipScores => Self::TipScores,
            Topic::Output(_)
            | Topic::Alias(_)
            | Topic::Nft(_)
            | Topic::Foundry(_)
            | Topic::Unlock(..) => Self::Outputs,
            Topic::Live => Self::Live,
        }
    }

    /// Groups that are told of as blocks become solid.
    const OF_BLOCKS: [Self; 5] = [
        Self::Blocks,
        Self::Milestones,
        Self::States,
        Self::TipScores,
        Self::Live,
    ];
}

/// All topics that somebody wants.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    audiences: HashMap<Topic, Audience>,
    /// Subscriptions of each group.
    counts: [usize; GROUP_COUNT],
    /// Topics with something to send.
    touched: Vec<Topic>,
    /// Blocks that somebody has asked for since they were last taken.
    pub(super) asked: Vec<BlockId>,
    /// The node's events, while somebody is told of them.
    pub(super) listener: Option<Arc<Listener>>,
    /// Bytes sent, summed over all subscribers.
    pub(super) told_bytes: u64,
    /// Whether the node has stopped.
    pub(super) is_over: bool,
}

/// Those who want one topic.
#[derive(Debug)]
struct Audience {
    text: String,
    members: Vec<Member>,
    /// Members of each form.
    form_counts: [usize; Form::ALL.len()],
    /// What will be sent, in each form.
    pending: [Vec<u8>; Form::ALL.len()],
}

#[derive(Debug)]
struct Member {
    subscriber: Arc<Subscriber>,
    /// Whether they were told of something since they subscribed.
    has_heard: bool,
}

impl Registry {
    pub(crate) fn wants(&self, group: Group) -> bool {
        self.counts[group as usize] > 0
    }

    pub(crate) fn has(&self, topic: &Topic) -> bool {
        self.audiences.contains_key(topic)
    }

    /// Subscriptions in all.
    pub(crate) fn subscription_count(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Adds somebody to those who want a topic; whether they did not before.
    pub(crate) fn add(&mut self, topic: &Topic, text: &str, subscriber: &Arc<Subscriber>) -> bool {
        let audience = self.audiences.entry(topic.clone());
        let audience = audience.or_insert_with(|| Audience {
            text: text.to_owned(),
            members: Vec::new(),
            form_counts: Default::default(),
            pending: Default::default(),
        });
        if let Topic::BlockMetadata(id) = topic {
            self.asked.push(*id);
        }
        if let Some(member) = audience.member(subscriber) {
            member.has_heard = false;
            return false;
        }
        audience.members.push(Member {
            subscriber: Arc::clone(subscriber),
            has_heard: false,
        });
        audience.form_counts[subscriber.form() as usize] += 1;
        self.counts[Group::of(topic) as usize] += 1;
        self.tell_interest();
        true
    }

    /// Takes somebody from those who want a topic.
    pub(crate) fn remove(&mut self, topic: &Topic, subscriber: &Arc<Subscriber>) {
        let Entry::Occupied(mut entry) = self.audiences.entry(topic.clone()) else {
            return;
        };
        let audience = entry.get_mut();
        let is_member = |member: &Member| Arc::ptr_eq(&member.subscriber, subscriber);
        if let Some(position) = audience.members.iter().position(is_member) {
            audience.members.swap_remove(position);
            audience.form_counts[subscriber.form() as usize] -= 1;
            self.counts[Group::of(topic) as usize] -= 1;
        }
        if audience.members.is_empty() {
            entry.remove();
        }
        self.tell_interest();
    }

    fn tell_interest(&self) {
        if let Some(listener) = &self.listener {
            let wants_blocks = Group::OF_BLOCKS.iter().any(|group| self.wants(*group));
            listener.want_blocks(wants_blocks);
        }
    }

    /// Tells one subscriber of a topic what was known before, unless they heard something newer.
    pub(crate) fn tell_one(&mut self, topic: &Topic, subscriber: &Arc<Subscriber>, body: &Body) {
        let Some(audience) = self.audiences.get_mut(topic) else {
            return;
        };
        let mut piece = Vec::new();
        body.push(subscriber.form(), &audience.text, &mut piece);
        if let Some(member) = audience.member(subscriber)
            && !member.has_heard
        {
            subscriber.push(piece.into());
        }
    }

    /// Tells all who want a topic, with the next [`Registry::flush`]; `body` is asked for only when
    /// there are some.
    pub(crate) fn tell<'a>(&mut self, topic: &Topic, body: impl FnOnce() -> &'a Body) {
        let Some(audience) = self.audiences.get_mut(topic) else {
            return;
        };
        let body = body();
        if audience.pending.iter().all(Vec::is_empty) {
            self.touched.push(topic.clone());
        }
        let mut length_max = 0;
        for form in Form::ALL {
            if audience.form_counts[form as usize] > 0 {
                let pending = &mut audience.pending[form as usize];
                body.push(form, &audience.text, pending);
                length_max = length_max.max(pending.len());
            }
        }
        if length_max >= PIECE_BYTES {
            self.told_bytes += audience.send();
        }
    }

    /// Sends what was told since the last time.
    pub(crate) fn flush(&mut self) {
        for topic in std::mem::take(&mut self.touched) {
            if let Some(audience) = self.audiences.get_mut(&topic) {
                self.told_bytes += audience.send();
            }
        }
    }

    /// Ends all subscriptions.
    pub(crate) fn end(&mut self) {
        self.is_over = true;
        for audience in self.audiences.values() {
            for member in &audience.members {
                member.subscriber.end(End::Stopping);
            }
        }
    }
}

impl Audience {
    fn member(&mut self, subscriber: &Arc<Subscriber>) -> Option<&mut Member> {
        let mut members = self.members.iter_mut();
        members.find(|member| Arc::ptr_eq(&member.subscriber, subscriber))
    }

    /// Sends what is pending; how many bytes that were, summed over all members.
    fn send(&mut self) -> u64 {
        let mut told_bytes = 0;
        let pieces = std::mem::take(&mut self.pending).map(Bytes::from);
        for member in &mut self.members {
            let piece = &pieces[member.subscriber.form() as usize];
            if piece.is_empty() {
                continue;
            }
            member.has_heard = true;
            told_bytes += piece.len() as u64;
            member.subscriber.push(piece.clone());
        }
        told_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber(form: Form) -> Arc<Subscriber> {
        Arc::new(Subscriber::new(form, 1_000))
    }

    fn body(text: &'static str) -> Body {
        Body::Json(Bytes::from_static(text.as_bytes()))
    }

    async fn heard(subscriber: &Subscriber) -> String {
        let pieces = subscriber.next().await.expect("it is told");
        String::from_utf8(Vec::from(pieces).concat()).expect("text")
    }

    #[tokio::test]
    async fn those_who_want_a_topic_are_told_together() {
        let mut registry = Registry::default();
        let people = [subscriber(Form::Sse), subscriber(Form::Sse)];
        for person in &people {
            assert!(registry.add(&Topic::Live, "live", person));
        }
        assert!(!registry.add(&Topic::Live, "live", &people[0]), "again");
        assert!(registry.wants(Group::Live) && !registry.wants(Group::Info));
        for text in [body("1"), body("2")] {
            registry.tell(&Topic::Live, || &text);
        }
        registry.flush();
        for person in &people {
            let expected = "event: live\ndata: 1\n\nevent: live\ndata: 2\n\n";
            assert_eq!(heard(person).await, expected);
        }
    }

    #[tokio::test]
    async fn nobody_hears_the_older_after_the_newer() {
        let mut registry = Registry::default();
        let (first, second) = (subscriber(Form::Sse), subscriber(Form::Sse));
        registry.add(&Topic::Confirmed, "c", &first);
        let newer = body("2");
        registry.tell(&Topic::Confirmed, || &newer);
        registry.flush();
        registry.add(&Topic::Confirmed, "c", &second);
        for person in [&first, &second] {
            registry.tell_one(&Topic::Confirmed, person, &body("1"));
        }
        assert_eq!(heard(&first).await, "event: c\ndata: 2\n\n");
        assert_eq!(heard(&second).await, "event: c\ndata: 1\n\n");
    }

    #[test]
    fn body_is_not_asked_for_when_nobody_wants_it() {
        let mut registry = Registry::default();
        let person = subscriber(Form::Tcp);
        registry.add(&Topic::Live, "live", &person);
        registry.remove(&Topic::Live, &person);
        assert_eq!(registry.subscription_count(), 0);
        registry.tell(&Topic::Live, || unreachable!("nobody is left"));
        registry.flush();
        assert_eq!(registry.told_bytes, 0);
    }
}
