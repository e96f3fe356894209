//! Foreign bytes: nothing panics, whatever is read writes back to the same bytes, and memory stays
//! in proportion to the input.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Debug;

use proptest::prelude::*;
use tangle_testkit::{arbitrary, malformed};
use tangle_types::gossip::{Header, Message};
use tangle_types::json::{BlockJson, OutputJson, ParticipationEventJson, PayloadJson, from_slice};
use tangle_types::participation::{ParticipationEvent, Participations};
use tangle_types::{
    Address, Block, Codec, DraftBlock, Feature, Features, Milestone, MilestoneOption, Output,
    ParsedBlock, Payload, ProtocolParameters, Receipt, Transaction, Unlock, UnlockCondition,
    UnlockConditions, validate,
};

/// The system's allocator, which counts what each thread holds.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(change: isize) {
    let held = HELD.get() + change;
    HELD.set(held);
    PEAK.set(PEAK.get().max(held));
}

// SAFETY: every call goes on to the system's allocator unchanged; the counters are plain cells of
// the thread, which need no memory and no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The most bytes that this thread held at once during `work`, above what it held before.
fn peak_of<T>(work: impl FnOnce() -> T) -> usize {
    let before = HELD.get();
    PEAK.set(before);
    let result = work();
    let peak = PEAK.get() - before;
    drop(result);
    usize::try_from(peak).expect("the peak is not below the start")
}

/// Reads bytes; what is read must write back to the same bytes.
fn check_read<T: Codec + Debug + PartialEq>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        assert_eq!(value.to_bytes(), bytes, "{value:?}");
    }
}

fn check_everything(bytes: &[u8]) {
    check_read::<Address>(bytes);
    check_read::<Block>(bytes);
    check_read::<DraftBlock>(bytes);
    check_read::<Feature>(bytes);
    check_read::<Features>(bytes);
    check_read::<Milestone>(bytes);
    check_read::<MilestoneOption>(bytes);
    check_read::<Output>(bytes);
    check_read::<ParticipationEvent>(bytes);
    check_read::<Participations>(bytes);
    check_read::<Payload>(bytes);
    check_read::<ProtocolParameters>(bytes);
    check_read::<Receipt>(bytes);
    check_read::<Transaction>(bytes);
    check_read::<Unlock>(bytes);
    check_read::<UnlockCondition>(bytes);
    check_read::<UnlockConditions>(bytes);
    let Some((header, body)) = bytes.split_first_chunk() else {
        return;
    };
    let Ok(header) = Header::read(*header) else {
        return;
    };
    if let Ok(message) = Message::read(header, body.to_vec().into()) {
        let mut written = Vec::new();
        message.write(&mut written);
        assert_eq!(written, bytes);
    }
}

/// Reading a block holds at most eight times its bytes, plus room for the fixed part of 128 outputs
/// and unlocks, whose shortest forms are smaller than what they become.
fn check_memory(bytes: &[u8]) {
    let input = bytes::Bytes::copy_from_slice(bytes);
    let limit = 8 * bytes.len() + 32_768;
    let peak = peak_of(|| ParsedBlock::parse(input));
    assert!(
        peak <= limit,
        "{peak} bytes for an input of {}",
        bytes.len()
    );
}

/// Bytes of which many are small, as counts and types are.
fn foreign_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![3 => 0..10_u8, 1 => any::<u8>()];
    proptest::collection::vec(byte, 0..600)
}

proptest! {
    #![proptest_config(arbitrary::config(2_000))]

    #[test]
    fn foreign_bytes_never_panic(bytes in foreign_bytes()) {
        check_everything(&bytes);
        check_memory(&bytes);
    }

    #[test]
    fn every_block_reads_back_within_its_memory(block in arbitrary::block(true)) {
        let bytes = block.to_bytes();
        prop_assert_eq!(&Block::from_bytes(&bytes), &Ok(block.clone()));
        prop_assert_eq!(DraftBlock::from_bytes(&bytes), Ok(block.clone().into()));
        prop_assert_eq!(validate(&block, &arbitrary::parameters()), Ok(()));
        if let Some(Payload::Transaction(transaction)) = &block.payload {
            for output in &transaction.essence.outputs {
                prop_assert_eq!(output.packed_len(), output.to_bytes().len());
            }
        }
        check_memory(&bytes);
    }

    #[test]
    fn every_block_is_the_same_in_json(block in arbitrary::block(true)) {
        let json = serde_json::to_vec(&BlockJson::from(&block)).expect("JSON");
        let read: Block = from_slice::<BlockJson>(&json)
            .and_then(TryInto::try_into)
            .expect("what was written can be read");
        prop_assert_eq!(read, block);
    }

    #[test]
    fn every_event_is_the_same_in_bytes_and_json(event in arbitrary::participation_event()) {
        prop_assert_eq!(ParticipationEvent::from_bytes(&event.to_bytes()), Ok(event.clone()));
        let json = serde_json::to_vec(&ParticipationEventJson::from(&event)).expect("JSON");
        let read: ParticipationEvent = from_slice::<ParticipationEventJson>(&json)
            .and_then(TryInto::try_into)
            .expect("what was written can be read");
        prop_assert_eq!(read, event);
    }

    #[test]
    fn damaged_events_never_panic(
        event in arbitrary::participation_event(),
        place in any::<usize>(),
        byte in prop_oneof![0..12_u8, any::<u8>()],
    ) {
        let mut bytes = event.to_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        check_read::<ParticipationEvent>(&bytes);
        let limit = 8 * bytes.len() + 4_096;
        let peak = peak_of(|| ParticipationEvent::from_bytes(&bytes));
        prop_assert!(peak <= limit, "{} bytes for {}", peak, bytes.len());
    }

    #[test]
    fn damaged_json_never_panics(
        block in arbitrary::block(true),
        places in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4),
    ) {
        let mut json = serde_json::to_vec(&BlockJson::from(&block)).expect("JSON");
        for (place, byte) in places {
            let place = place % json.len();
            json[place] = byte;
        }
        let limit = 16 * json.len() + 65_536;
        let peak = peak_of(|| from_slice::<BlockJson>(&json).and_then(Block::try_from));
        prop_assert!(peak <= limit, "{} bytes for a text of {}", peak, json.len());
        let _ = from_slice::<PayloadJson>(&json).and_then(Payload::try_from);
        let _ = from_slice::<OutputJson>(&json).and_then(Output::try_from);
    }
}

#[test]
fn malformed_blocks_take_no_more_memory_than_sound_ones() {
    let parameters = arbitrary::parameters();
    for block in malformed::malformed_blocks(&parameters) {
        check_everything(&block.bytes);
        check_memory(&block.bytes);
    }
}

/// A length is checked before it is believed: a few bytes that announce many cost nothing.
#[test]
fn announced_lengths_are_not_allocated() {
    let front = |rest: &[u8]| [&[2, 1][..], &[7; 32], rest].concat();
    let announcements = [
        vec![2, 8],
        front(&u32::MAX.to_le_bytes()),
        front(&[11, 0, 0, 0, 5, 0, 0, 0, 64]),
        front(&[9, 0, 0, 0, 5, 0, 0, 0, 0, 255, 127, 0, 0]),
        front(&[15, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 128, 0]),
    ];
    for bytes in announcements {
        let input = bytes::Bytes::from(bytes);
        let peak = peak_of(|| ParsedBlock::parse(input));
        assert!(peak <= 512, "{peak} bytes");
    }
}
