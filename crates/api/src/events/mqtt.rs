//! The few packets of MQTT 3.1.1 that a broker needs which only tells.
//!
//! Clients connect, subscribe and ask for signs of life; what they send is read within bounds. What
//! they are told has quality of service 0 and is not kept.

use bytes::{Buf, Bytes, BytesMut};

/// Bytes of a packet that a client sends, without its head: room for hundreds of topics.
pub(crate) const PACKET_BYTES_MAX: usize = 64 << 10;
/// The version of the protocol that is spoken: 3.1.1. Version 3.1 differs in its name only.
const LEVELS: [(&[u8], u8); 2] = [(b"MQTT", 4), (b"MQIsdp", 3)];
/// The version whose refusals have another form.
const LEVEL_5: u8 = 5;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    Connect(Connect),
    /// The packet's number and topics, in order.
    Subscribe(u16, Vec<Bytes>),
    Unsubscribe(u16, Vec<Bytes>),
    Ping,
    Disconnect,
}

/// How a client introduces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connect {
    /// Time within which it shows that it is alive, in seconds; 0 when it does not say.
    pub(crate) keep_alive_s: u16,
    /// The password, if it has one.
    pub(crate) password: Option<Bytes>,
    /// Whether it is let in.
    pub(crate) welcome: Welcome,
}

/// Whether a client is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Welcome {
    Accepted,
    /// It speaks another version.
    Version,
    /// It speaks version 5, and understands refusals of that form only.
    Version5,
    /// It wants to be remembered, but has no name.
    Name,
    /// It has no password that opens this door.
    Password,
}

/// Why a client is not understood; the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PacketError {
    #[error("a packet has at most {PACKET_BYTES_MAX} bytes")]
    Size,
    #[error("a packet of kind {0} is not taken here")]
    Kind(u8),
    #[error("the packet is malformed")]
    Malformed,
}

/// Takes the next packet from what has come, if it is complete.
pub(crate) fn take(input: &mut BytesMut) -> Result<Option<Packet>, PacketError> {
    let Some((length, head_length)) = remaining_length(input)? else {
        return Ok(None);
    };
    if input.len() < head_length + length {
        return Ok(None);
    }
    let first = input[0];
    input.advance(head_length);
    let body = input.split_to(length).freeze();
    packet(first, body).map(Some)
}

/// The length of a packet after its head, and the head's; `None` while it is not complete.
fn remaining_length(input: &[u8]) -> Result<Option<(usize, usize)>, PacketError> {
    let mut length = 0;
    for position in 1..=4 {
        let Some(byte) = input.get(position) else {
            return Ok(None);
        };
        length |= usize::from(byte & 0x7f) << (7 * (position - 1));
        if length > PACKET_BYTES_MAX {
            return Err(PacketError::Size);
        }
        if byte & 0x80 == 0 {
            return Ok(Some((length, position + 1)));
        }
    }
    Err(PacketError::Malformed)
}

fn packet(first: u8, body: Bytes) -> Result<Packet, PacketError> {
    match first {
        0x10 => connect(body).map(Packet::Connect),
        0x82 => topics(body, true).map(|(number, topics)| Packet::Subscribe(number, topics)),
        0xa2 => topics(body, false).map(|(number, topics)| Packet::Unsubscribe(number, topics)),
        0xc0 if body.is_empty() => Ok(Packet::Ping),
        0xe0 if body.is_empty() => Ok(Packet::Disconnect),
        other => Err(PacketError::Kind(other >> 4)),
    }
}

fn connect(mut body: Bytes) -> Result<Connect, PacketError> {
    let name = text(&mut body)?;
    let level = byte(&mut body)?;
    let refused = |welcome| Connect {
        keep_alive_s: 0,
        password: None,
        welcome,
    };
    if !LEVELS.contains(&(&name[..], level)) {
        let is_five = level == LEVEL_5;
        let welcome = [Welcome::Version, Welcome::Version5][usize::from(is_five)];
        return Ok(refused(welcome));
    }
    let flags = byte(&mut body)?;
    let keep_alive_s = number(&mut body)?;
    let client = text(&mut body)?;
    let has = |bit: u8| flags & bit != 0;
    let (is_clean, has_will, has_password, has_user) = (has(2), has(4), has(0x40), has(0x80));
    if has(1) || (flags >> 3) & 3 == 3 || !has_will && flags & 0x38 != 0 {
        return Err(PacketError::Malformed);
    }
    // A last will and names are read and let be: nothing is taken from clients.
    for _ in 0..2 * usize::from(has_will) + usize::from(has_user) {
        text(&mut body)?;
    }
    let password = has_password.then(|| text(&mut body)).transpose()?;
    if !body.is_empty() {
        return Err(PacketError::Malformed);
    }
    if client.is_empty() && !is_clean {
        return Ok(refused(Welcome::Name));
    }
    Ok(Connect {
        keep_alive_s,
        password,
        welcome: Welcome::Accepted,
    })
}

/// The number of a packet and its topics, each with a quality of service or not.
fn topics(mut body: Bytes, has_quality: bool) -> Result<(u16, Vec<Bytes>), PacketError> {
    let packet_number = number(&mut body)?;
    let mut topics = Vec::new();
    while !body.is_empty() {
        topics.push(text(&mut body)?);
        if has_quality && byte(&mut body)? > 2 {
            return Err(PacketError::Malformed);
        }
    }
    if packet_number == 0 || topics.is_empty() {
        return Err(PacketError::Malformed);
    }
    Ok((packet_number, topics))
}

fn byte(body: &mut Bytes) -> Result<u8, PacketError> {
    body.try_get_u8().map_err(|_| PacketError::Malformed)
}

fn number(body: &mut Bytes) -> Result<u16, PacketError> {
    body.try_get_u16().map_err(|_| PacketError::Malformed)
}

fn text(body: &mut Bytes) -> Result<Bytes, PacketError> {
    let length = usize::from(number(body)?);
    if body.len() < length {
        return Err(PacketError::Malformed);
    }
    Ok(body.split_to(length))
}

/// The answer to [`Packet::Connect`].
pub(crate) const fn connected(welcome: Welcome) -> &'static [u8] {
    match welcome {
        Welcome::Accepted => &[0x20, 2, 0, 0],
        Welcome::Version => &[0x20, 2, 0, 1],
        Welcome::Name => &[0x20, 2, 0, 2],
        Welcome::Password => &[0x20, 2, 0, 5],
        // MQTT 5: reason "unsupported protocol version", no properties.
        Welcome::Version5 => &[0x20, 3, 0, 0x84, 0],
    }
}

/// The answer to [`Packet::Subscribe`]: for each topic, whether it is told.
pub(crate) fn subscribed(packet_number: u16, are_taken: &[bool]) -> Vec<u8> {
    let mut out = vec![0x90];
    push_length(2 + are_taken.len(), &mut out);
    out.extend_from_slice(&packet_number.to_be_bytes());
    out.extend(
        are_taken
            .iter()
            .map(|is_taken| if *is_taken { 0 } else { 0x80 }),
    );
    out
}

/// The answer to [`Packet::Unsubscribe`].
pub(crate) fn unsubscribed(packet_number: u16) -> Vec<u8> {
    let mut out = vec![0xb0, 2];
    out.extend_from_slice(&packet_number.to_be_bytes());
    out
}

/// The answer to [`Packet::Ping`].
pub(crate) const PONG: &[u8] = &[0xd0, 0];

/// Length of a message.
pub(crate) fn publish_length(topic: &str, payload: &[u8]) -> usize {
    let body_length = 2 + topic.len() + payload.len();
    1 + length_of_length(body_length) + body_length
}

/// A message: `payload` under `topic`, which may be a pattern, as clients know it by that text.
pub(crate) fn push_publish(topic: &str, payload: &[u8], out: &mut Vec<u8>) {
    let topic_length = u16::try_from(topic.len()).expect("topics are short");
    out.push(0x30);
    push_length(2 + topic.len() + payload.len(), out);
    out.extend_from_slice(&topic_length.to_be_bytes());
    out.extend_from_slice(topic.as_bytes());
    out.extend_from_slice(payload);
}

fn push_length(mut length: usize, out: &mut Vec<u8>) {
    for _ in 1..length_of_length(length) {
        out.push(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    out.push(length as u8);
}

const fn length_of_length(length: usize) -> usize {
    match length {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECT: &[u8] = b"\x10\x0e\0\x04MQTT\x04\x02\0\x1e\0\x02me";

    fn one(bytes: &[u8]) -> Result<Option<Packet>, PacketError> {
        take(&mut BytesMut::from(bytes))
    }

    fn welcome(bytes: &[u8]) -> Welcome {
        match one(bytes) {
            Ok(Some(Packet::Connect(connect))) => connect.welcome,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn packets_are_taken_one_by_one_from_what_has_come() {
        let mut all = CONNECT.to_vec();
        all.extend_from_slice(b"\x82\x0d\0\x07\0\x01a\x01\0\x04b/+c\0\xc0\0\xe0\0");
        let mut input = BytesMut::new();
        let mut packets = Vec::new();
        for byte in all {
            input.extend_from_slice(&[byte]);
            packets.extend(take(&mut input).expect("they are well formed"));
        }
        let expected = [
            Packet::Connect(Connect {
                keep_alive_s: 30,
                password: None,
                welcome: Welcome::Accepted,
            }),
            Packet::Subscribe(7, vec!["a".into(), "b/+c".into()]),
            Packet::Ping,
            Packet::Disconnect,
        ];
        assert_eq!(packets, expected);
    }

    #[test]
    fn other_versions_are_refused_in_their_form() {
        assert_eq!(welcome(CONNECT), Welcome::Accepted);
        assert_eq!(
            welcome(b"\x10\x0f\0\x04MQTT\x05\x02\0\x1e\0\0\x02me"),
            Welcome::Version5
        );
        assert_eq!(
            welcome(b"\x10\x0c\0\x04MQTT\x07\x02\0\x1e\0\0"),
            Welcome::Version
        );
        assert_eq!(
            welcome(b"\x10\x0c\0\x04MQTT\x04\0\0\x1e\0\0"),
            Welcome::Name
        );
    }

    #[test]
    fn hostile_packets_are_refused() {
        let huge = PacketError::Size;
        let malformed = PacketError::Malformed;
        for (bytes, expected) in [
            (&b"\x10\xff\xff\xff\x7f"[..], huge),
            (b"\x82\x81\x80\x04", huge),
            (b"\x82\x80\x80\x80\x80", malformed),
            (b"\x30\x05\0\x01abc", PacketError::Kind(3)),
            (b"\0\0", PacketError::Kind(0)),
            (b"\x82\x02\0\x01", malformed),
            (b"\x82\x06\0\0\0\x01a\0", malformed),
            (b"\x82\x06\0\x01\0\x01a\x03", malformed),
            (b"\x82\x06\0\x01\xff\xffa\0", malformed),
            (b"\x10\x0c\0\x04MQTT\x04\x03\0\0\0\0", malformed),
            (b"\x10\x0c\0\x04MQTT\x04\x0a\0\0\0\0", malformed),
            (b"\x10\x0c\0\x04MQTT\x04\x82\0\0\0\0", malformed),
            (b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\0x", malformed),
        ] {
            assert_eq!(one(bytes), Err(expected), "{bytes:x?}");
        }
    }

    #[test]
    fn messages_have_the_form_of_the_protocol() {
        let mut out = Vec::new();
        push_publish("a/+", b"xyz", &mut out);
        assert_eq!(out, b"\x30\x08\0\x03a/+xyz");
        for size in [0, 120, 127, 128, 16_384, 40_000] {
            let payload = vec![1; size];
            let mut out = Vec::new();
            push_publish("t", &payload, &mut out);
            assert_eq!(out.len(), publish_length("t", &payload));
            let (length, head) = remaining_length(&out).expect("a length").expect("complete");
            assert_eq!(length + head, out.len());
        }
        assert_eq!(subscribed(258, &[true, false]), [0x90, 4, 1, 2, 0, 0x80]);
        assert_eq!(unsubscribed(1), [0xb0, 2, 0, 1]);
    }
}
