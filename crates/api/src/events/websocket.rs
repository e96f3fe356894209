//! WebSocket (RFC 6455), the server's side, without extensions.
//!
//! Messages carry a stream of bytes here, as MQTT wants it: where one message ends and the next
//! begins does not matter.

use std::io;

use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, BytesMut};
use ring::digest;
use tokio::io::AsyncRead;

use super::stream;

/// What is hashed behind a client's key (RFC 6455, section 1.3).
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Characters of a client's key: 16 bytes.
const KEY_LENGTH: usize = 24;
/// Bytes of a message that say how it is to be taken (RFC 6455, section 5.5).
const CONTROL_BYTES_MAX: usize = 125;
/// Bytes of a frame that a client sends.
const FRAME_BYTES_MAX: usize = 64 << 10;

const CONTINUATION: u8 = 0;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Bytes of the stream.
    Data(BytesMut),
    /// To be given back.
    Ping(BytesMut),
    /// A sign of life.
    Pong,
    /// The client ends the connection.
    Close,
}

/// Why frames are read no further.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("the connection ended: {0}")]
    Ended(#[from] io::Error),
    #[error("a frame breaks the protocol")]
    Malformed,
    #[error("the stream is binary, not text")]
    Text,
    #[error("a frame has at most {FRAME_BYTES_MAX} bytes")]
    Size,
}

/// Why a connection ends, in the numbers of the protocol (RFC 6455, section 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// All was well.
    Normal = 1_000,
    /// The server stops.
    GoingAway = 1_001,
    /// The client broke the protocol.
    Protocol = 1_002,
    /// The client sent text.
    Unsupported = 1_003,
    /// The client does what it may not, or reads too slowly.
    Policy = 1_008,
    /// A frame was too large.
    Size = 1_009,
}

/// The answer to a request that wants to go over to WebSocket: the value of `Sec-WebSocket-Accept`.
/// `None` when it is no such request.
pub(crate) fn accept(headers: &HeaderMap) -> Option<String> {
    let has = |name: HeaderName, wanted: &str| {
        let mut values = tokens(headers, name);
        values.any(|value| value.eq_ignore_ascii_case(wanted))
    };
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let is_key = key.len() == KEY_LENGTH && STANDARD.decode(key).is_ok();
    let is_upgrade = is_key
        && has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    is_upgrade.then(|| accept_key(key.as_bytes()))
}

/// Whether the client offers this protocol inside.
pub(crate) fn offers(headers: &HeaderMap, protocol: &str) -> bool {
    tokens(headers, header::SEC_WEBSOCKET_PROTOCOL).any(|offered| offered == protocol)
}

/// The parts of a list in a header.
fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(str::trim)
}

/// SHA-1 only shows here that the server understood the request.
fn accept_key(key: &[u8]) -> String {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(key);
    context.update(KEY_SUFFIX);
    STANDARD.encode(context.finish())
}

/// Reads frames within bounds.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    input: BytesMut,
    /// Whether a message has begun that is not complete.
    is_open: bool,
}

impl Frames {
    /// The next frame. Nothing is lost when it is not waited for to the end.
    pub(crate) async fn next<R>(&mut self, reader: &mut R) -> Result<Frame, FrameError>
    where
        R: AsyncRead + Unpin,
    {
        loop {
            if let Some(frame) = take(&mut self.input, &mut self.is_open)? {
                return Ok(frame);
            }
            if stream::read(reader, &mut self.input).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }
}

/// Takes a frame from what has come, if it is complete.
fn take(input: &mut BytesMut, is_open: &mut bool) -> Result<Option<Frame>, FrameError> {
    let [first, second, ..] = input[..] else {
        return Ok(None);
    };
    let (kind, is_final) = (first & 0x0f, first & FINAL != 0);
    let is_control = kind & 8 != 0;
    // Clients mask what they send; the three bits belong to extensions, of which there are none.
    if first & 0x70 != 0 || second & MASKED == 0 || is_control && !is_final {
        return Err(FrameError::Malformed);
    }
    let (length, length_end) = match second & 0x7f {
        126 if input.len() < 4 => return Ok(None),
        126 => (u64::from(u16::from_be_bytes([input[2], input[3]])), 4),
        127 if input.len() < 10 => return Ok(None),
        127 => ((&input[2..10]).get_u64(), 10),
        length => (u64::from(length), 2),
    };
    let limit = if is_control {
        CONTROL_BYTES_MAX
    } else {
        FRAME_BYTES_MAX
    };
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= limit);
    let length = length.ok_or(FrameError::Size)?;
    let head_length = length_end + 4;
    if input.len() < head_length + length {
        return Ok(None);
    }
    let mut head = input.split_to(head_length);
    let mask = head.split_off(length_end);
    let mut payload = input.split_to(length);
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    match (kind, *is_open) {
        (BINARY, false) | (CONTINUATION, true) => {
            *is_open = !is_final;
            Ok(Some(Frame::Data(payload)))
        }
        (PING, _) => Ok(Some(Frame::Ping(payload))),
        (PONG, _) => Ok(Some(Frame::Pong)),
        (CLOSE, _) => Ok(Some(Frame::Close)),
        (1, false) => Err(FrameError::Text),
        _ => Err(FrameError::Malformed),
    }
}

impl FrameError {
    /// What the client is told.
    pub(crate) const fn closing(&self) -> Closing {
        match self {
            Self::Ended(_) => Closing::Normal,
            Self::Malformed => Closing::Protocol,
            Self::Text => Closing::Unsupported,
            Self::Size => Closing::Size,
        }
    }
}

/// The head of a message of so many bytes.
pub(crate) fn push_head(length: usize, out: &mut Vec<u8>) {
    out.push(FINAL | BINARY);
    match length {
        0..126 => out.push(length as u8),
        126..0x1_0000 => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// A message of a server.
pub(crate) fn message(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 4);
    push_head(payload.len(), &mut out);
    out.extend_from_slice(payload);
    out
}

/// Asks the client for a sign of life.
pub(crate) const PING_FRAME: &[u8] = &[FINAL | PING, 0];

/// Gives back what came with a ping.
pub(crate) fn pong(payload: &[u8]) -> Vec<u8> {
    let length = payload.len().min(CONTROL_BYTES_MAX);
    let mut out = vec![FINAL | PONG, length as u8];
    out.extend_from_slice(&payload[..length]);
    out
}

/// Says that the connection ends, and why.
pub(crate) fn close(closing: Closing) -> [u8; 4] {
    let [high, low] = (closing as u16).to_be_bytes();
    [FINAL | CLOSE, 2, high, low]
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// A frame as a client sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![first];
        let mut unmasked = Vec::new();
        push_head(payload.len(), &mut unmasked);
        out.push(MASKED | unmasked[1]);
        out.extend_from_slice(&unmasked[2..]);
        let mask = [1, 2, 3, 250];
        out.extend_from_slice(&mask);
        let masked = payload.iter().zip(mask.iter().cycle());
        out.extend(masked.map(|(byte, mask)| byte ^ mask));
        out
    }

    async fn read(mut bytes: &[u8]) -> Result<Frame, FrameError> {
        Frames::default().next(&mut bytes).await
    }

    fn headers(protocol: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::CONNECTION, "keep-alive, Upgrade"),
            (header::UPGRADE, "websocket"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
            // The example of RFC 6455, section 1.2.
            (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
            (header::SEC_WEBSOCKET_PROTOCOL, protocol),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn request_of_the_standard_is_accepted() {
        let good = headers("x, mqtt");
        let accepted = accept(&good).expect("it is a request for WebSocket");
        assert_eq!(accepted, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(offers(&good, "mqtt") && !offers(&headers("mqtt5"), "mqtt"));
        for (name, value) in [
            (header::CONNECTION, "close"),
            (header::UPGRADE, "h2c"),
            (header::SEC_WEBSOCKET_VERSION, "8"),
            (header::SEC_WEBSOCKET_KEY, "short"),
            (header::SEC_WEBSOCKET_KEY, "!!!!!!!!!!!!!!!!!!!!!!!!"),
        ] {
            let mut bad = headers("mqtt");
            bad.insert(&name, HeaderValue::from_static(value));
            assert_eq!(accept(&bad), None, "{name}: {value}");
        }
    }

    #[tokio::test]
    async fn stream_goes_on_over_frames_and_messages() {
        let long = vec![9; 60_000];
        let mut bytes = frame(BINARY, b"ab");
        bytes.extend(frame(FINAL | PING, b"life"));
        bytes.extend(frame(FINAL | CONTINUATION, b"c"));
        bytes.extend(frame(FINAL | BINARY, &long));
        bytes.extend(frame(FINAL | PONG, b""));
        bytes.extend(frame(FINAL | CLOSE, b"\x03\xe8"));
        let (mut frames, mut bytes) = (Frames::default(), &bytes[..]);
        for expected in [
            Frame::Data(b"ab"[..].into()),
            Frame::Ping(b"life"[..].into()),
            Frame::Data(b"c"[..].into()),
            Frame::Data(long[..].into()),
            Frame::Pong,
            Frame::Close,
        ] {
            assert_eq!(frames.next(&mut bytes).await.expect("a frame"), expected);
        }
        let end = frames.next(&mut bytes).await;
        assert!(matches!(end, Err(FrameError::Ended(_))));
    }

    #[tokio::test]
    async fn hostile_frames_are_refused_before_they_come() {
        for (bytes, closing) in [
            (&[FINAL | BINARY, 3, 1, 2, 3][..], Closing::Protocol),
            (&[FINAL | 0x40 | BINARY, MASKED], Closing::Protocol),
            (&[PING, MASKED], Closing::Protocol),
            (&[FINAL | PING, MASKED | 126, 0, 200], Closing::Size),
            (
                &[FINAL | BINARY, MASKED | 127, 0, 0, 0, 0, 0, 1, 0, 1],
                Closing::Size,
            ),
            (
                &[
                    FINAL | BINARY,
                    MASKED | 127,
                    255,
                    255,
                    255,
                    255,
                    255,
                    255,
                    255,
                    255,
                ],
                Closing::Size,
            ),
            (&frame(FINAL | 1, b"text"), Closing::Unsupported),
            (&frame(FINAL | CONTINUATION, b"x"), Closing::Protocol),
            (&frame(FINAL | 3, b"x"), Closing::Protocol),
            (
                &[frame(BINARY, b""), frame(BINARY, b"")].concat(),
                Closing::Protocol,
            ),
        ] {
            let (mut frames, mut input) = (Frames::default(), bytes);
            let error = loop {
                if let Err(error) = frames.next(&mut input).await {
                    break error;
                }
            };
            assert!(!matches!(error, FrameError::Ended(_)), "{bytes:x?}");
            assert_eq!(error.closing(), closing, "{bytes:x?}");
        }
        assert!(matches!(read(&[FINAL]).await, Err(FrameError::Ended(_))));
    }

    #[test]
    fn messages_of_the_server_have_the_form_of_the_protocol() {
        assert_eq!(message(b"ab"), [0x82, 2, b'a', b'b']);
        assert_eq!(message(&[0; 300])[..4], [0x82, 126, 1, 44]);
        assert_eq!(
            message(&[0; 70_000])[..10],
            [0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]
        );
        assert_eq!(close(Closing::Normal), [0x88, 2, 3, 232]);
        assert_eq!(pong(b"x"), [0x8a, 1, b'x']);
    }
}
