//! Snapshot files, full and delta.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use tangle_storage::snapshot::{Header, SnapshotReader, SnapshotWriter};

fuzz_target!(|data: &[u8]| {
    let Ok(reader) = SnapshotReader::new(data) else {
        return;
    };
    let header = reader.header().clone();
    if let Header::Full(header) = &header {
        header
            .protocol_parameters()
            .expect("parameters are checked when the header is read");
    }
    let Ok(records) = reader.collect::<Result<Vec<_>, _>>() else {
        return;
    };
    let mut writer = SnapshotWriter::new(Cursor::new(Vec::new()), header.clone())
        .expect("memory can be written");
    for record in &records {
        writer.push(record).expect("memory can be written");
    }
    let (written, file) = writer.finish().expect("memory can be written");
    assert_eq!(written, header);
    assert!(file.into_inner() == data, "written as other bytes");
});
