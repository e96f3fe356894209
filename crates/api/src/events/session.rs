//! One client that speaks MQTT, over WebSocket or TCP.
//!
//! ```text
//! CONNECT ──> SUBSCRIBE, UNSUBSCRIBE, PINGREQ, in any order ──> DISCONNECT
//!        └──────────── what is told, all the while ──────────┘
//! ```
//!
//! A client that breaks the protocol, says nothing for too long, or reads too slowly, is let go.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};

use super::hub::{SubscribeError, Subscription};
use super::mqtt::{self, Connect, Packet, PacketError, Welcome};
use super::stream;
use super::subscriber::End;
use super::websocket::{self, Closing, Frame, FrameError};
use super::wire::Wire;
use crate::Auth;

/// The path on which events are told over MQTT: who may use it is told them over TCP too.
const PATH: &str = "/api/mqtt/v1";
/// How long the last words may take.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// What is asked of a client.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// How long it may say nothing before it has introduced itself.
    pub(super) connect_timeout: Duration,
    /// How long it may say nothing when it does not promise signs of life. It is asked for one
    /// after half of the time; where that cannot be, it is also good when it is told something.
    pub(super) idle_timeout: Duration,
    /// Who looks at its password, if it does not come through a door that somebody keeps.
    pub(super) auth: Option<Auth>,
}

struct Session<T> {
    stream: T,
    wire: Wire,
    subscription: Subscription,
    /// What has come of the client's next packets.
    inbox: BytesMut,
    terms: Terms,
    heard: Instant,
    state: State,
}

/// What may be expected of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It must introduce itself.
    New,
    /// It shows that it is alive within this time.
    Promised(Duration),
    /// It promised nothing.
    Quiet,
    /// It was asked whether it is alive.
    Asked,
}

/// Why a session ends.
#[derive(Debug, thiserror::Error)]
enum Ending {
    #[error("the client said goodbye")]
    Goodbye,
    #[error("the client was not let in")]
    Refused,
    #[error("{0}")]
    Packet(#[from] PacketError),
    #[error("the client does something out of turn")]
    OutOfTurn,
    #[error("{0}")]
    Subscribe(#[from] SubscribeError),
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("{0}")]
    Write(#[from] io::Error),
    #[error("the client said nothing for too long")]
    Silent,
    #[error("the client read too slowly")]
    Slow,
    #[error("the node or its interface stops")]
    Stopping,
}

/// Serves a client until one of the two ends it.
pub(super) async fn run<T: AsyncRead + AsyncWrite + Unpin>(
    (connection, wire): (T, Wire),
    subscription: Subscription,
    terms: Terms,
    stopped: impl Future<Output = ()>,
) {
    let mut session = Session {
        stream: connection,
        wire,
        subscription,
        inbox: BytesMut::new(),
        terms,
        heard: Instant::now(),
        state: State::New,
    };
    let ending = tokio::select! {
        ending = session.serve() => ending,
        () = stopped => Ending::Stopping,
    };
    tracing::debug!(%ending, "a subscriber's connection ends");
    if let Some(closing) = ending.closing() {
        let farewell = async {
            // The client may be gone.
            if let Some(words) = session.wire.farewell(closing) {
                let _ = session.write(&words).await;
            }
            let _ = stream::shutdown(&mut session.stream).await;
        };
        let _ = timeout(FAREWELL_MAX, farewell).await;
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Session<T> {
    async fn serve(&mut self) -> Ending {
        loop {
            let deadline = self.heard + self.silence_max();
            let subscriber = self.subscription.subscriber().clone();
            let result = tokio::select! {
                frame = self.wire.next(&mut self.stream) => match frame {
                    Ok(frame) => self.on_frame(frame).await,
                    Err(error) => Err(error.into()),
                },
                told = subscriber.next() => match told {
                    Ok(pieces) => self.send(pieces).await,
                    Err(End::Slow) => Err(Ending::Slow),
                    Err(End::Stopping) => Err(Ending::Stopping),
                },
                () = sleep_until(deadline) => self.on_silence().await,
            };
            if let Err(ending) = result {
                return ending;
            }
        }
    }

    fn silence_max(&self) -> Duration {
        match self.state {
            State::New => self.terms.connect_timeout,
            State::Promised(time) => time,
            State::Quiet if self.wire.question().is_some() => self.terms.idle_timeout / 2,
            State::Quiet | State::Asked => self.terms.idle_timeout,
        }
    }

    async fn on_silence(&mut self) -> Result<(), Ending> {
        match self.wire.question() {
            Some(question) if self.state == State::Quiet => {
                self.state = State::Asked;
                self.write(question).await
            }
            _ => Err(Ending::Silent),
        }
    }

    async fn on_frame(&mut self, frame: Frame) -> Result<(), Ending> {
        // Whoever has not introduced itself gains no time by signs of life.
        if self.state != State::New {
            self.heard = Instant::now();
        }
        if self.state == State::Asked {
            self.state = State::Quiet;
        }
        match frame {
            Frame::Data(data) => {
                self.inbox.unsplit(data);
                while let Some(packet) = mqtt::take(&mut self.inbox)? {
                    self.on_packet(packet).await?;
                }
                Ok(())
            }
            Frame::Ping(payload) => self.write(&websocket::pong(&payload)).await,
            Frame::Pong => Ok(()),
            Frame::Close => Err(Ending::Goodbye),
        }
    }

    async fn on_packet(&mut self, packet: Packet) -> Result<(), Ending> {
        match packet {
            Packet::Connect(connect) if self.state == State::New => self.welcome(connect).await,
            Packet::Connect(_) => Err(Ending::OutOfTurn),
            Packet::Disconnect => Err(Ending::Goodbye),
            _ if self.state == State::New => Err(Ending::OutOfTurn),
            Packet::Ping => self.answer(mqtt::PONG).await,
            Packet::Subscribe(number, topics) => self.subscribe(number, &topics).await,
            Packet::Unsubscribe(number, topics) => {
                for topic in &topics {
                    if let Ok(text) = std::str::from_utf8(topic) {
                        self.subscription.remove(text);
                    }
                }
                self.answer(&mqtt::unsubscribed(number)).await
            }
        }
    }

    async fn welcome(&mut self, connect: Connect) -> Result<(), Ending> {
        let welcome = match (connect.welcome, &self.terms.auth) {
            (Welcome::Accepted, Some(auth)) if !admits(auth, connect.password.as_deref()) => {
                Welcome::Password
            }
            (welcome, _) => welcome,
        };
        self.answer(mqtt::connected(welcome)).await?;
        if welcome != Welcome::Accepted {
            return Err(Ending::Refused);
        }
        self.heard = Instant::now();
        // MQTT 3.1.1, section 3.1.2.10: one and a half times what it promised.
        self.state = match connect.keep_alive_s {
            0 => State::Quiet,
            seconds => State::Promised(Duration::from_millis(1_500 * u64::from(seconds))),
        };
        Ok(())
    }

    async fn subscribe(&mut self, number: u16, texts: &[Bytes]) -> Result<(), Ending> {
        let mut taken = Vec::with_capacity(texts.len());
        let mut topics = Vec::new();
        for text in texts {
            let added = match std::str::from_utf8(text) {
                Ok(text) => self.subscription.add(text),
                Err(_) => return Err(PacketError::Malformed.into()),
            };
            match added {
                Ok(topic) => topics.push(topic),
                Err(error @ (SubscribeError::Topic(_) | SubscribeError::Full)) => {
                    tracing::debug!(%error, "a topic is not told");
                    taken.push(false);
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            taken.push(true);
        }
        self.answer(&mqtt::subscribed(number, &taken)).await?;
        for topic in &topics {
            if let Err(error) = self.subscription.tell_known(topic).await {
                tracing::error!(%error, "a subscriber was not told what is known");
            }
        }
        Ok(())
    }

    /// Sends an answer of MQTT.
    async fn answer(&mut self, packet: &[u8]) -> Result<(), Ending> {
        let bytes = self.wire.packet(packet);
        self.write(&bytes).await
    }

    async fn send(&mut self, pieces: impl IntoIterator<Item = Bytes>) -> Result<(), Ending> {
        for piece in pieces {
            stream::write(&mut self.stream, &piece).await?;
        }
        stream::flush(&mut self.stream).await?;
        if self.state == State::Quiet && self.wire.question().is_none() {
            self.heard = Instant::now();
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        stream::write(&mut self.stream, bytes).await?;
        Ok(stream::flush(&mut self.stream).await?)
    }
}

/// Whether somebody with this password is told what [`PATH`] tells: anybody, or who has a token.
fn admits(auth: &Auth, password: Option<&[u8]>) -> bool {
    if auth.may_read(PATH) {
        return true;
    }
    let token = password.and_then(|password| std::str::from_utf8(password).ok());
    auth.opens_with_token(PATH) && token.is_some_and(|token| auth.verify(token).is_some())
}

impl Ending {
    /// What the client is told, if it can still be told something.
    const fn closing(&self) -> Option<Closing> {
        Some(match self {
            Self::Goodbye => Closing::Normal,
            Self::Refused | Self::Packet(_) | Self::OutOfTurn => Closing::Protocol,
            Self::Subscribe(SubscribeError::Stopping) | Self::Stopping => Closing::GoingAway,
            Self::Subscribe(_) | Self::Silent | Self::Slow => Closing::Policy,
            Self::Frame(FrameError::Ended(_)) | Self::Write(_) => return None,
            Self::Frame(error) => error.closing(),
        })
    }
}
