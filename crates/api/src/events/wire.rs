//! How packets of MQTT travel: in messages of WebSocket, or over TCP as they are.

use std::borrow::Cow;
use std::io;

use bytes::BytesMut;
use tokio::io::AsyncRead;

use super::stream;
use super::subscriber::Form;
use super::websocket::{self, Closing, Frame, FrameError, Frames};

/// A way for packets.
#[derive(Debug)]
pub(super) enum Wire {
    WebSocket(Frames),
    Tcp,
}

impl Wire {
    /// The form in which a subscriber at the other end is told.
    pub(super) const fn form(&self) -> Form {
        match self {
            Self::WebSocket(_) => Form::WebSocket,
            Self::Tcp => Form::Tcp,
        }
    }

    /// What comes next. Nothing is lost when it is not waited for to the end.
    pub(super) async fn next<R>(&mut self, reader: &mut R) -> Result<Frame, FrameError>
    where
        R: AsyncRead + Unpin,
    {
        match self {
            Self::WebSocket(frames) => frames.next(reader).await,
            Self::Tcp => {
                let mut input = BytesMut::new();
                match stream::read(reader, &mut input).await? {
                    0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                    _ => Ok(Frame::Data(input)),
                }
            }
        }
    }

    /// A packet as it is sent.
    pub(super) fn packet<'a>(&self, packet: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            Self::WebSocket(_) => Cow::Owned(websocket::message(packet)),
            Self::Tcp => Cow::Borrowed(packet),
        }
    }

    /// What asks the client for a sign of life; MQTT itself has no such question.
    pub(super) const fn question(&self) -> Option<&'static [u8]> {
        match self {
            Self::WebSocket(_) => Some(websocket::PING_FRAME),
            Self::Tcp => None,
        }
    }

    /// What says that the connection ends, and why; a server has no such packet in MQTT 3.1.1.
    pub(super) fn farewell(&self, closing: Closing) -> Option<[u8; 4]> {
        match self {
            Self::WebSocket(_) => Some(websocket::close(closing)),
            Self::Tcp => None,
        }
    }
}
