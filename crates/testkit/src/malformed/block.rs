//! Blocks and tagged data.

use tangle_types::{DecodeError, SyntaxError};

use super::raw::{List, RawBlock, RawTaggedData};
use super::{Cases, Reason};

pub(super) fn add(cases: &mut Cases<'_>) {
    parents(cases);
    payload(cases);
    size(cases);
    versions(cases);
    tagged_data(cases);
}

/// Parents that are ascending and unique.
fn ids(count: u8) -> Vec<Vec<u8>> {
    (1..=count).map(|byte| vec![byte; 32]).collect()
}

fn parents(cases: &mut Cases<'_>) {
    let field = "parents";
    let count = |found| DecodeError::Count {
        field,
        found,
        min: 1,
        max: 8,
    };
    cases.block("no parents", count(0), |block| block.parents.items.clear());
    cases.block("9 parents", count(9), |block| {
        block.parents.items = ids(9);
    });
    cases.block("255 parents", count(255), |block| {
        block.parents.items = ids(255);
    });
    cases.block("255 parents are said, 2 there", count(255), |block| {
        block.parents.count = Some(255);
    });
    for (name, order, error) in [
        (
            "descending",
            &[2, 1][..],
            DecodeError::Order { field, index: 1 },
        ),
        (
            "last one out of order",
            &[1, 3, 2],
            DecodeError::Order { field, index: 2 },
        ),
        (
            "8, two of them swapped",
            &[1, 2, 3, 4, 6, 5, 7, 8],
            DecodeError::Order { field, index: 5 },
        ),
        (
            "the same twice",
            &[1, 1],
            DecodeError::Duplicate { field, index: 1 },
        ),
        (
            "the last one repeated",
            &[1, 2, 2],
            DecodeError::Duplicate { field, index: 2 },
        ),
        (
            "a repetition that is not adjacent",
            &[1, 2, 1],
            DecodeError::Order { field, index: 2 },
        ),
        (
            "8 times the same",
            &[9; 8],
            DecodeError::Duplicate { field, index: 1 },
        ),
    ] {
        cases.block(format!("parents: {name}"), error, |block| {
            block.parents = List::of(order.iter().map(|byte| vec![*byte; 32]));
        });
    }
}

// tidy: a table
fn payload(cases: &mut Cases<'_>) {
    // Types 0 to 3 are retired, 4 occurs only in receipts.
    for found in [0, 1, 2, 3, 4, 8, 255, 0x0500_0000, u32::MAX] {
        let error = DecodeError::Kind {
            field: "payload",
            found,
        };
        cases.tagged(format!("payload of type {found}"), error, |data| {
            data.kind = found;
        });
    }
    let length = RawTaggedData::new().write().bytes.len();
    let stated = |stated, used| DecodeError::StatedLength {
        field: "payload",
        stated,
        used,
    };
    cases.block(
        "payload with a byte after its end",
        stated(length + 1, length),
        |block| {
            block.payload.push(0);
        },
    );
    cases.block(
        "payload length takes in the nonce",
        stated(length + 8, length),
        |block| {
            let nonce = block.nonce.to_le_bytes();
            block.payload.extend(nonce);
        },
    );
    cases.block(
        "payload length is too large for the block",
        DecodeError::TooShort {
            needed: length + 9,
            left: length + 8,
        },
        |block| block.payload_length = Some(length as u32 + 9),
    );
    cases.block(
        "payload length is the largest number",
        DecodeError::TooShort {
            needed: u32::MAX as usize,
            left: length + 8,
        },
        |block| block.payload_length = Some(u32::MAX),
    );
    cases.block(
        "payload length is 0, though there is a payload",
        DecodeError::LeftOver { count: length },
        |block| block.payload_length = Some(0),
    );
    cases.block(
        "payload length is one short",
        DecodeError::TooShort { needed: 4, left: 3 },
        |block| block.payload_length = Some(length as u32 - 1),
    );
    for count in [1, 2, 8, 100] {
        cases.block(
            format!("{count} bytes after the end"),
            DecodeError::LeftOver { count },
            |block| block.tail = vec![0; count],
        );
    }
    let bytes = cases.bytes(&RawBlock::new(Vec::new()));
    let twice = [&bytes[..], &bytes[..]].concat();
    let error = DecodeError::LeftOver { count: bytes.len() };
    cases.add("two blocks in one", Reason::Decode(error), twice);
    cases.add("no bytes", Reason::Truncated, Vec::new());
}

fn size(cases: &mut Cases<'_>) {
    let empty = RawTaggedData {
        tag: Vec::new(),
        data: Vec::new(),
        ..RawTaggedData::new()
    };
    let overhead = RawBlock::new(empty.write().bytes).write().bytes.len();
    for found in [32_769, 33_000, 65_536, 100_000] {
        let name = format!("tagged data makes a block of {found} bytes");
        cases.tagged(name, DecodeError::BlockSize { found }, |data| {
            data.tag = Vec::new();
            data.data = vec![0; found - overhead];
        });
    }
    for found in [32_769, 50_000] {
        let name = format!("{found} zero bytes");
        let error = DecodeError::BlockSize { found };
        cases.add(name, Reason::Decode(error), vec![0; found]);
    }
}

fn versions(cases: &mut Cases<'_>) {
    let needed = cases.parameters.version;
    for found in [0, 1, 3, 4, 255] {
        if found == needed {
            continue;
        }
        let mut block = RawBlock::new(RawTaggedData::new().write().bytes);
        block.version = found;
        let error = SyntaxError::ProtocolVersion { needed, found };
        let name = format!("block of protocol version {found}");
        cases.add(name, Reason::Syntax(error), block.write().bytes);
    }
}

fn tagged_data(cases: &mut Cases<'_>) {
    for found in [65_u8, 66, 255] {
        let error = DecodeError::Length {
            field: "tag",
            found: usize::from(found),
            min: 0,
            max: 64,
        };
        cases.tagged(format!("tag of {found} bytes"), error, |data| {
            data.tag = vec![0; usize::from(found)];
        });
    }
    cases.tagged(
        "tag is longer than the payload",
        DecodeError::TooShort {
            needed: 64,
            left: 11,
        },
        |data| data.tag_length = Some(64),
    );
    cases.tagged(
        "tag is one byte longer than said",
        DecodeError::TooShort {
            needed: 1_125,
            left: 5,
        },
        // The last byte of the tag becomes the first one of the data's length.
        |data| {
            data.tag = vec![1, 2, 0x65];
            data.tag_length = Some(2);
            data.data_length = Some(4);
        },
    );
    for found in [32_769_u32, u32::MAX] {
        let error = DecodeError::Length {
            field: "data",
            found: found as usize,
            min: 0,
            max: 32_768,
        };
        let name = format!("data is said to have {found} bytes");
        cases.tagged(name, error, |data| data.data_length = Some(found));
    }
    cases.tagged(
        "data is longer than the payload",
        DecodeError::TooShort { needed: 5, left: 4 },
        |data| data.data_length = Some(5),
    );
    cases.tagged(
        "data is shorter than the payload",
        DecodeError::StatedLength {
            field: "payload",
            stated: 16,
            used: 15,
        },
        |data| data.data_length = Some(3),
    );
}
