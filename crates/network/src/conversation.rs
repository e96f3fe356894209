//! One neighbour's streams: reads messages into its lane, writes what waits in its queues.
//!
//! A stream for cones may come later than the one for gossip, and may end before it; what matters
//! is gossip.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures::io::{BufReader, ReadHalf, WriteHalf};
use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p_swarm::Stream;
use tangle_types::cone::{self, ConeError, ConeHeader, ConeMessage};
use tangle_types::gossip::{GossipError, HEADER_SIZE_BYTES, Header, Message};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use crate::CloseReason;
use crate::config::Timing;
use crate::inbox::LaneWriter;
use crate::queue::{ConeQueue, SendQueue, size_bytes};

/// Bytes read at once.
const READ_BYTES: usize = 16 << 10;
/// The same of cones.
const READ_CONE_BYTES: usize = 64 << 10;
/// How long the other side may take to hear that the conversation is over.
const FAREWELL: Duration = Duration::from_secs(1);

/// What all sides know of a conversation.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) queue: SendQueue,
    pub(crate) cones: ConeQueue,
    /// Guards the stream for cones until the conversation takes it.
    cone_stream: Mutex<Option<Stream>>,
    has_cone_stream: Notify,
    pub(crate) received: Counts,
    pub(crate) sent: Counts,
    /// Milliseconds from `since` to when something was read last.
    heard_ms: AtomicU64,
    since: Instant,
    closing: OnceLock<CloseReason>,
    is_closing: Notify,
}

/// How much went by, in one direction.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) bytes: AtomicU64,
    pub(crate) blocks: AtomicU64,
    pub(crate) block_requests: AtomicU64,
    pub(crate) milestone_requests: AtomicU64,
    pub(crate) heartbeats: AtomicU64,
}

impl Counts {
    fn count_cone(&self, message: &ConeMessage) {
        if let ConeMessage::Blocks(blocks) = message {
            let count = blocks.blocks.len() as u64;
            self.blocks.fetch_add(count, Ordering::Relaxed);
        }
        let bytes = message.size_bytes() as u64;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn count(&self, message: &Message) {
        let counter = match message {
            Message::MilestoneRequest(_) => &self.milestone_requests,
            Message::Block(_) => &self.blocks,
            Message::BlockRequest(_) => &self.block_requests,
            Message::Heartbeat(_) => &self.heartbeats,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.bytes
            .fetch_add(size_bytes(message) as u64, Ordering::Relaxed);
    }
}

impl Line {
    pub(crate) fn new(queue: SendQueue, cones: ConeQueue) -> Self {
        Self {
            queue,
            cones,
            cone_stream: Mutex::new(None),
            has_cone_stream: Notify::new(),
            received: Counts::default(),
            sent: Counts::default(),
            heard_ms: AtomicU64::new(0),
            since: Instant::now(),
            closing: OnceLock::new(),
            is_closing: Notify::new(),
        }
    }

    /// The stream for cones is there.
    pub(crate) fn add_cones(&self, stream: Stream) {
        *self.cone_stream.lock().expect("no holder panics") = Some(stream);
        self.has_cone_stream.notify_one();
    }

    /// Waits for the stream for cones.
    async fn cones(&self) -> Stream {
        loop {
            let has_one = self.has_cone_stream.notified();
            let stream = self.cone_stream.lock().expect("no holder panics").take();
            if let Some(stream) = stream {
                return stream;
            }
            has_one.await;
        }
    }

    /// Ends the conversation; the first reason counts.
    pub(crate) fn close(&self, reason: CloseReason) {
        // Closed already: the first reason stays.
        let _ = self.closing.set(reason);
        self.is_closing.notify_one();
    }

    /// How long nothing was heard.
    pub(crate) fn silence(&self) -> Duration {
        let heard = Duration::from_millis(self.heard_ms.load(Ordering::Relaxed));
        self.since.elapsed().saturating_sub(heard)
    }

    /// How long it has lasted.
    pub(crate) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    fn heard(&self) {
        let elapsed = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard_ms.store(elapsed, Ordering::Relaxed);
    }

    async fn closing(&self) -> CloseReason {
        loop {
            let is_closing = self.is_closing.notified();
            if let Some(reason) = self.closing.get() {
                return reason.clone();
            }
            is_closing.await;
        }
    }
}

/// Talks until one side has enough; returns why.
pub(crate) async fn talk(
    stream: Stream,
    lane: LaneWriter,
    line: Arc<Line>,
    timing: Timing,
) -> CloseReason {
    let (read_half, mut write_half) = stream.split();
    let listener = Listener {
        stream: BufReader::with_capacity(READ_BYTES, read_half),
        line: &line,
        lane: &lane,
        timing,
        heartbeat_end: Instant::now() + timing.heartbeat,
        greeting_end: Some(Instant::now() + timing.greeting),
    };
    let reason = tokio::select! {
        biased;
        reason = line.closing() => reason,
        reason = listener.listen() => reason,
        reason = speak(&mut write_half, &line, timing.write) => reason,
        reason = talk_of_cones(&line, &lane, timing.write) => reason,
    };
    let is_friendly = !matches!(
        reason,
        CloseReason::Malformed(_) | CloseReason::MalformedCone(_) | CloseReason::Banned(_)
    );
    if is_friendly {
        // The stream is dropped, and so reset, when this fails.
        let _ = timeout(FAREWELL, write_half.close()).await;
    }
    reason
}

/// The reading half.
struct Listener<'a> {
    stream: BufReader<ReadHalf<Stream>>,
    line: &'a Line,
    lane: &'a LaneWriter,
    timing: Timing,
    heartbeat_end: Instant,
    /// By when it has to say something; `None` once it has.
    greeting_end: Option<Instant>,
}

impl Listener<'_> {
    async fn listen(mut self) -> CloseReason {
        loop {
            match self.next().await {
                Ok(message) => {
                    self.line.heard();
                    self.greeting_end = None;
                    self.line.received.count(&message);
                    if matches!(message, Message::Heartbeat(_)) {
                        self.heartbeat_end = Instant::now() + self.timing.heartbeat;
                    }
                    let waits_since = Instant::now();
                    self.lane.push(message).await;
                    // The time in which this node did not listen is not the neighbour's fault.
                    self.heartbeat_end += waits_since.elapsed();
                }
                Err(reason) => return reason,
            }
        }
    }

    /// The next message; a header, and then a body, have to come within the time for reading.
    async fn next(&mut self) -> Result<Message, CloseReason> {
        let mut header = [0; HEADER_SIZE_BYTES];
        self.fill(&mut header).await?;
        let header = Header::read(header)?;
        let mut body = vec![0; header.body_size_bytes()];
        self.fill(&mut body).await?;
        Ok(Message::read(header, Bytes::from(body))?)
    }

    async fn fill(&mut self, bytes: &mut [u8]) -> Result<(), CloseReason> {
        let read_end = Instant::now() + self.timing.read;
        let mut end = read_end.min(self.heartbeat_end);
        let greeting_end = self.greeting_end.filter(|greeting| *greeting < end);
        end = greeting_end.unwrap_or(end);
        match timeout_at(end, self.stream.read_exact(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(broken(&error)),
            Err(_) if greeting_end.is_some() => Err(CloseReason::NoGreeting(self.timing.greeting)),
            Err(_) if end == read_end => Err(CloseReason::ReadTimeout(self.timing.read)),
            Err(_) => Err(CloseReason::NoHeartbeat(self.timing.heartbeat)),
        }
    }
}

/// The writing half.
async fn speak(stream: &mut WriteHalf<Stream>, line: &Line, limit: Duration) -> CloseReason {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        line.queue
            .take(&mut bytes, |message| line.sent.count(message))
            .await;
        let written = async {
            stream.write_all(&bytes).await?;
            stream.flush().await
        };
        match timeout(limit, written).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return broken(&error),
            Err(_) => return CloseReason::WriteTimeout(limit),
        }
    }
}

/// Waits for the stream for cones and uses it as long as it lasts. Ends only when the other side
/// sends what is no message.
async fn talk_of_cones(line: &Line, lane: &LaneWriter, limit: Duration) -> CloseReason {
    let (read_half, mut write_half) = line.cones().await.split();
    line.cones.set_open(true);
    lane.push_cones_open().await;
    let mut stream = BufReader::with_capacity(READ_CONE_BYTES, read_half);
    let listen = async {
        loop {
            let message = match next_of_cones(&mut stream).await {
                Ok(Ok(message)) => message,
                Ok(Err(error)) => return Some(error),
                Err(_) => return None,
            };
            line.received.count_cone(&message);
            lane.push_cone(message).await;
        }
    };
    let speak = async {
        let mut bytes = Vec::new();
        loop {
            let message = line.cones.take().await;
            line.sent.count_cone(&message);
            bytes.clear();
            message.write(&mut bytes);
            let written = async {
                write_half.write_all(&bytes).await?;
                write_half.flush().await
            };
            if !matches!(timeout(limit, written).await, Ok(Ok(()))) {
                return None;
            }
        }
    };
    let error = tokio::select! {
        error = listen => error,
        error = speak => error,
    };
    line.cones.set_open(false);
    match error {
        Some(error) => CloseReason::MalformedCone(error),
        // It is broken, or the neighbour does not want to go on with it.
        None => std::future::pending().await,
    }
}

/// The next message about cones. Silence is no fault.
async fn next_of_cones(
    stream: &mut BufReader<ReadHalf<Stream>>,
) -> std::io::Result<Result<ConeMessage, ConeError>> {
    let mut header = [0; cone::HEADER_SIZE_BYTES];
    stream.read_exact(&mut header).await?;
    let header = match ConeHeader::read(header) {
        Ok(header) => header,
        Err(error) => return Ok(Err(error)),
    };
    let mut body = vec![0; header.body_size_bytes()];
    stream.read_exact(&mut body).await?;
    Ok(ConeMessage::read(header, &Bytes::from(body)))
}

fn broken(error: &std::io::Error) -> CloseReason {
    CloseReason::Remote(match error.kind() {
        ErrorKind::UnexpectedEof => "the other side closed it".to_owned(),
        _ => error.to_string(),
    })
}

impl From<GossipError> for CloseReason {
    fn from(error: GossipError) -> Self {
        Self::Malformed(error)
    }
}
