//! Known peers that were added at run time, on disk: JSON in the layout of Hornet's `peering.json`.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::PeerAddress;

/// Largest file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A peer that is always connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPeer {
    /// Where it listens and who it is.
    pub address: PeerAddress,
    /// What the operator calls it.
    pub alias: Option<String>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PeerFileError {
    /// It cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Its content makes no sense.
    #[error("{path}: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
struct PeerFile {
    peers: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    #[serde(default)]
    alias: String,
    multi_address: String,
}

/// Reads the peers in a file; none when there is no file.
pub(crate) fn read(path: &Path) -> Result<Vec<KnownPeer>, PeerFileError> {
    let format = |reason: String| PeerFileError::Format {
        path: path.to_owned(),
        reason,
    };
    let size = match path.metadata() {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file_error(path, error)),
    };
    if size > FILE_BYTES_MAX {
        return Err(format(format!(
            "{size} bytes are too many for a list of peers"
        )));
    }
    let text = std::fs::read(path).map_err(|error| file_error(path, error))?;
    let file: PeerFile =
        serde_json::from_slice(&text).map_err(|error| format(error.to_string()))?;
    let peers = file.peers.into_iter().map(|line| {
        let address = line.multi_address.parse();
        Ok(KnownPeer {
            address: address.map_err(|error: crate::AddressError| format(error.to_string()))?,
            alias: Some(line.alias).filter(|alias| !alias.is_empty()),
        })
    });
    peers.collect()
}

/// Writes the peers into a file, whole or not at all.
pub(crate) fn write(path: &Path, peers: &[KnownPeer]) -> Result<(), PeerFileError> {
    let lines = peers.iter().map(|peer| Line {
        alias: peer.alias.clone().unwrap_or_default(),
        multi_address: peer.address.to_string(),
    });
    let file = PeerFile {
        peers: lines.collect(),
    };
    let text = serde_json::to_vec_pretty(&file).expect("texts can be written as JSON");
    let temporary = path.with_extension("tmp");
    let written = std::fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    });
    written.map_err(|error| file_error(path, error))
}

fn file_error(path: &Path, error: std::io::Error) -> PeerFileError {
    PeerFileError::File {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";

    #[test]
    fn peers_come_back_as_they_were() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("peers.json");
        assert_eq!(read(&path).expect("nothing yet"), []);
        let peer = |alias: Option<&str>, port: u16| KnownPeer {
            address: format!("/ip4/127.0.0.1/tcp/{port}/p2p/{ID}")
                .parse()
                .expect("an address"),
            alias: alias.map(str::to_owned),
        };
        let peers = [peer(Some("north"), 1), peer(None, 2)];
        write(&path, &peers).expect("to write");
        assert_eq!(read(&path).expect("the peers"), peers);
    }

    #[test]
    fn file_of_hornet_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("peering.json");
        let text = format!(
            r#"{{ "peers": [{{"alias": "a", "multiAddress": "/dns/x.example/tcp/15600/p2p/{ID}"}}]}}"#
        );
        std::fs::write(&path, text).expect("to write");
        let peers = read(&path).expect("the peers");
        assert_eq!(peers[0].alias.as_deref(), Some("a"));
        assert_eq!(
            peers[0].address.address.to_string(),
            "/dns/x.example/tcp/15600"
        );
    }

    #[test]
    fn damaged_file_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("peers.json");
        for text in ["", "{", r#"{"peers":[{"multiAddress":"x"}]}"#] {
            std::fs::write(&path, text).expect("to write");
            let error = read(&path).expect_err("damaged");
            assert!(matches!(error, PeerFileError::Format { .. }), "{error}");
        }
    }
}
