//! What a neighbour sends, message after message.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tangle_types::gossip::{HEADER_SIZE_BYTES, Header, Message};

fuzz_target!(|data: &[u8]| {
    let mut rest = Bytes::copy_from_slice(data);
    while rest.len() >= HEADER_SIZE_BYTES {
        let front = rest.split_to(HEADER_SIZE_BYTES);
        let front = front[..].try_into().expect("split off just now");
        let Ok(header) = Header::read(front) else {
            return;
        };
        let body = rest.split_to(header.body_size_bytes().min(rest.len()));
        let Ok(message) = Message::read(header, body.clone()) else {
            assert!(
                body.len() < header.body_size_bytes(),
                "a whole message is refused"
            );
            return;
        };
        let mut written = Vec::new();
        message.write(&mut written);
        assert_eq!(written, [&front[..], &body].concat());
    }
});
