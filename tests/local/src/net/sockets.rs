//! The connections of another process, as Linux lists them under `/proc`. Elsewhere there are none.

use std::collections::HashSet;
use std::fs;

use super::connections::Ports;

/// The state of an open connection in `/proc/net/tcp` (`TCP_ESTABLISHED` of Linux's `net/tcp_states.h`).
const ESTABLISHED: &str = "01";

/// The open connections over IPv4 of a process: its own port and the other side's.
pub(crate) fn connections_of(pid: u32) -> Vec<Ports> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().filter_map(Result::ok);
    let names = files.filter_map(|file| fs::read_link(file.path()).ok()?.to_str().map(str::to_owned));
    let sockets: HashSet<_> =
        names.filter_map(|name| name.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned)).collect();
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap_or_default();
    table.lines().skip(1).filter_map(|line| connection(line, &sockets)).collect()
}

/// One line, if it is an open connection of one of the sockets: `sl local_address rem_address st … inode`
/// (<https://docs.kernel.org/networking/proc_net_tcp.html>).
fn connection(line: &str, sockets: &HashSet<String>) -> Option<Ports> {
    let columns: Vec<_> = line.split_whitespace().collect();
    let [_, own, other, state, _, _, _, _, _, inode, ..] = columns[..] else { return None };
    if state != ESTABLISHED || !sockets.contains(inode) {
        return None;
    }
    let port = |address: &str| u16::from_str_radix(address.rsplit_once(':')?.1, 16).ok();
    Some((port(own)?, port(other)?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_process_s_connections_are_found_until_they_are_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let ports = (client.local_addr().unwrap().port(), listener.local_addr().unwrap().port());
        let found = connections_of(std::process::id());
        assert!(found.contains(&ports) && found.contains(&(ports.1, ports.0)), "{found:?} has both ends of {ports:?}");
        drop((client, server));
        assert!(!connections_of(std::process::id()).contains(&ports));
        assert_eq!(connections_of(u32::MAX), [], "there is no such process");
    }
}
