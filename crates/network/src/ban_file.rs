//! Bans that are not over, on disk, so that a restart lets nobody in early.
//!
//! To lose them does no harm but that, so a file that cannot be read is told of and begun anew.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use libp2p_identity::PeerId;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::admission::{Admission, BANS_MAX};

/// Name of the file, beside the one of the peers.
const NAME: &str = "bans.json";
/// Largest file; as many bans as there may be take less.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Longest ban that is believed.
const SPAN_MAX: Duration = Duration::from_secs(366 * 24 * 3_600);

/// Who is kept out, and until when, in seconds since 1970.
#[derive(Debug, Default, Serialize, Deserialize)]
struct BanFile {
    peers: BTreeMap<String, u64>,
    ips: BTreeMap<IpAddr, u64>,
}

/// Where bans are kept when peers are kept in `peer_file`.
pub(crate) fn path(peer_file: &Path) -> PathBuf {
    peer_file.with_file_name(NAME)
}

/// Reads bans back; those that are over are left out.
pub(crate) fn read(path: &Path, admission: &mut Admission) {
    let file = match load(path) {
        Ok(file) => file,
        Err(reason) => {
            let path = path.display();
            tracing::warn!(%path, %reason, "bans cannot be read and are forgotten");
            return;
        }
    };
    let (now, unix) = (Instant::now(), unix_seconds());
    let end = |end: u64| {
        let left = Duration::from_secs(end.checked_sub(unix).filter(|left| *left > 0)?);
        Some(now + left.min(SPAN_MAX))
    };
    for (peer, until) in file.peers.into_iter().take(BANS_MAX) {
        if let (Ok(peer), Some(end)) = (peer.parse::<PeerId>(), end(until)) {
            admission.ban(peer, None, end);
        }
    }
    for (ip, until) in file.ips.into_iter().take(BANS_MAX) {
        if let Some(end) = end(until) {
            admission.ban_ip(ip, end);
        }
    }
}

fn load(path: &Path) -> Result<BanFile, String> {
    match path.metadata() {
        Ok(metadata) if metadata.len() > FILE_BYTES_MAX => Err("it is too large".to_owned()),
        Ok(_) => {
            let text = std::fs::read(path).map_err(|error| error.to_string())?;
            serde_json::from_slice(&text).map_err(|error| error.to_string())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BanFile::default()),
        Err(error) => Err(error.to_string()),
    }
}

/// Writes the bans, whole or not at all.
pub(crate) fn write(path: &Path, admission: &Admission) -> std::io::Result<()> {
    let (now, unix) = (Instant::now(), unix_seconds());
    // A part of a second more, rather than less.
    let until = |end: Instant| unix + end.saturating_duration_since(now).as_secs() + 1;
    let peers = admission.banned_peers();
    let ips = admission.banned_ips();
    let file = BanFile {
        peers: peers
            .map(|(id, end)| (id.to_string(), until(end)))
            .collect(),
        ips: ips.map(|(ip, end)| (ip, until(end))).collect(),
    };
    let temporary = path.with_extension("tmp");
    std::fs::write(&temporary, serde_json::to_vec_pretty(&file)?)?;
    std::fs::rename(&temporary, path)
}

fn unix_seconds() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;

    #[test]
    fn bans_outlive_a_restart_until_they_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = path(&folder.path().join("peers.json"));
        let (now, peer) = (Instant::now(), PeerId::random());
        let ip: IpAddr = "192.0.2.1".parse().expect("an address");
        let mut admission = Admission::new(Limits::default());
        admission.ban(peer, Some(ip), now + Duration::from_secs(600));
        write(&path, &admission).expect("to write");

        let mut anew = Admission::new(Limits::default());
        read(&path, &mut anew);
        assert!(anew.is_banned(&peer));
        assert_eq!(
            anew.banned_ips().map(|(ip, _)| ip).collect::<Vec<_>>(),
            [ip]
        );
        anew.expire(now + Duration::from_secs(590));
        assert!(anew.is_banned(&peer));
        anew.expire(now + Duration::from_secs(610));
        assert!(!anew.is_banned(&peer));

        admission.expire(now + Duration::from_secs(600));
        write(&path, &admission).expect("to write");
        let mut anew = Admission::new(Limits::default());
        read(&path, &mut anew);
        assert!(!anew.is_banned(&peer));
    }

    #[test]
    fn what_is_no_list_of_bans_bans_nobody() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(NAME);
        let nobody = r#"{"peers":{"nobody":9999999999},"ips":{}}"#;
        for text in ["", "{}", nobody, r#"{"peers":{},"ips":{"1.2.3.4":1}}"#] {
            std::fs::write(&path, text).expect("to write");
            let mut admission = Admission::new(Limits::default());
            read(&path, &mut admission);
            assert_eq!(admission.banned_peers().count(), 0);
            assert_eq!(admission.banned_ips().count(), 0);
        }
    }
}
