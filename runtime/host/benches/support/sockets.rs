//! Sockets of the callers: many at once, read without waiting, and a wait that is exact to a fraction of a millisecond.

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

/// Raises this process's limit of open files to what the system allows it; a server started later inherits it.
pub fn allow_many() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("a process knows its limits");
    setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("a process may use all it is allowed");
}

/// A socket on a free port that never waits, with room for `buffer_bytes` of what came.
pub fn bind(buffer_bytes: usize) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback interface has a free port");
    socket.set_nonblocking(true).expect("a socket can be told not to wait");
    setsockopt(&socket, sockopt::RcvBuf, &buffer_bytes).expect("a socket takes a size for its buffer");
    socket
}

/// The address of a bound socket.
pub fn address(socket: &UdpSocket) -> SocketAddr {
    socket.local_addr().expect("a bound socket has an address")
}

/// Waits until something can be read, at most so long.
pub fn wait(socket: &UdpSocket, at_most: Duration) {
    let mut wanted = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
    // An error is a signal's: then whoever waits looks again.
    let _ = ppoll(&mut wanted, Some(TimeSpec::from(at_most)), None);
}
