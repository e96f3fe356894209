//! As little of HTTP/1.1 as it takes to measure a node from outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};

/// A kept-alive HTTP/1.1 connection that understands what the node answers, and no more.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    answers: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let answers = BufReader::new(stream.try_clone()?);
        Ok(Self { stream, answers })
    }

    /// Asks for what is at a path; the answer's status and body.
    pub(crate) fn get(&mut self, path: &str) -> Result<(u16, Vec<u8>)> {
        self.request(format!("GET {path} HTTP/1.1\r\nHost: node\r\n\r\n").as_bytes())
    }

    /// Sends a request; the answer's status and body.
    pub(crate) fn request(&mut self, request: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.stream.write_all(request)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .context("no HTTP answer came")?
            .parse()?;
        let mut length = 0;
        loop {
            line.clear();
            self.answers.read_line(&mut line)?;
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.answers.read_exact(&mut body)?;
        Ok((status, body))
    }
}
