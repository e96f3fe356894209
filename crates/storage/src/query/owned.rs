//! The outputs of many addresses at once, as a wallet asks for them.
//!
//! Each list of the index is sorted by address. It is walked side by side with the sorted
//! addresses, and whichever is behind jumps to where the other is: a list without entries costs one
//! look, however many addresses there are.

use std::collections::BTreeSet;
use std::sync::Arc;

use tangle_types::{Address, Codec, LedgerOutput, MilestoneIndex, OutputId};

use super::UNLOCKING;
use crate::StoreError;
use crate::ledger::View;
use crate::ledger::keys::{self, PLACE_BYTES, Place, Role};

/// Steps that are tried before a list is entered anew at the address wanted.
const STEPS_MAX: usize = 8;
/// Role and kind in front of the address.
const HEAD: usize = 2;

/// What addresses can unlock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedOutputs {
    /// State of the ledger for which this is true.
    pub ledger_index: MilestoneIndex,
    /// The outputs, by id.
    pub outputs: Vec<Arc<LedgerOutput>>,
    /// Whether these are all.
    pub is_complete: bool,
}

/// Limits of an answer.
#[derive(Clone, Copy, Debug)]
pub struct OwnedLimits {
    /// Most outputs.
    pub outputs_max: usize,
    /// Most bytes of all outputs together, or one output more.
    pub bytes_max: usize,
}

/// Everything that one of `addresses` can unlock, now or ever.
pub(crate) fn owned(
    view: &View,
    addresses: &[Address],
    limits: OwnedLimits,
) -> Result<OwnedOutputs, StoreError> {
    let wanted: BTreeSet<[u8; 33]> = addresses.iter().map(Address::to_array).collect();
    let wanted: Vec<[u8; 33]> = wanted.into_iter().collect();
    let mut found = OwnedOutputs {
        ledger_index: view.head.ledger_index,
        ..OwnedOutputs::default()
    };
    let mut ids = BTreeSet::new();
    for role in UNLOCKING {
        for kind in role.kinds() {
            if !walk(view, (role, *kind), &wanted, limits.outputs_max, &mut ids)? {
                return Ok(found);
            }
        }
    }
    let mut size = 0;
    for id in ids {
        if size > limits.bytes_max {
            return Ok(found);
        }
        if let Some(entry) = view.output(&id)? {
            size += entry.output.output.packed_len();
            found.outputs.push(entry.output);
        }
    }
    found.is_complete = true;
    Ok(found)
}

/// Adds the outputs of one list. `false` when there are too many.
fn walk(
    view: &View,
    (role, kind): (Role, u8),
    wanted: &[[u8; 33]],
    outputs_max: usize,
    ids: &mut BTreeSet<OutputId>,
) -> Result<bool, StoreError> {
    let Some(last) = wanted.last() else {
        return Ok(true);
    };
    let key = |address: &[u8; 33], end: u8| {
        // Every one of these was made of an address.
        let address = Address::from_bytes(address).unwrap_or(Address::Ed25519([0; 32]));
        let mut key = keys::by_address(role, kind, &address);
        key.extend_from_slice(&[end; PLACE_BYTES]);
        key
    };
    let end = key(last, u8::MAX);
    let mut wanted = wanted.iter().peekable();
    let mut list = None;
    let mut steps = 0;
    while let Some(address) = wanted.peek() {
        if steps >= STEPS_MAX {
            list = None;
        }
        let keys = list.get_or_insert_with(|| {
            steps = 0;
            view.index_keys(key(address, 0), end.clone())
        });
        let Some(next) = keys.next().transpose()? else {
            return Ok(true);
        };
        let here = next.get(HEAD..HEAD + Address::LENGTH).unwrap_or_default();
        steps += 1;
        while wanted.peek().is_some_and(|address| &address[..] < here) {
            wanted.next();
        }
        if wanted.peek().is_some_and(|address| &address[..] == here) {
            steps = 0;
            ids.extend(Place::of_key(&next).map(|place| place.id));
            if ids.len() > outputs_max {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
