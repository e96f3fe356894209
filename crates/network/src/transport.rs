//! How bytes go from node to node: TCP with Noise or TLS and yamux, and QUIC.

use std::pin::Pin;
use std::time::Duration;

use futures::future::Either;
use futures::{AsyncRead, AsyncWrite, FutureExt, TryFutureExt};
use libp2p_core::Transport;
use libp2p_core::muxing::StreamMuxerBox;
use libp2p_core::transport::Boxed;
use libp2p_core::upgrade::{
    InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo, Version,
};
use libp2p_identity::{Keypair, PeerId};

/// Streams that one connection may have at once, in both directions together. One carries gossip,
/// the rest are short questions of identify and Kademlia.
const STREAMS_MAX: u32 = 32;
/// Most bytes that a QUIC stream sends before they are read; yamux allows the same.
const STREAM_BYTES_MAX: u32 = 256 << 10;

/// Why a connection cannot be encrypted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecurityError {
    #[error(transparent)]
    Noise(#[from] libp2p_noise::Error),
    #[error(transparent)]
    Tls(#[from] libp2p_tls::UpgradeError),
}

/// Why the transports cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Noise refuses the key.
    #[error("Noise cannot be set up: {0}")]
    Noise(#[from] libp2p_noise::Error),
    /// There is no certificate for the key.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] libp2p_tls::certificate::GenError),
}

/// The transports of a node.
pub(crate) fn build(
    keypair: &Keypair,
    quic: bool,
    handshake: Duration,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, TransportError> {
    let security = Security {
        noise: libp2p_noise::Config::new(keypair)?,
        tls: libp2p_tls::Config::new(keypair)?,
    };
    // A limit of streams selects yamux's fixed windows: what a neighbour can make this node hold
    // is then the product of the two, 8 MiB for a connection.
    let mut yamux = libp2p_yamux::Config::default();
    yamux.set_max_num_streams(STREAMS_MAX as usize);
    let tcp = libp2p_tcp::tokio::Transport::new(libp2p_tcp::Config::new().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(security)
        .multiplex(yamux)
        .timeout(handshake)
        .boxed();
    if !quic {
        return Ok(tcp);
    }
    let mut config = libp2p_quic::Config::new(keypair);
    config.handshake_timeout = handshake;
    config.max_concurrent_stream_limit = STREAMS_MAX;
    config.max_stream_data = STREAM_BYTES_MAX;
    config.max_connection_data = STREAMS_MAX * STREAM_BYTES_MAX;
    let both = libp2p_quic::tokio::Transport::new(config)
        .or_transport(tcp)
        .map(|either, _| match either {
            Either::Left((peer, muxer)) => (peer, StreamMuxerBox::new(muxer)),
            Either::Right(output) => output,
        });
    Ok(both.boxed())
}

/// Noise or TLS, whichever the side that dials likes better; this node prefers Noise.
#[derive(Clone)]
struct Security {
    noise: libp2p_noise::Config,
    tls: libp2p_tls::Config,
}

/// Which of the two was agreed on.
#[derive(Clone, Copy)]
enum Method {
    Noise,
    Tls,
}

impl Method {
    const fn name(self) -> &'static str {
        match self {
            Self::Noise => "/noise",
            Self::Tls => "/tls/1.0.0",
        }
    }
}

impl AsRef<str> for Method {
    fn as_ref(&self) -> &str {
        self.name()
    }
}

impl UpgradeInfo for Security {
    type Info = Method;
    type InfoIter = [Method; 2];

    fn protocol_info(&self) -> Self::InfoIter {
        [Method::Noise, Method::Tls]
    }
}

type Secured<C> = (
    PeerId,
    Either<libp2p_noise::Output<C>, libp2p_tls::TlsStream<C>>,
);
type Securing<C> = Pin<Box<dyn Future<Output = Result<Secured<C>, SecurityError>> + Send>>;

impl<C> InboundConnectionUpgrade<C> for Security
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = Secured<C>;
    type Error = SecurityError;
    type Future = Securing<C>;

    fn upgrade_inbound(self, io: C, method: Method) -> Self::Future {
        match method {
            Method::Noise => left(self.noise.upgrade_inbound(io, method.name())),
            Method::Tls => right(self.tls.upgrade_inbound(io, method.name())),
        }
    }
}

impl<C> OutboundConnectionUpgrade<C> for Security
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = Secured<C>;
    type Error = SecurityError;
    type Future = Securing<C>;

    fn upgrade_outbound(self, io: C, method: Method) -> Self::Future {
        match method {
            Method::Noise => left(self.noise.upgrade_outbound(io, method.name())),
            Method::Tls => right(self.tls.upgrade_outbound(io, method.name())),
        }
    }
}

fn left<C, F>(upgrade: F) -> Securing<C>
where
    F: Future<Output = Result<(PeerId, libp2p_noise::Output<C>), libp2p_noise::Error>>
        + Send
        + 'static,
{
    upgrade
        .map_ok(|(peer, io)| (peer, Either::Left(io)))
        .map_err(SecurityError::from)
        .boxed()
}

fn right<C, F>(upgrade: F) -> Securing<C>
where
    F: Future<Output = Result<(PeerId, libp2p_tls::TlsStream<C>), libp2p_tls::UpgradeError>>
        + Send
        + 'static,
{
    upgrade
        .map_ok(|(peer, io)| (peer, Either::Right(io)))
        .map_err(SecurityError::from)
        .boxed()
}
