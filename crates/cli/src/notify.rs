//! Tells the service manager how the process is, as systemd's `Type=notify` asks for.

use std::io;

/// The variable that names the service manager's socket.
const VARIABLE: &str = "NOTIFY_SOCKET";

/// What the service manager may be told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum News {
    /// The node serves.
    Ready,
    /// The node is going down.
    Stopping,
}

/// Tells the service manager, if there is one.
pub(crate) fn tell(news: News) {
    let text = match news {
        News::Ready => "READY=1\n",
        News::Stopping => "STOPPING=1\n",
    };
    if let Some(path) = std::env::var_os(VARIABLE)
        && let Err(error) = send(&path, text)
    {
        tracing::warn!(%error, ?news, "the service manager was not told");
    }
}

#[cfg(target_os = "linux")]
fn send(path: &std::ffi::OsStr, text: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    // A name that begins with @ is one in the kernel's own name space.
    let address = match path.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(path)?,
    };
    UnixDatagram::unbound()?.send_to_addr(text.as_bytes(), &address)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn send(_: &std::ffi::OsStr, _: &str) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}
