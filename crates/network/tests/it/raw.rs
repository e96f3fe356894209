//! A peer made of the bare transports, that does only what a test tells it.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, FutureExt};
use libp2p_core::muxing::{StreamMuxerBox, StreamMuxerExt, SubstreamBox};
use libp2p_core::transport::{Boxed, DialOpts, PortUse};
use libp2p_core::upgrade::Version;
use libp2p_core::{Endpoint, Transport};
use libp2p_identity::{Keypair, PeerId};
use multistream_select::{Negotiated, dialer_select_proto};
use tangle_network::PeerAddress;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::harness::{NETWORK, PATIENCE};

/// How a raw peer encrypts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Security {
    Noise,
    Tls,
}

/// A connection of a raw peer.
pub(crate) struct Raw {
    requests: mpsc::Sender<oneshot::Sender<SubstreamBox>>,
}

pub(crate) type RawStream = Negotiated<SubstreamBox>;

fn transport(keypair: &Keypair, security: Security) -> Boxed<(PeerId, StreamMuxerBox)> {
    let tcp = libp2p_tcp::tokio::Transport::new(libp2p_tcp::Config::new().nodelay(true))
        .upgrade(Version::V1);
    let yamux = libp2p_yamux::Config::default();
    match security {
        Security::Noise => tcp
            .authenticate(libp2p_noise::Config::new(keypair).expect("a key"))
            .multiplex(yamux)
            .boxed(),
        Security::Tls => tcp
            .authenticate(libp2p_tls::Config::new(keypair).expect("a key"))
            .multiplex(yamux)
            .boxed(),
    }
}

impl Raw {
    /// Connects; `None` when the node refuses.
    pub(crate) async fn connect(to: &PeerAddress, seed: u8, security: Security) -> Option<Self> {
        let keypair = Keypair::ed25519_from_bytes([seed; 32]).expect("a seed");
        let mut transport = transport(&keypair, security);
        let options = DialOpts {
            role: Endpoint::Dialer,
            port_use: PortUse::New,
        };
        let dial = transport
            .dial(to.address.clone(), options)
            .expect("an address");
        let (id, muxer) = timeout(PATIENCE, dial).await.ok()?.ok()?;
        assert_eq!(id, to.id);
        let (requests, asked) = mpsc::channel(8);
        tokio::spawn(drive(muxer, asked));
        Some(Self { requests })
    }

    /// Opens a stream and says nothing on it.
    pub(crate) async fn open(&self) -> Option<SubstreamBox> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(answer).await.ok()?;
        timeout(PATIENCE, answered).await.ok()?.ok()
    }

    /// Opens the gossip stream.
    pub(crate) async fn gossip(&self) -> Option<RawStream> {
        self.stream(format!("/iota-gossip/{NETWORK}/1.0.0")).await
    }

    /// Opens the stream for cones.
    pub(crate) async fn cones(&self) -> Option<RawStream> {
        self.stream(format!("/tangle-cones/{NETWORK}/1.0.0")).await
    }

    async fn stream(&self, name: String) -> Option<RawStream> {
        let stream = self.open().await?;
        let negotiated = dialer_select_proto(stream, [name], multistream_select::Version::V1);
        let (_, stream) = timeout(PATIENCE, negotiated).await.ok()?.ok()?;
        Some(stream)
    }
}

/// A connection and its gossip stream.
pub(crate) async fn gossip(to: &PeerAddress, seed: u8) -> (Raw, RawStream) {
    let raw = Raw::connect(to, seed, Security::Noise)
        .await
        .expect("it is let in");
    let stream = raw.gossip().await.expect("it may gossip");
    (raw, stream)
}

/// Whether the node ends the stream within a time, whatever it sends before.
pub(crate) async fn is_ended(stream: &mut RawStream, within: Duration) -> bool {
    let mut bytes = [0; 4_096];
    let ended = async { while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {} };
    timeout(within, ended).await.is_ok()
}

/// Writes until the node takes no more for half a second; how many bytes it took.
pub(crate) async fn write_until_stuck(stream: &mut RawStream, bytes: &[u8], max: usize) -> usize {
    let mut written = 0;
    while written < max {
        match timeout(Duration::from_millis(500), stream.write(bytes)).await {
            Ok(Ok(count)) => written += count,
            Ok(Err(_)) | Err(_) => break,
        }
        // Never blocks for long: what cannot be flushed is seen by the next write.
        let _ = stream.flush().now_or_never();
    }
    written
}

async fn drive(
    mut muxer: StreamMuxerBox,
    mut requests: mpsc::Receiver<oneshot::Sender<SubstreamBox>>,
) {
    let mut waiting: Option<oneshot::Sender<SubstreamBox>> = None;
    poll_fn(|context| {
        loop {
            if waiting.is_none()
                && let Poll::Ready(request) = requests.poll_recv(context)
            {
                match request {
                    Some(request) => waiting = Some(request),
                    None => return Poll::Ready(()),
                }
            }
            if waiting.is_some()
                && let Poll::Ready(Ok(stream)) = muxer.poll_outbound_unpin(context)
                && let Some(request) = waiting.take()
            {
                // The test may have given up.
                let _ = request.send(stream);
                continue;
            }
            match muxer.poll_inbound_unpin(context) {
                // The node's own questions get no answer.
                Poll::Ready(Ok(_)) => continue,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => {}
            }
            match muxer.poll_unpin(context) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
}
