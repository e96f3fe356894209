//! Where subscriptions and events meet.
//!
//! The first subscription starts a thread that listens to the node, and the last one that ends
//! stops it.

use std::collections::HashSet;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tangle_node::Handle;
use tangle_storage::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::known;
use super::publisher::Publisher;
use super::registry::Registry;
use super::subscriber::{Form, Subscriber};
use super::topic::{Topic, TopicError};
use crate::EventLimits;

/// Subscriptions to the events of a node.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(super) node: Handle,
    pub(super) limits: EventLimits,
    places: Arc<Semaphore>,
    /// Guards who is told of what; held while what was told is written and put into queues, never
    /// while something is read or sent.
    registry: Mutex<Registry>,
}

/// A connection's subscriptions. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Subscription {
    hub: Arc<Hub>,
    subscriber: Arc<Subscriber>,
    topics: HashSet<Topic>,
    _place: OwnedSemaphorePermit,
}

/// Why somebody is not told of a topic.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscribeError {
    #[error("{0}")]
    Topic(#[from] TopicError),
    #[error("a connection has at most {0} topics")]
    TooMany(usize),
    #[error("this node tells of no more topics for the moment")]
    Full,
    #[error("the node is stopping")]
    Stopping,
    #[error("the system starts no more threads: {0}")]
    Thread(#[from] io::Error),
}

impl Hub {
    pub(crate) fn new(node: Handle, limits: EventLimits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.connections_max)),
            registry: Mutex::default(),
            node,
            limits,
        }
    }

    /// A place for a connection that is told of events; `None` when there are too many.
    pub(crate) fn enter(self: &Arc<Self>, form: Form) -> Option<Subscription> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let meter = self.node.event_meter();
        meter.subscribers.fetch_add(1, Ordering::Relaxed);
        Some(Subscription {
            hub: Arc::clone(self),
            subscriber: Arc::new(Subscriber::new(form, self.limits.queue_bytes_max)),
            topics: HashSet::new(),
            _place: place,
        })
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to listen to the node, if nobody does yet.
    fn listen(self: &Arc<Self>, registry: &mut Registry) -> io::Result<()> {
        if registry.listener.is_some() {
            return Ok(());
        }
        let listener = Arc::new(self.node.listen());
        let publisher = Publisher::new(self, &listener);
        std::thread::Builder::new()
            .name("events".into())
            .spawn(move || publisher.run())?;
        registry.listener = Some(listener);
        Ok(())
    }
}

impl Subscription {
    pub(crate) fn subscriber(&self) -> &Arc<Subscriber> {
        &self.subscriber
    }

    /// Subscribes to a topic. Whatever happens from now on is told.
    pub(crate) fn add(&mut self, text: &str) -> Result<Topic, SubscribeError> {
        let hub = Arc::clone(&self.hub);
        let status = hub.node.status();
        let topic = Topic::parse(text, &status.parameters.bech32_hrp)?;
        let is_new = !self.topics.contains(&topic);
        if is_new && self.topics.len() >= hub.limits.topics_max {
            return Err(SubscribeError::TooMany(hub.limits.topics_max));
        }
        let mut registry = hub.registry();
        if registry.is_over {
            return Err(SubscribeError::Stopping);
        }
        if is_new && registry.subscription_count() >= hub.limits.topics_total_max {
            return Err(SubscribeError::Full);
        }
        hub.listen(&mut registry)?;
        registry.add(&topic, text, &self.subscriber);
        drop(registry);
        if is_new {
            let meter = hub.node.event_meter();
            meter.subscriptions.fetch_add(1, Ordering::Relaxed);
            self.topics.insert(topic.clone());
        }
        Ok(topic)
    }

    /// Tells the subscriber what is known of a topic already. It subscribed before that was looked
    /// up, so nothing is lost in between.
    pub(crate) async fn tell_known(&self, topic: &Topic) -> Result<(), StoreError> {
        if let Some(body) = known::of(&self.hub.node, topic).await? {
            let mut registry = self.hub.registry();
            registry.tell_one(topic, &self.subscriber, &body);
        }
        Ok(())
    }

    /// Ends the subscription to a topic.
    pub(crate) fn remove(&mut self, text: &str) {
        let status = self.hub.node.status();
        if let Ok(topic) = Topic::parse(text, &status.parameters.bech32_hrp)
            && self.topics.remove(&topic)
        {
            self.hub.registry().remove(&topic, &self.subscriber);
            self.count_down(1);
        }
    }

    fn count_down(&self, count: usize) {
        let meter = self.hub.node.event_meter();
        let count = count as u64;
        meter.subscriptions.fetch_sub(count, Ordering::Relaxed);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let topics = std::mem::take(&mut self.topics);
        let mut registry = self.hub.registry();
        for topic in &topics {
            registry.remove(topic, &self.subscriber);
        }
        drop(registry);
        self.count_down(topics.len());
        let meter = self.hub.node.event_meter();
        meter.subscribers.fetch_sub(1, Ordering::Relaxed);
        if self.subscriber.is_slow() {
            meter.given_up.fetch_add(1, Ordering::Relaxed);
            tracing::debug!("a subscriber read too slowly and is told nothing more");
        }
    }
}
