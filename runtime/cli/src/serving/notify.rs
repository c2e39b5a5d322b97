//! What a process manager is told: that the server is ready, and that it stops. The protocol is systemd's (`sd_notify(3)`): a
//! datagram to the socket that the environment names.

use std::env;
use std::io;

use crate::terminal::Terminal;

/// The variable that names the socket. Without it, nobody wants to know.
const SOCKET: &str = "NOTIFY_SOCKET";

/// Says that the server listens.
pub(crate) fn ready(terminal: &Terminal) {
    tell("READY=1", terminal);
}

/// Says that the server has begun to stop.
pub(crate) fn stopping(terminal: &Terminal) {
    tell("STOPPING=1", terminal);
}

fn tell(state: &str, terminal: &Terminal) {
    let Some(socket) = env::var_os(SOCKET) else { return };
    if let Err(error) = send(&socket, state) {
        let message = format!("the process manager cannot be told `{state}`: {error}");
        terminal.warning(&message, Some("`NOTIFY_SOCKET` names the socket"));
    }
}

#[cfg(unix)]
fn send(socket: &std::ffi::OsStr, state: &str) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let address = match socket.as_bytes().split_first() {
        #[cfg(target_os = "linux")]
        Some((b'@', name)) => <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address)?;
    Ok(())
}

#[cfg(not(unix))]
fn send(_: &std::ffi::OsStr, _: &str) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 100];
        let length = socket.recv(&mut bytes).expect("nothing was told");
        String::from_utf8(bytes[..length].to_vec()).expect("no text")
    }

    #[test]
    fn a_state_is_sent_to_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        send(path.as_os_str(), "READY=1").unwrap();
        assert_eq!(received(&socket), "READY=1");
        drop(socket);
        assert!(send(path.as_os_str(), "READY=1").is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_state_is_sent_to_an_abstract_name() {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::SocketAddr;
        let name = format!("hap-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        send(OsStr::new(&format!("@{name}")), "STOPPING=1").unwrap();
        assert_eq!(received(&socket), "STOPPING=1");
    }
}
