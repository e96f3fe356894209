//! A Ledger Nano in memory: answers commands as the documentation of its IOTA and Shimmer apps
//! says, with real keys of words. Against answers of the real app in an emulator it is checked
//! where it is used.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use tangle_crypto::ed25519::SecretKey;
use tangle_crypto::mnemonic::Mnemonic;
use tangle_crypto::slip10::{self, Path};
use tangle_types::{Address, Codec, Essence, Output, Reader};

const BLOCK: usize = 251;
const HARDENED: u32 = 1 << 31;

/// Status words.
const OK: u16 = 0x9000;
const INVALID: u16 = 0x6a80;
const NOT_ALLOWED: u16 = 0x6900;
const DENIED: u16 = 0x6985;
const IS_LOCKED: u16 = 0x6982;
const NO_ACCOUNT: u16 = 0x6388;
const PARAMETER: u16 = 0x6b00;
const LENGTH: u16 = 0x6700;
const UNKNOWN_INSTRUCTION: u16 = 0x6d00;
const UNKNOWN_CLASS: u16 = 0x6e00;

/// A device with an open app.
#[derive(Debug)]
pub struct FakeNano {
    /// Where its keys come from.
    pub words: Mnemonic,
    /// Version of the app.
    pub version: [u8; 3],
    /// The Shimmer app, not the IOTA app.
    pub is_shimmer: bool,
    /// It waits for its PIN.
    pub is_locked: bool,
    /// No app is open.
    pub is_closed: bool,
    /// Its settings allow to sign hashes.
    pub signs_blindly: bool,
    /// Somebody accepts what is shown.
    pub accepts: bool,
    /// The model: 0, 1 or 2 for S, X or S+.
    pub model: u8,
    /// What was shown to be confirmed.
    pub screens: Vec<String>,
    coin_type: u32,
    account: u32,
    state: State,
    data: Vec<u8>,
    used: usize,
    hash: [u8; 32],
    places: Vec<[u32; 2]>,
    screen: String,
    is_blind: bool,
}

/// States of the app's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Empty = 0,
    Addresses = 1,
    Validated = 2,
    Confirmed = 3,
}

impl FakeNano {
    /// An unlocked device of a model, with the app open, and somebody who accepts all.
    #[must_use]
    pub fn new(words: Mnemonic, model: u8) -> Self {
        let mut device = Self {
            words,
            version: [0, 8, 0],
            is_shimmer: false,
            is_locked: false,
            is_closed: false,
            signs_blindly: false,
            accepts: true,
            model,
            screens: Vec::new(),
            coin_type: 0,
            account: 0,
            state: State::Empty,
            data: Vec::new(),
            used: 0,
            hash: [0; 32],
            places: Vec::new(),
            screen: String::new(),
            is_blind: false,
        };
        device.clear();
        device
    }

    /// Serves whoever connects to a port of this machine, as an emulator does; its address.
    ///
    /// # Panics
    /// There is no port.
    pub fn listen(device: Arc<Mutex<Self>>) -> String {
        let door = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = door.local_addr().expect("it has one").to_string();
        std::thread::spawn(move || {
            for stream in door.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut size = [0; 4];
                while stream.read_exact(&mut size).is_ok() {
                    let mut command = vec![0; u32::from_be_bytes(size) as usize];
                    stream.read_exact(&mut command).expect("a whole command");
                    let answer = device.lock().expect("no test fails here").answer(&command);
                    let size = u32::try_from(answer.len() - 2).expect("answers are short");
                    let message = [&size.to_be_bytes()[..], &answer].concat();
                    stream.write_all(&message).expect("the wallet reads");
                }
            }
        });
        address
    }

    /// The answer to a command, with its status.
    pub fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        let (mut data, status) = match self.run(command) {
            Ok(data) => (data, OK),
            Err(status) => (Vec::new(), status),
        };
        data.extend_from_slice(&status.to_be_bytes());
        data
    }

    fn blocks(&self) -> usize {
        if self.model == 0 { 6 } else { 32 }
    }

    fn run(&mut self, command: &[u8]) -> Result<Vec<u8>, u16> {
        let [class, instruction, first, second, length, data @ ..] = command else {
            return Err(LENGTH);
        };
        if self.is_closed || *class != 0x7b {
            return Err(UNKNOWN_CLASS);
        }
        if data.len() != usize::from(*length) {
            return Err(LENGTH);
        }
        if self.is_locked && ![0x10, 0x11, 0x83, 0xff].contains(instruction) {
            return Err(IS_LOCKED);
        }
        let number = usize::from(*first);
        match *instruction {
            0x10 => Ok(self.config()),
            0x11 => self.set_account(*first, data),
            0x80 => Ok(self.buffer()),
            0x81 => self.write(number, data),
            0x82 if number >= self.blocks() => Err(PARAMETER),
            0x82 if self.state != State::Addresses => Err(NOT_ALLOWED),
            0x82 => Ok(self.data[number * BLOCK..(number + 1) * BLOCK].to_vec()),
            0x83 => {
                self.clear();
                Ok(Vec::new())
            }
            // A flow on the screen, and the mode without buttons of a test app.
            0x90 | 0x67 => Ok(Vec::new()),
            0x91 => self.prepare_blindly(),
            0xa0 => self.prepare(*second == 1, data),
            0xa1 => self.generate(data),
            0xa3 => self.confirm(),
            0xa4 => self.sign(number),
            0xff => {
                self.account = 0;
                self.clear();
                Ok(Vec::new())
            }
            _ => Err(UNKNOWN_INSTRUCTION),
        }
    }

    fn config(&self) -> Vec<u8> {
        let flags = u8::from(self.is_locked)
            | u8::from(self.signs_blindly) << 1
            | u8::from(self.is_shimmer) << 2;
        let [major, minor, patch] = self.version;
        vec![major, minor, patch, flags, self.model, 1]
    }

    fn set_account(&mut self, mode: u8, data: &[u8]) -> Result<Vec<u8>, u16> {
        self.coin_type = match (self.is_shimmer, mode) {
            (false, 0x01) | (true, 0x02) => 4218,
            (true, 0x03) => 4219,
            (false, 0x81) | (true, 0x82 | 0x83) => 1,
            _ => return Err(NO_ACCOUNT),
        };
        let account = u32::from_le_bytes(data.try_into().map_err(|_| LENGTH)?);
        if account & HARDENED == 0 {
            return Err(INVALID);
        }
        self.clear();
        self.account = account;
        Ok(Vec::new())
    }

    fn clear(&mut self) {
        self.state = State::Empty;
        self.data = vec![0; self.blocks() * BLOCK];
        self.used = 0;
    }

    fn buffer(&self) -> Vec<u8> {
        let used = u16::try_from(self.used).expect("the buffer is small");
        let count = u8::try_from(self.blocks()).expect("at most 32");
        let [low, high] = used.to_le_bytes();
        vec![low, high, self.state as u8, 251, count]
    }

    fn write(&mut self, number: usize, data: &[u8]) -> Result<Vec<u8>, u16> {
        if self.state != State::Empty {
            return Err(NOT_ALLOWED);
        }
        if data.len() != BLOCK {
            return Err(LENGTH);
        }
        if number >= self.blocks() {
            return Err(PARAMETER);
        }
        self.data[number * BLOCK..(number + 1) * BLOCK].copy_from_slice(data);
        Ok(Vec::new())
    }

    /// The key at two hardened numbers below the account.
    fn key(&self, index: u32, change: u32) -> Result<SecretKey, u16> {
        if self.account == 0 {
            return Err(NO_ACCOUNT);
        }
        if index & HARDENED == 0 || change & !1 != HARDENED {
            return Err(INVALID);
        }
        let account = self.account & !HARDENED;
        let path = Path::bip44(self.coin_type, account, change & 1 == 1, index & !HARDENED);
        let path = path.expect("the marks were taken off");
        Ok(slip10::derive(&self.words.seed()[..], &path))
    }

    fn generate(&mut self, data: &[u8]) -> Result<Vec<u8>, u16> {
        if self.state != State::Empty {
            return Err(NOT_ALLOWED);
        }
        let [index, change, count] = numbers(data)[..] else {
            return Err(LENGTH);
        };
        let size = count as usize * 33;
        if size > self.data.len() {
            return Err(INVALID);
        }
        for step in 0..count {
            let key = self.key(index + step, change)?;
            let address = Address::from_public_key(&key.public_key());
            let at = step as usize * 33;
            self.data[at..at + 33].copy_from_slice(&address.to_array());
        }
        self.used = size;
        self.state = State::Addresses;
        Ok(Vec::new())
    }

    fn prepare(&mut self, has_remainder: bool, data: &[u8]) -> Result<Vec<u8>, u16> {
        if self.state != State::Empty {
            return Err(NOT_ALLOWED);
        }
        if data.len() != 10 {
            return Err(LENGTH);
        }
        let mut reader = Reader::new(&self.data);
        let essence = Essence::read(&mut reader).map_err(|_| INVALID)?;
        let places = reader.rest();
        let end = self.data.len() - places.len();
        let size = essence.inputs.len() * 8;
        if end + size >= self.data.len() {
            return Err(INVALID);
        }
        let places: Vec<[u32; 2]> = places[..size].chunks(8).map(place).collect();
        for output in &essence.outputs {
            let Output::Basic(basic) = output else {
                return Err(INVALID);
            };
            let is_plain = basic.native_tokens.is_empty()
                && basic.features.iter().len() == 0
                && basic.unlock_conditions.iter().len() == 1
                && matches!(basic.unlock_conditions.address(), Some(Address::Ed25519(_)));
            if !is_plain {
                return Err(INVALID);
            }
        }
        let mut screen = Vec::new();
        let remainder = has_remainder.then(|| usize::from(u16::from_le_bytes([data[0], data[1]])));
        if let Some(number) = remainder {
            let [index, change] = place(&data[2..]);
            let own = Address::from_public_key(&self.key(index, change)?.public_key());
            let output = essence.outputs.get(number).ok_or(INVALID)?;
            if output.unlock_conditions().address() != Some(&own) {
                return Err(INVALID);
            }
        }
        for (number, output) in essence.outputs.iter().enumerate() {
            let kind = if remainder == Some(number) {
                "remainder"
            } else {
                "pays"
            };
            screen.push(format!("{kind} {}", output.amount()));
        }
        self.hash = essence.hash();
        self.screen = screen.join(", ");
        self.used = end + size;
        self.places = places;
        self.is_blind = false;
        self.state = State::Validated;
        Ok(Vec::new())
    }

    fn prepare_blindly(&mut self) -> Result<Vec<u8>, u16> {
        if self.state != State::Empty {
            return Err(NOT_ALLOWED);
        }
        let count = usize::from(u16::from_le_bytes([self.data[32], self.data[33]]));
        if !(1..=128).contains(&count) || 34 + 8 * count >= self.data.len() {
            return Err(INVALID);
        }
        self.hash.copy_from_slice(&self.data[..32]);
        self.places = self.data[34..34 + 8 * count].chunks(8).map(place).collect();
        self.used = 34 + 8 * count;
        self.screen = format!("hash {}", hex::encode(self.hash));
        self.is_blind = true;
        self.state = State::Validated;
        Ok(Vec::new())
    }

    fn confirm(&mut self) -> Result<Vec<u8>, u16> {
        if self.state != State::Validated {
            return Err(NOT_ALLOWED);
        }
        self.screens.push(self.screen.clone());
        if !self.accepts || (self.is_blind && !self.signs_blindly) {
            self.clear();
            return Err(DENIED);
        }
        self.state = State::Confirmed;
        Ok(Vec::new())
    }

    fn sign(&mut self, number: usize) -> Result<Vec<u8>, u16> {
        if self.state != State::Confirmed {
            return Err(NOT_ALLOWED);
        }
        let place = *self.places.get(number).ok_or(PARAMETER)?;
        let before = self.places.iter().position(|known| *known == place);
        if let Some(before) = before.filter(|before| *before < number && !self.is_blind) {
            let [low, high] = u16::try_from(before).expect("at most 128").to_le_bytes();
            return Ok(vec![1, low, high]);
        }
        let key = self.key(place[0], place[1])?;
        let signature = key.sign(&self.hash);
        Ok([&[0, 0][..], &key.public_key(), &signature].concat())
    }
}

fn numbers(data: &[u8]) -> Vec<u32> {
    let numbers = data.chunks_exact(4);
    numbers
        .map(|bytes| u32::from_le_bytes(bytes.try_into().expect("four bytes")))
        .collect()
}

fn place(bytes: &[u8]) -> [u32; 2] {
    numbers(bytes).try_into().expect("two numbers")
}
