//! Many datagrams from one system call (recvmmsg), into buffers made once. Not a socket: it borrows one for each call.

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};
use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;

/// Whether a receive may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Takes what is there; nothing is `WouldBlock`.
    No,
    /// Waits for the first datagram, as long as the socket's read time-out allows, and takes what else is there.
    ForOne,
}

/// Buffers for `N` datagrams. All sockets it is used with must be of one address family: the kernel is told the size of
/// an address once.
pub(crate) struct Batch<const N: usize> {
    headers: MultiHeaders<SockaddrStorage>,
    buffers: Box<[u8]>,
    size: usize,
}

impl<const N: usize> Batch<N> {
    /// Buffers of `size` bytes each; what is longer is cut.
    pub(crate) fn new(size: usize) -> Self {
        Self {
            headers: MultiHeaders::preallocate(N, None),
            buffers: vec![0; N * size].into_boxed_slice(),
            size,
        }
    }

    /// Receives up to `N` datagrams and hands each to `take`. Returns how many came.
    pub(crate) fn receive(
        &mut self,
        socket: &UdpSocket,
        wait: Wait,
        mut take: impl FnMut(SocketAddr, &[u8]),
    ) -> io::Result<usize> {
        let mut buffers = self.buffers.chunks_exact_mut(self.size);
        let mut slices: [[IoSliceMut<'_>; 1]; N] =
            std::array::from_fn(|_| [IoSliceMut::new(buffers.next().expect("there are N buffers"))]);
        let flags = match wait {
            Wait::No => MsgFlags::MSG_DONTWAIT,
            Wait::ForOne => MsgFlags::MSG_WAITFORONE,
        };
        let received = recvmmsg(socket.as_raw_fd(), &mut self.headers, slices.iter_mut(), flags, None)?;
        let mut count = 0;
        for message in received {
            count += 1;
            // An empty datagram has no slice. One without an address cannot come from a UDP socket.
            let bytes = message.iovs().next().unwrap_or_default();
            if let Some(from) = message.address.as_ref().and_then(address) {
                take(from, bytes);
            }
        }
        Ok(count)
    }
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddr::V4(SocketAddrV4::from(*v4)));
    }
    storage
        .as_sockaddr_in6()
        .map(|v6| SocketAddr::V6(SocketAddrV6::from(*v6)))
}

#[cfg(test)]
mod tests;
