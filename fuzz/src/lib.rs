//! What the fuzz targets have in common: properties of every reader, and a limit on memory.
//!
//! A target feeds one reader with bytes. Besides not panicking, the reader must hold what it
//! promises: what it accepts is written as the same bytes, and says the same in JSON.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tangle_types::json::{self, BlockJson, OutputJson, PayloadJson};
use tangle_types::{Block, Codec, Output, Payload, ProtocolParameters, RentStructure};

/// Most bytes that any reader may ask for at once. Inputs are much shorter, so more is asked for
/// only by who believes a length before comparing it with what there is.
const ALLOCATION_SIZE_BYTES_MAX: usize = 1 << 20;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

/// The system's allocator, which ends the process when somebody asks for too much.
struct Bounded;

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check_size(layout.size());
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        check_size(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        check_size(size);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn check_size(size_bytes: usize) {
    if size_bytes > ALLOCATION_SIZE_BYTES_MAX {
        // A panic would allocate.
        std::process::abort();
    }
}

/// What `bytes` are as a value, which must be written as the same bytes.
pub fn read<T: Codec>(bytes: &[u8]) -> Option<T> {
    let value = T::from_bytes(bytes).ok()?;
    assert!(value.to_bytes() == bytes, "written as other bytes");
    Some(value)
}

/// Checks that `value` is the same value after it was written and read as JSON `J`.
pub fn check_json<'a, T, J>(value: &'a T)
where
    T: TryFrom<J> + PartialEq + Debug,
    T::Error: Debug,
    J: From<&'a T> + Serialize + DeserializeOwned,
{
    let text = serde_json::to_vec(&J::from(value)).expect("a value has a JSON form");
    let json: J = json::from_slice(&text).expect("what was written can be read");
    let again = T::try_from(json).expect("what was read is a value");
    assert_eq!(&again, value);
}

/// [`check_json`] of a block.
pub fn check_block_json(block: &Block) {
    check_json::<Block, BlockJson>(block);
}

/// [`check_json`] of a payload.
pub fn check_payload_json(payload: &Payload) {
    check_json::<Payload, PayloadJson>(payload);
}

/// [`check_json`] of an output.
pub fn check_output_json(output: &Output) {
    check_json::<Output, OutputJson>(output);
}

/// The parameters of Shimmer, without proof of work, which would let almost nothing through.
pub fn parameters() -> ProtocolParameters {
    ProtocolParameters {
        version: 2,
        network_name: "shimmer".to_owned(),
        bech32_hrp: "smr".to_owned(),
        pow_score_min: 0,
        below_max_depth: 15,
        rent: RentStructure {
            v_byte_cost: 100,
            v_byte_factor_data: 1,
            v_byte_factor_key: 10,
        },
        token_supply: 1_813_620_509_061_365,
    }
}
