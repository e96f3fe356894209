//! A device behind a TCP port: the emulator Speculos, or a bridge that speaks as it does.
//!
//! A command goes with its length before it; the length of an answer does not count the status.
//! Both lengths are 32 bits, most significant first.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::Transport;
use crate::keys::SignerError;

/// Longest data of an answer.
const DATA_BYTES_MAX: usize = 255;
/// How long a connection may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// An open connection.
#[derive(Debug)]
pub(crate) struct Tcp {
    stream: TcpStream,
    address: String,
    patience: Duration,
}

impl Tcp {
    /// Connects to `HOST:PORT`. An answer may take as long as `patience`.
    ///
    /// # Errors
    /// Nobody is there.
    pub(crate) fn connect(address: &str, patience: Duration) -> Result<Self, SignerError> {
        let refuse = |reason: String| SignerError::Unreachable {
            what: address.to_owned(),
            reason,
        };
        let found = address
            .to_socket_addrs()
            .map_err(|error| refuse(error.to_string()))?
            .next()
            .ok_or_else(|| refuse("the name has no address".to_owned()))?;
        let stream = TcpStream::connect_timeout(&found, CONNECT_PATIENCE)
            .and_then(|stream| {
                stream.set_read_timeout(Some(patience))?;
                stream.set_write_timeout(Some(CONNECT_PATIENCE))?;
                stream.set_nodelay(true)?;
                Ok(stream)
            })
            .map_err(|error| refuse(error.to_string()))?;
        Ok(Self {
            stream,
            address: address.to_owned(),
            patience,
        })
    }

    fn failure(&self, error: &std::io::Error) -> SignerError {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => SignerError::Silent {
                seconds: self.patience.as_secs(),
            },
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                SignerError::Ended
            }
            _ => SignerError::Unreachable {
                what: self.address.clone(),
                reason: error.to_string(),
            },
        }
    }
}

impl Transport for Tcp {
    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, SignerError> {
        let length = u32::try_from(command.len()).expect("a command has at most 260 bytes");
        let message = [&length.to_be_bytes()[..], command].concat();
        let mut size = [0; 4];
        self.stream
            .write_all(&message)
            .and_then(|()| self.stream.read_exact(&mut size))
            .map_err(|error| self.failure(&error))?;
        let size = u32::from_be_bytes(size) as usize;
        if size > DATA_BYTES_MAX {
            return Err(SignerError::Garbage(format!("an answer of {size} bytes")));
        }
        let mut answer = vec![0; size + 2];
        self.stream
            .read_exact(&mut answer)
            .map_err(|error| self.failure(&error))?;
        Ok(answer)
    }
}
