//! Keys in a Ledger Nano S, S+ or X, whose IOTA or Shimmer app speaks the protocol of this module.
//!
//! A command is five bytes (class, instruction, two parameters, length of the data) and data; an
//! answer is data and a status of two bytes. Larger data goes in blocks through a buffer in the
//! app: the essence with the place of each input's key goes in, and addresses come out. Places are
//! two numbers, index and change, with the mark of hardening; all of one transaction are of one
//! account. The app tells addresses and no public keys; a public key comes with its signature.
//!
//! The app shows a transaction of basic outputs with an Ed25519 owner and nothing else. Of any
//! other, and of one that its buffer cannot hold, it signs the hash, when its settings allow that.
//!
//! Source: the app's `docs/specification.md` and code (ledger-iota-app), and what the official
//! client asks of it.

mod tcp;
mod usb;

use std::sync::Mutex;

use tangle_crypto::slip10::PathError;
use tangle_types::{Address, Codec, Essence, Output};

use crate::keys::{
    COIN_IOTA, COIN_SHIMMER, KeyAndSignature, KeyPlace, Signer, SignerError, SigningRequest,
};
use crate::process::Tell;

pub(crate) use tcp::Tcp;
pub(crate) use usb::Usb;

/// Class of the app's commands.
const CLASS: u8 = 0x7b;
/// Coin type of test networks (SLIP-44).
const COIN_TEST: u32 = 1;
/// Marks a step of a path as hardened.
const HARDENED: u32 = 1 << 31;
/// The first app that knows Stardust.
const VERSION_MIN: [u8; 3] = [0, 8, 0];
/// An address with its kind.
const ADDRESS_BYTES: usize = 33;
/// Status of a command that was done.
const DONE: u16 = 0x9000;

/// The app's commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Instruction {
    AppConfig = 0x10,
    SetAccount = 0x11,
    BufferState = 0x80,
    WriteBlock = 0x81,
    ReadBlock = 0x82,
    ClearBuffer = 0x83,
    PrepareBlindSigning = 0x91,
    PrepareSigning = 0xa0,
    GenerateAddresses = 0xa1,
    Confirm = 0xa3,
    SignSingle = 0xa4,
    Reset = 0xff,
}

/// A way to a device.
pub(crate) trait Transport: Send {
    /// Sends a command and waits for its answer, which ends with the status.
    ///
    /// # Errors
    /// The device is gone, silent, or does not keep to the framing.
    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, SignerError>;
}

/// A device whose keys below one coin type are those of the wallet.
pub(crate) struct NanoSigner<T> {
    coin_type: u32,
    tell: Tell,
    /// Guards the commands of one task, which belong together.
    device: Mutex<Device<T>>,
}

struct Device<T> {
    transport: T,
}

/// What the app's buffer is like.
struct Buffer {
    /// Bytes in it that have a meaning.
    used: usize,
    block_bytes: usize,
    block_count: usize,
}

impl Buffer {
    const fn capacity(&self) -> usize {
        self.block_bytes * self.block_count
    }
}

/// A transaction that the app can show.
struct Shown {
    /// The essence, and the place of each input's key.
    data: Vec<u8>,
    places: Vec<KeyPlace>,
}

/// What the app is like.
struct App {
    /// Whether it may sign what it cannot show.
    signs_blindly: bool,
    buffer: Buffer,
}

impl<T> std::fmt::Debug for NanoSigner<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NanoSigner(..)")
    }
}

impl<T: Transport> NanoSigner<T> {
    /// The keys of a device. `tell` is told what has to be done at it.
    ///
    /// # Errors
    /// No app has keys of this coin type.
    pub(crate) fn new(transport: T, coin_type: u32, tell: Tell) -> Result<Self, SignerError> {
        if ![COIN_IOTA, COIN_SHIMMER, COIN_TEST].contains(&coin_type) {
            let text = format!(
                "the device's apps have keys of the coin types {COIN_IOTA}, {COIN_SHIMMER} and \
                 {COIN_TEST}, not of {coin_type}"
            );
            return Err(SignerError::Refused(text));
        }
        Ok(Self {
            coin_type,
            tell,
            device: Mutex::new(Device { transport }),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Device<T>> {
        self.device
            .lock()
            .expect("nobody panics while he talks with the device")
    }
}

impl<T: Transport> Signer for NanoSigner<T> {
    fn addresses(&self, first: KeyPlace, count: u32) -> Result<Vec<[u8; 32]>, SignerError> {
        let mut device = self.lock();
        let app = device.begin(self.coin_type, first.account)?;
        let batch = u32::try_from(app.buffer.capacity() / ADDRESS_BYTES).unwrap_or(u32::MAX);
        if batch == 0 {
            return Err(SignerError::Garbage("its buffer holds nothing".to_owned()));
        }
        let end = first.index.checked_add(count);
        if end.is_none_or(|end| end > HARDENED) {
            return Err(PathError::Step.into());
        }
        let mut all = Vec::new();
        let mut done = 0;
        while done < count {
            let next = batch.min(count - done);
            let place = KeyPlace {
                index: first.index + done,
                ..first
            };
            all.extend(device.generate(place, next)?);
            done += next;
        }
        Ok(all)
    }

    fn sign(&self, request: &SigningRequest<'_>) -> Result<Vec<KeyAndSignature>, SignerError> {
        let keys = request.keys();
        let Some(account) = keys.first().map(|place| place.account) else {
            return Ok(Vec::new());
        };
        if keys.iter().any(|place| place.account != account) {
            let text = "keys of more than one account would sign".to_owned();
            return Err(SignerError::Refused(text));
        }
        let mut device = self.lock();
        let app = device.begin(self.coin_type, account)?;
        match shown(request, &app.buffer)? {
            Some(Shown { data, places }) => {
                device.prepare(&data, request.change.last())?;
                (self.tell)("the device shows the transaction: accept or reject it there");
                device.confirm_and_sign(&places)
            }
            None if !app.signs_blindly => Err(SignerError::BlindSigning),
            None => {
                let hash = request.essence.hash();
                device.prepare_blindly(&hash, &keys)?;
                (self.tell)(&format!(
                    "the device shows the hash of the transaction and no more: accept or reject \
                     it there: 0x{}",
                    hex::encode(hash)
                ));
                device.confirm_and_sign(&keys)
            }
        }
    }
}

/// What is put into the buffer when the app can show the transaction.
fn shown(request: &SigningRequest<'_>, buffer: &Buffer) -> Result<Option<Shown>, SignerError> {
    let places: Option<Vec<KeyPlace>> = request.inputs.iter().copied().collect();
    let Some(places) = places.filter(|_| is_plain(request.essence)) else {
        return Ok(None);
    };
    let mut data = request.essence.to_bytes();
    for place in &places {
        data.extend_from_slice(&place_bytes(*place)?);
    }
    // The app wants a byte of its buffer to be left over.
    Ok((data.len() < buffer.capacity()).then_some(Shown { data, places }))
}

/// Whether all outputs are of the kind that the app shows.
fn is_plain(essence: &Essence) -> bool {
    essence.outputs.iter().all(|output| match output {
        Output::Basic(basic) => {
            basic.native_tokens.is_empty()
                && basic.features.iter().len() == 0
                && basic.unlock_conditions.iter().len() == 1
                && matches!(basic.unlock_conditions.address(), Some(Address::Ed25519(_)))
        }
        _ => false,
    })
}

/// Index and change of a key below its account, both hardened.
fn place_bytes(place: KeyPlace) -> Result<[u8; 8], SignerError> {
    if place.index >= HARDENED {
        return Err(PathError::Step.into());
    }
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&(place.index | HARDENED).to_le_bytes());
    bytes[4..].copy_from_slice(&(u32::from(place.is_internal) | HARDENED).to_le_bytes());
    Ok(bytes)
}

/// The app's mode for a coin type; `is_shimmer` is which of the two apps is open.
const fn mode(is_shimmer: bool, coin_type: u32) -> Result<u8, SignerError> {
    match (is_shimmer, coin_type) {
        (false, COIN_IOTA) => Ok(0x01),
        (false, COIN_TEST) => Ok(0x81),
        (true, COIN_SHIMMER) => Ok(0x03),
        (true, COIN_TEST) => Ok(0x83),
        (true, _) => Err(SignerError::AppClosed("IOTA")),
        (false, _) => Err(SignerError::AppClosed("Shimmer")),
    }
}

impl<T: Transport> Device<T> {
    fn command(
        &mut self,
        instruction: Instruction,
        parameters: [u8; 2],
        data: &[u8],
    ) -> Result<Vec<u8>, SignerError> {
        let length = u8::try_from(data.len()).expect("no command has more than a block of data");
        let mut command = vec![
            CLASS,
            instruction as u8,
            parameters[0],
            parameters[1],
            length,
        ];
        command.extend_from_slice(data);
        let mut answer = self.transport.exchange(&command)?;
        let Some(status) = answer.last_chunk().copied().map(u16::from_be_bytes) else {
            return Err(SignerError::Garbage("it has no status".to_owned()));
        };
        answer.truncate(answer.len() - 2);
        match status {
            DONE => Ok(answer),
            0x6985 => Err(SignerError::Refused("rejected at the device".to_owned())),
            0x6401 => Err(SignerError::Refused(
                "nobody has pressed its buttons".to_owned(),
            )),
            0x6982 | 0x5515 => Err(SignerError::Locked),
            // Another app does not know the class or the command.
            0x6d00 | 0x6d02 | 0x6e00 | 0x6e01 | 0x6511 => {
                Err(SignerError::AppClosed("IOTA or Shimmer"))
            }
            _ => Err(SignerError::Status(status)),
        }
    }

    /// A command without data whose answer has exactly `N` bytes.
    fn ask<const N: usize>(
        &mut self,
        instruction: Instruction,
        parameter: u8,
    ) -> Result<[u8; N], SignerError> {
        let answer = self.command(instruction, [parameter, 0], &[])?;
        let found = answer.len();
        answer
            .try_into()
            .map_err(|_| SignerError::Garbage(format!("{found} bytes where {N} are expected")))
    }

    /// Makes the app ready for an account.
    fn begin(&mut self, coin_type: u32, account: u32) -> Result<App, SignerError> {
        self.ask::<0>(Instruction::Reset, 0)?;
        // Version, flags, model, whether it is for tests.
        let [major, minor, patch, flags, _, _] = self.ask(Instruction::AppConfig, 0)?;
        if [major, minor, patch] < VERSION_MIN {
            return Err(SignerError::AppTooOld(format!("{major}.{minor}.{patch}")));
        }
        if flags & 1 != 0 {
            return Err(SignerError::Locked);
        }
        let mode = mode(flags & 4 != 0, coin_type)?;
        let buffer = self.buffer()?;
        if account >= HARDENED {
            return Err(PathError::Step.into());
        }
        let account = (account | HARDENED).to_le_bytes();
        self.command(Instruction::SetAccount, [mode, 0], &account)?;
        Ok(App {
            signs_blindly: flags & 2 != 0,
            buffer,
        })
    }

    fn buffer(&mut self) -> Result<Buffer, SignerError> {
        let [low, high, _, block_bytes, block_count] = self.ask(Instruction::BufferState, 0)?;
        if block_bytes == 0 || block_count == 0 {
            return Err(SignerError::Garbage("its buffer has no room".to_owned()));
        }
        Ok(Buffer {
            used: u16::from_le_bytes([low, high]).into(),
            block_bytes: block_bytes.into(),
            block_count: block_count.into(),
        })
    }

    /// The addresses of as many keys as the buffer can hold.
    fn generate(&mut self, first: KeyPlace, count: u32) -> Result<Vec<[u8; 32]>, SignerError> {
        self.ask::<0>(Instruction::ClearBuffer, 0)?;
        let mut data = place_bytes(first)?.to_vec();
        data.extend_from_slice(&count.to_le_bytes());
        self.command(Instruction::GenerateAddresses, [0, 0], &data)?;
        let buffer = self.buffer()?;
        let wanted = count as usize * ADDRESS_BYTES;
        if buffer.used != wanted || wanted > buffer.capacity() {
            let text = format!("its buffer holds {} bytes, not {wanted}", buffer.used);
            return Err(SignerError::Garbage(text));
        }
        let mut bytes = Vec::with_capacity(buffer.capacity());
        for number in (0_u8..=u8::MAX).take(wanted.div_ceil(buffer.block_bytes)) {
            let block = self.command(Instruction::ReadBlock, [number, 0], &[])?;
            if block.len() != buffer.block_bytes {
                return Err(SignerError::Garbage("a block has another size".to_owned()));
            }
            bytes.extend_from_slice(&block);
        }
        let addresses = bytes.chunks_exact(ADDRESS_BYTES).take(count as usize);
        addresses
            .map(|bytes| match Address::from_bytes(bytes) {
                Ok(Address::Ed25519(hash)) => Ok(hash),
                _ => Err(SignerError::Garbage(
                    "an address has another kind".to_owned(),
                )),
            })
            .collect()
    }

    /// Fills the buffer.
    fn write(&mut self, data: &[u8]) -> Result<(), SignerError> {
        self.ask::<0>(Instruction::ClearBuffer, 0)?;
        let buffer = self.buffer()?;
        if data.len() > buffer.capacity() {
            let text = "the transaction has more inputs than the device can hold".to_owned();
            return Err(SignerError::Refused(text));
        }
        for (number, part) in (0_u8..=u8::MAX).zip(data.chunks(buffer.block_bytes)) {
            let mut block = part.to_vec();
            block.resize(buffer.block_bytes, 0);
            self.command(Instruction::WriteBlock, [number, 0], &block)?;
        }
        Ok(())
    }

    /// That the app has understood all of what was written, and nothing else.
    fn check_understood(&mut self, data: &[u8]) -> Result<(), SignerError> {
        let used = self.buffer()?.used;
        if used == data.len() {
            return Ok(());
        }
        let text = format!("it has understood {used} bytes of {}", data.len());
        Err(SignerError::Garbage(text))
    }

    /// Lets the app read a transaction. It checks that the change is for its own key.
    fn prepare(
        &mut self,
        data: &[u8],
        change: Option<&(u16, KeyPlace)>,
    ) -> Result<(), SignerError> {
        self.write(data)?;
        let mut remainder = [0; 10];
        if let Some((number, place)) = change {
            remainder[..2].copy_from_slice(&number.to_le_bytes());
            remainder[2..].copy_from_slice(&place_bytes(*place)?);
        }
        let parameters = [1, u8::from(change.is_some())];
        self.command(Instruction::PrepareSigning, parameters, &remainder)?;
        self.check_understood(data)
    }

    fn prepare_blindly(&mut self, hash: &[u8; 32], keys: &[KeyPlace]) -> Result<(), SignerError> {
        let count = u16::try_from(keys.len()).expect("a transaction has at most 128 inputs");
        let mut data = hash.to_vec();
        data.extend_from_slice(&count.to_le_bytes());
        for place in keys {
            data.extend_from_slice(&place_bytes(*place)?);
        }
        self.write(&data)?;
        self.ask::<0>(Instruction::PrepareBlindSigning, 0)?;
        self.check_understood(&data)
    }

    /// Waits until somebody has accepted at the device, and takes the signatures. `places` are
    /// those that the app was given; of one that comes again it refers to the signature before.
    fn confirm_and_sign(
        &mut self,
        places: &[KeyPlace],
    ) -> Result<Vec<KeyAndSignature>, SignerError> {
        self.ask::<0>(Instruction::Confirm, 0)?;
        let mut signed = Vec::new();
        for (number, place) in (0_u8..=u8::MAX).zip(places) {
            let answer = self.command(Instruction::SignSingle, [number, 0], &[])?;
            let is_new = !places[..usize::from(number)].contains(place);
            // TIP-18: an unlock by signature (kind 0, Ed25519 0), or by reference (kind 1).
            match (&answer[..], is_new) {
                ([0, 0, both @ ..], true) if both.len() == 96 => {
                    let (public_key, signature) = both.split_at(32);
                    signed.push((
                        public_key.try_into().expect("it was cut so"),
                        signature.try_into().expect("it was cut so"),
                    ));
                }
                ([1, _, _], false) => {}
                _ => {
                    return Err(SignerError::Garbage(
                        "an unlock has another form".to_owned(),
                    ));
                }
            }
        }
        Ok(signed)
    }
}

#[cfg(test)]
mod tests;
