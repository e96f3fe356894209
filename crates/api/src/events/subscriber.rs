//! One who is told, and what waits to be sent to them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// In which form somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// MQTT in messages of WebSocket.
    WebSocket,
    /// MQTT as it is, over TCP.
    Tcp,
    /// Server-sent events.
    Sse,
}

impl Form {
    pub(crate) const ALL: [Self; 3] = [Self::WebSocket, Self::Tcp, Self::Sse];
}

/// Why somebody is told nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// They read too slowly.
    Slow,
    /// The node stops.
    Stopping,
}

/// A queue that one connection empties. Its pieces are shared with other subscribers of a topic.
///
/// When it is full, the subscriber is given up: what it missed could not be made good.
#[derive(Debug)]
pub(crate) struct Subscriber {
    form: Form,
    bytes_max: usize,
    /// Guards the queue; held for as long as a piece takes to be put in or all to be taken out.
    queue: Mutex<Queue>,
    ready: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    end: Option<End>,
}

impl Subscriber {
    pub(crate) fn new(form: Form, bytes_max: usize) -> Self {
        Self {
            form,
            bytes_max,
            queue: Mutex::default(),
            ready: Notify::new(),
        }
    }

    pub(crate) const fn form(&self) -> Form {
        self.form
    }

    /// Adds what shall be sent. When that is too much, the subscriber is given up.
    pub(crate) fn push(&self, piece: Bytes) {
        let mut queue = self.queue();
        if queue.end.is_some() {
            return;
        }
        let has_room = queue.pieces.is_empty() || queue.bytes + piece.len() <= self.bytes_max;
        if has_room {
            queue.bytes += piece.len();
            queue.pieces.push_back(piece);
        } else {
            *queue = Queue {
                end: Some(End::Slow),
                ..Queue::default()
            };
        }
        drop(queue);
        self.ready.notify_one();
    }

    /// Whether they were given up.
    pub(crate) fn is_slow(&self) -> bool {
        self.queue().end == Some(End::Slow)
    }

    /// Says that nothing more will come.
    pub(crate) fn end(&self, end: End) {
        self.queue().end.get_or_insert(end);
        self.ready.notify_one();
    }

    /// Waits for what shall be sent, and takes all of it.
    pub(crate) async fn next(&self) -> Result<VecDeque<Bytes>, End> {
        loop {
            if let Some(taken) = self.take() {
                return taken;
            }
            self.ready.notified().await;
        }
    }

    fn take(&self) -> Option<Result<VecDeque<Bytes>, End>> {
        let mut queue = self.queue();
        if let Some(end) = queue.end {
            return Some(Err(end));
        }
        queue.bytes = 0;
        let pieces = std::mem::take(&mut queue.pieces);
        (!pieces.is_empty()).then_some(Ok(pieces))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_come_in_order_until_there_are_too_many() {
        let subscriber = Subscriber::new(Form::Sse, 10);
        let large = Bytes::from_static(&[0; 20]);
        subscriber.push(large.clone());
        assert_eq!(subscriber.next().await, Ok([large].into()));
        for text in ["abcd", "efgh", "ij"] {
            subscriber.push(text.into());
        }
        let expected = ["abcd", "efgh", "ij"].map(Bytes::from);
        assert_eq!(subscriber.next().await, Ok(expected.into()));
        subscriber.push("0123456789".into());
        subscriber.push("a".into());
        assert_eq!(subscriber.next().await, Err(End::Slow));
        subscriber.push("b".into());
        assert_eq!(subscriber.next().await, Err(End::Slow));
    }

    #[tokio::test]
    async fn waiting_ends_with_the_node() {
        let subscriber = Subscriber::new(Form::Tcp, 10);
        let (heard, ()) = tokio::join!(subscriber.next(), async { subscriber.end(End::Stopping) });
        assert_eq!(heard, Err(End::Stopping));
    }
}
