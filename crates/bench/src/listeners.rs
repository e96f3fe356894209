//! Subscribers to a node's events: many that are told of every block, and one that notes when
//! milestones come.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a subscriber may take to be let in.
const ENTER_WAIT: Duration = Duration::from_secs(30);
/// Subscribers that are let in at once.
const ENTERING_MAX: usize = 64;
/// Pause between two looks at whether all of it shall end.
const STOP_PAUSE: Duration = Duration::from_millis(20);

/// What is sent to go over to WebSocket.
const UPGRADE: &[u8] = b"GET /api/mqtt/v1 HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
/// CONNECT without a promise, in a frame whose mask is zero.
const CONNECT: &[u8] = b"\x82\x8e\0\0\0\0\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0";
/// SUBSCRIBE to the topic `blocks`, the same way.
const SUBSCRIBE: &[u8] = b"\x82\x8d\0\0\0\0\x82\x0b\0\x01\0\x06blocks\0";
/// The answers to those two.
const WELCOME: &[u8] = b"\x82\x04\x20\x02\0\0";
const SUBSCRIBED: &[u8] = b"\x82\x05\x90\x03\0\x01\0";
/// What is sent to be told of milestones, and how each one begins.
const MILESTONES: &[u8] = b"GET /api/events/v1?topics=milestone-info/confirmed HTTP/1.1\r\n\
    Host: node\r\n\r\n";
const EVENT: &[u8] = b"event: milestone-info/confirmed\n";
/// Bytes read at once.
const READ_BYTES: usize = 16 << 10;

/// Subscribers on a thread of their own.
#[derive(Debug)]
pub(crate) struct Listeners {
    shared: Arc<Shared>,
    thread: JoinHandle<Result<Vec<Instant>>>,
}

#[derive(Debug, Default)]
struct Shared {
    is_ready: AtomicBool,
    is_over: AtomicBool,
    /// Bytes that all subscribers to blocks were told, and subscribers that were let go.
    told_bytes: AtomicU64,
    lost: AtomicU64,
}

/// What came in the end.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) bytes: u64,
    /// Subscribers that were let go.
    pub(crate) lost: u64,
    /// Times between milestones, in milliseconds.
    pub(crate) intervals_ms: Vec<f64>,
}

impl Listeners {
    /// Subscribes `count` times to all blocks, and once to milestones.
    pub(crate) fn start(node: SocketAddr, count: usize) -> Result<Self> {
        let shared = Arc::<Shared>::default();
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(listen(node, count, &of_thread))
        });
        let listeners = Self { shared, thread };
        while !listeners.shared.is_ready.load(Ordering::Relaxed) {
            if listeners.thread.is_finished() {
                listeners.finish()?;
                bail!("the subscribers ended at once");
            }
            std::thread::sleep(STOP_PAUSE);
        }
        Ok(listeners)
    }

    /// Ends them; what they were told.
    pub(crate) fn finish(self) -> Result<Told> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let milestones = self.thread.join().expect("no panic")?;
        let intervals = milestones.windows(2).map(|pair| pair[1] - pair[0]);
        Ok(Told {
            bytes: self.shared.told_bytes.load(Ordering::Relaxed),
            lost: self.shared.lost.load(Ordering::Relaxed),
            intervals_ms: intervals
                .map(|interval| interval.as_secs_f64() * 1_000.0)
                .collect(),
        })
    }
}

/// Listens until it is told to stop; when milestones came.
async fn listen(node: SocketAddr, count: usize, shared: &Arc<Shared>) -> Result<Vec<Instant>> {
    let (mut entering, mut reading) = (JoinSet::new(), JoinSet::new());
    for number in 0..count + ENTERING_MAX {
        if number < count {
            entering.spawn(timeout(ENTER_WAIT, enter(node)));
        }
        if number + 1 >= ENTERING_MAX
            && let Some(entered) = entering.join_next().await
        {
            reading.spawn(read(entered???, Arc::clone(shared)));
        }
    }
    let milestones = milestones(node, shared);
    shared.is_ready.store(true, Ordering::Relaxed);
    milestones.await
}

/// A connection that is told of every block from now on.
async fn enter(node: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(node).await?;
    let mut came = Vec::new();
    write(&stream, UPGRADE).await?;
    while !came.ends_with(b"\r\n\r\n") {
        ensure!(read_some(&stream, &mut came).await? > 0, "no answer came");
    }
    let is_over = came.starts_with(b"HTTP/1.1 101");
    ensure!(is_over, "not let in: {}", String::from_utf8_lossy(&came));
    for (request, answer) in [(CONNECT, WELCOME), (SUBSCRIBE, SUBSCRIBED)] {
        write(&stream, request).await?;
        came.clear();
        while came.len() < answer.len() {
            ensure!(read_some(&stream, &mut came).await? > 0, "no answer came");
        }
        ensure!(came.starts_with(answer), "another answer came: {came:x?}");
    }
    Ok(stream)
}

/// Reads what is told, as fast as it comes.
async fn read(stream: TcpStream, shared: Arc<Shared>) {
    let mut told = Vec::new();
    // An error is an end too.
    while let Ok(count @ 1..) = read_some(&stream, &mut told).await {
        shared.told_bytes.fetch_add(count as u64, Ordering::Relaxed);
        told.clear();
    }
    shared.lost.fetch_add(1, Ordering::Relaxed);
}

/// When milestones came, from the first new one on.
async fn milestones(node: SocketAddr, shared: &Shared) -> Result<Vec<Instant>> {
    let stream = TcpStream::connect(node).await?;
    write(&stream, MILESTONES).await?;
    let (mut came, mut text) = (Vec::new(), Vec::new());
    while !shared.is_over.load(Ordering::Relaxed) {
        if let Ok(read) = timeout(STOP_PAUSE, read_some(&stream, &mut text)).await {
            ensure!(read? > 0, "the node ended the connection");
        }
        while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
            let entry: Vec<u8> = text.drain(..end + 2).collect();
            if entry.windows(EVENT.len()).any(|part| part == EVENT) {
                came.push(Instant::now());
            }
        }
    }
    // The first one was known already.
    came.drain(..came.len().min(1));
    Ok(came)
}

/// Adds what comes next; how many bytes that are, 0 at the end.
async fn read_some(stream: &TcpStream, came: &mut Vec<u8>) -> io::Result<usize> {
    let length = came.len();
    loop {
        stream.readable().await?;
        came.resize(length + READ_BYTES, 0);
        let result = stream.try_read(&mut came[length..]);
        came.truncate(length + *result.as_ref().unwrap_or(&0));
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}

/// Writes a few bytes.
async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
