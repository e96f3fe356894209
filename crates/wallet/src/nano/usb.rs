//! A device at a USB port of this machine, by Linux's hidraw.
//!
//! Commands and answers go in packets of 64 bytes: channel, tag, number of the packet, and in the
//! first the length of all that follows. Numbers have their most significant byte first.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::Transport;
use crate::keys::SignerError;

const PACKET: usize = 64;
const CHANNEL: [u8; 2] = [0x01, 0x01];
/// An APDU goes under this tag.
const TAG: u8 = 0x05;
/// Channel, tag and number.
const HEAD: usize = 5;
/// Longest answer, its status included.
const ANSWER_BYTES_MAX: usize = 257;
/// How a device of the vendor is called on the bus.
const VENDOR: &str = ":00002C97:";
/// How the description of the interface for commands begins: usage page 0xffa0. Others of the same
/// device are for second factors.
const USAGE_PAGE: [u8; 3] = [0x06, 0xa0, 0xff];
/// Packets that wait to be read; the kernel keeps more.
const PACKETS_MAX: usize = 8;

/// An open device.
#[derive(Debug)]
pub(crate) struct Usb {
    file: File,
    packets: Receiver<io::Result<[u8; PACKET]>>,
    patience: Duration,
}

impl Usb {
    /// Opens the only device there is. An answer may take as long as `patience`.
    ///
    /// # Errors
    /// There is none, or more than one, or it may not be opened.
    pub(crate) fn open(patience: Duration) -> Result<Self, SignerError> {
        let path = find(Path::new("/sys/class/hidraw"), Path::new("/dev"))?;
        let refuse = |error: io::Error| SignerError::Unreachable {
            what: path.display().to_string(),
            reason: error.to_string(),
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(refuse)?;
        let mut reader = file.try_clone().map_err(refuse)?;
        let (sender, packets) = sync_channel(PACKETS_MAX);
        // Ends with the device, or at the first packet that nobody wants.
        std::thread::spawn(move || {
            loop {
                let mut packet = [0; PACKET];
                let read = reader.read_exact(&mut packet).map(|()| packet);
                let is_last = read.is_err();
                if sender.send(read).is_err() || is_last {
                    break;
                }
            }
        });
        Ok(Self {
            file,
            packets,
            patience,
        })
    }
}

impl Transport for Usb {
    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, SignerError> {
        for packet in cut(command) {
            // The kernel wants the number of the report before it, and there is only one.
            let report = [&[0], &packet[..]].concat();
            self.file
                .write_all(&report)
                .map_err(|_| SignerError::Ended)?;
        }
        join(|| match self.packets.recv_timeout(self.patience) {
            Ok(Ok(packet)) => Ok(packet),
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(SignerError::Ended),
            Err(RecvTimeoutError::Timeout) => Err(SignerError::Silent {
                seconds: self.patience.as_secs(),
            }),
        })
    }
}

/// The packets of a command.
fn cut(command: &[u8]) -> Vec<[u8; PACKET]> {
    let length = u16::try_from(command.len()).expect("a command has at most 260 bytes");
    let message = [&length.to_be_bytes()[..], command].concat();
    let parts = (0_u16..).zip(message.chunks(PACKET - HEAD));
    parts
        .map(|(number, part)| {
            let mut packet = [0; PACKET];
            packet[..2].copy_from_slice(&CHANNEL);
            packet[2] = TAG;
            packet[3..HEAD].copy_from_slice(&number.to_be_bytes());
            packet[HEAD..HEAD + part.len()].copy_from_slice(part);
            packet
        })
        .collect()
}

/// The answer in the packets that come.
fn join(
    mut next: impl FnMut() -> Result<[u8; PACKET], SignerError>,
) -> Result<Vec<u8>, SignerError> {
    let mut message = Vec::new();
    for number in 0_u16.. {
        let packet = next()?;
        let head = [&CHANNEL[..], &[TAG], &number.to_be_bytes()].concat();
        if packet[..HEAD] != head[..] {
            return Err(SignerError::Garbage(
                "a packet is out of its order".to_owned(),
            ));
        }
        message.extend_from_slice(&packet[HEAD..]);
        let length = usize::from(u16::from_be_bytes([message[0], message[1]]));
        if length > ANSWER_BYTES_MAX {
            return Err(SignerError::Garbage(format!("an answer of {length} bytes")));
        }
        if message.len() >= 2 + length {
            return Ok(message[2..2 + length].to_vec());
        }
    }
    Err(SignerError::Garbage("an answer without end".to_owned()))
}

/// The file of the only device.
fn find(classes: &Path, devices: &Path) -> Result<PathBuf, SignerError> {
    let refuse = |reason: &str| SignerError::Unreachable {
        what: "a Ledger Nano by USB".to_owned(),
        reason: reason.to_owned(),
    };
    let mut found: Vec<PathBuf> = match fs::read_dir(classes) {
        Ok(entries) => entries
            .filter_map(Result::ok)
            .filter(|entry| is_device(&entry.path()))
            .map(|entry| devices.join(entry.file_name()))
            .collect(),
        // Without such devices there may be no such folder.
        Err(_) => Vec::new(),
    };
    match (found.pop(), found.pop()) {
        (Some(path), None) => Ok(path),
        (None, _) => Err(refuse("there is none")),
        (Some(_), Some(_)) => Err(refuse("there is more than one")),
    }
}

/// Whether it is the interface of a device of the vendor for commands.
fn is_device(class: &Path) -> bool {
    let device = class.join("device");
    let is_vendors = fs::read_to_string(device.join("uevent")).is_ok_and(|text| {
        let mut lines = text.lines();
        lines.any(|line| line.starts_with("HID_ID=") && line.to_uppercase().contains(VENDOR))
    });
    is_vendors
        && fs::read(device.join("report_descriptor"))
            .is_ok_and(|bytes| bytes.starts_with(&USAGE_PAGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_as_the_vendor_documents_them() {
        // Of the vendor's protocol: class 0xb0, instruction 1, nothing else.
        let packets = cut(&[0xb0, 0x01, 0, 0, 0]);
        let head = [0x01, 0x01, 0x05, 0x00, 0x00, 0x00, 0x05, 0xb0, 0x01, 0x00];
        assert_eq!(packets.len(), 1);
        assert_eq!(packets[0][..10], head);
        assert!(packets[0][10..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn what_is_cut_is_joined_again() {
        for length in [0, 1, 56, 57, 58, 116, 117, 256, 257] {
            let message: Vec<u8> = (0..=255).cycle().take(length).collect();
            let mut packets = cut(&message).into_iter();
            let joined = join(|| packets.next().ok_or(SignerError::Ended));
            assert_eq!(joined.expect("all packets"), message);
            assert!(packets.next().is_none(), "{length}");
        }
    }

    #[test]
    fn hostile_packets_are_refused() {
        let long = cut(&[7; 258]);
        let mut other_order = cut(&[7; 200]);
        other_order.swap(1, 2);
        let mut other_channel = cut(&[7; 20]);
        other_channel[0][0] = 2;
        for packets in [long, other_order, other_channel] {
            let mut packets = packets.into_iter();
            let joined = join(|| packets.next().ok_or(SignerError::Ended));
            assert!(matches!(joined, Err(SignerError::Garbage(_))), "{joined:?}");
        }
        let mut cut_off = cut(&[7; 200]).into_iter().take(2);
        let joined = join(|| cut_off.next().ok_or(SignerError::Ended));
        assert!(matches!(joined, Err(SignerError::Ended)), "{joined:?}");
    }

    #[test]
    fn only_the_interface_for_commands_of_the_vendors_device_is_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let add = |name: &str, id: &str, descriptor: &[u8]| {
            let device = folder.path().join(name).join("device");
            fs::create_dir_all(&device).expect("ours");
            let uevent = format!("DRIVER=hid-generic\nHID_ID={id}\nHID_NAME=x\n");
            fs::write(device.join("uevent"), uevent).expect("ours");
            fs::write(device.join("report_descriptor"), descriptor).expect("ours");
        };
        let look = || find(folder.path(), Path::new("/dev"));
        assert!(find(&folder.path().join("absent"), Path::new("/dev")).is_err());
        add(
            "hidraw0",
            "0003:0000046D:0000C31C",
            &[0x06, 0xa0, 0xff, 0x09],
        );
        add(
            "hidraw1",
            "0003:00002C97:00005011",
            &[0x06, 0xd0, 0xf1, 0x09],
        );
        assert!(look().is_err());
        add(
            "hidraw2",
            "0003:00002c97:00005011",
            &[0x06, 0xa0, 0xff, 0x09],
        );
        assert_eq!(look().expect("one"), Path::new("/dev/hidraw2"));
        add(
            "hidraw3",
            "0003:00002C97:00001011",
            &[0x06, 0xa0, 0xff, 0x09],
        );
        assert!(
            look()
                .expect_err("two")
                .to_string()
                .contains("more than one")
        );
    }
}
