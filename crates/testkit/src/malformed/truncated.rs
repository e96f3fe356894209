//! Blocks that end in the middle of every field that they have.

use tangle_types::ProtocolParameters;

use super::raw::{
    Kind, List, RawBlock, RawMilestone, RawOutput, RawReceipt, RawTaggedData, RawTransaction,
    Writer, input, parameters_option, reference_unlock, signature_unlock,
};
use super::{Cases, Reason};

/// A transaction with every kind of output and unlock.
pub(super) fn transaction(parameters: &ProtocolParameters) -> RawTransaction {
    let outputs = Kind::ALL.map(|kind| RawOutput::full(kind).write());
    let mut transaction = RawTransaction::new(parameters, outputs.to_vec());
    transaction.inputs = List::of((1..=4).map(|byte| input(byte, 127)));
    transaction.payload = RawTaggedData::new().write().bytes;
    transaction.unlocks = List::of([
        signature_unlock(1),
        reference_unlock(1, 0),
        reference_unlock(2, 1),
        reference_unlock(3, 2),
    ]);
    transaction
}

/// A milestone with both options.
pub(super) fn milestone() -> RawMilestone {
    RawMilestone {
        metadata: b"metadata".to_vec(),
        options: List::of([RawReceipt::new().write(), parameters_option(5)]),
        ..RawMilestone::new()
    }
}

pub(super) fn add(cases: &mut Cases<'_>) {
    let payloads: [(&str, Writer); 3] = [
        ("tagged data", RawTaggedData::new().write()),
        ("transaction", transaction(cases.parameters).write()),
        ("milestone", milestone().write()),
    ];
    for (name, payload) in &payloads {
        for (field, end) in fields(payload) {
            let cut = end - 1;
            let block = RawBlock::new(payload.bytes[..cut].to_vec());
            let bytes = cases.bytes(&block);
            let name = format!("{name} of {cut} bytes ends within {field}");
            cases.add(name, Reason::Truncated, bytes);
        }
    }
    let block = RawBlock::new(payloads[1].1.bytes.clone()).write();
    for (field, end) in fields(&block) {
        let mut bytes = block.bytes[..end - 1].to_vec();
        if let Some(version) = bytes.first_mut() {
            *version = cases.parameters.version;
        }
        let name = format!("block of {} bytes ends within {field}", end - 1);
        cases.add(name, Reason::Truncated, bytes);
    }
}

/// The fields that are not empty, with their ends.
fn fields(writer: &Writer) -> Vec<(&'static str, usize)> {
    let mut last = 0;
    let mut fields = Vec::new();
    for (field, end) in &writer.marks {
        if *end > last {
            fields.push((*field, *end));
            last = *end;
        }
    }
    fields
}
