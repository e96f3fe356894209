//! Listening, and who else does.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::Path;

use crate::failure::{Code, Failure, Outcome};

/// Processes whose files are looked at to find the holder of a port.
const PROCESSES_MAX: usize = 10_000;

/// Listens at `address`; port 0 picks a free one. `hint` is what to do when the port is taken.
pub(crate) fn listen(address: SocketAddr, hint: &str) -> Outcome<TcpListener> {
    let failure = match TcpListener::bind(address) {
        Ok(listener) => match listener.set_nonblocking(true) {
            Ok(()) => return Ok(listener),
            Err(error) => error,
        },
        Err(error) => error,
    };
    if failure.kind() == std::io::ErrorKind::AddrInUse {
        let port = address.port();
        let failure = Failure::new(Code::PortTaken, format!("port {port} is already in use"));
        return Err(match holder(port) {
            Some(holder) => failure.with("held by", holder),
            None => failure,
        }
        .help(hint));
    }
    Err(Failure::new(
        Code::Bind,
        format!("{address} cannot be listened on: {failure}"),
    ))
}

/// Whether only this machine reaches `address`.
pub(crate) const fn is_loopback(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => address.is_loopback(),
    }
}

/// Name and number of the process that listens on a TCP port, as far as Linux tells.
pub(crate) fn holder(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .find_map(|table| listening_inode(&std::fs::read_to_string(table).ok()?, port))?;
    let socket = format!("socket:[{inode}]");
    let processes = std::fs::read_dir("/proc").ok()?;
    for process in processes.flatten().take(PROCESSES_MAX) {
        let name = process.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if has_open(&process.path(), &socket) {
            let command = std::fs::read_to_string(process.path().join("comm")).ok()?;
            return Some(format!("{} (pid {pid})", command.trim()));
        }
    }
    None
}

/// The inode of the socket that listens on `port`, by a table of `/proc/net`.
fn listening_inode(table: &str, port: u16) -> Option<u64> {
    const LISTENING: &str = "0A";
    let port = format!("{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (_, local_port) = columns.get(1)?.rsplit_once(':')?;
        let is_it = local_port == port && *columns.get(3)? == LISTENING;
        is_it.then(|| columns.get(9)?.parse().ok()).flatten()
    })
}

fn has_open(process: &Path, socket: &str) -> bool {
    let Ok(files) = std::fs::read_dir(process.join("fd")) else {
        // Another user's process.
        return false;
    };
    files
        .flatten()
        .any(|file| std::fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_listener_is_found_as_the_holder() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let holder = holder(address.port()).expect("this process");
        assert!(holder.contains(&std::process::id().to_string()), "{holder}");
        let failure = listen(address, "stop it").expect_err("it is taken");
        assert_eq!(failure.exit_code(), 3);
    }
}
