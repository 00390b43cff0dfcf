//! SIP over a stream of bytes, plain or under TLS: RFC 3261 18.3 framing and RFC 5626 pings. Also how TCP sockets are
//! bound, accepted and connected.

use super::carry::{Came, Pipe};
use super::connections::Ended;
use super::figures::StreamFigures;
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, setsockopt, sockopt};
use patchcord_sip::limits::MESSAGE_BYTES;
use patchcord_sip::stream::{Framed, Framer};
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Connections that may wait to be accepted; the kernel cuts this down to what the system allows.
const BACKLOG: i32 = 1_024;
/// Bytes read at a time; one buffer serves all connections of a thread.
const READ_BYTES: usize = 16 * 1024;
/// A silent peer is asked by the kernel after so many seconds whether it is there.
const PROBE_AFTER_S: u32 = 120;
/// And again after so many.
const PROBE_AGAIN_S: u32 = 30;
/// It is gone when it has not answered so many times.
const PROBES: u32 = 4;

/// A socket of one address family: an IPv6 one takes no IPv4, so that both can have a port.
pub(crate) fn socket(address: SocketAddr, kind: SockType) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket::socket(family, kind, flags, None)?;
    if address.is_ipv6() {
        setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
    }
    Ok(socket)
}

/// Binds a TCP socket and takes connections on it.
pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = socket(address, SockType::Stream)?;
    // A port whose last connections linger in the kernel is free all the same.
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    socket::bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    let backlog = Backlog::new(BACKLOG).map_err(io::Error::from)?;
    socket::listen(&socket, backlog)?;
    Ok(socket.into())
}

/// The next connection of a peer.
pub(super) async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept().await?;
    prepare(&stream);
    Ok((stream, peer))
}

/// A connection to a peer.
pub(super) async fn connect(peer: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(peer).await?;
    prepare(&stream);
    Ok(stream)
}

/// Small messages go at once, and a peer that is gone is found out. What the kernel does not take is done without.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let _ = setsockopt(stream, sockopt::KeepAlive, &true);
    let _ = setsockopt(stream, sockopt::TcpKeepIdle, &PROBE_AFTER_S);
    let _ = setsockopt(stream, sockopt::TcpKeepInterval, &PROBE_AGAIN_S);
    let _ = setsockopt(stream, sockopt::TcpKeepCount, &PROBES);
}

/// Messages on a stream of bytes.
pub(super) struct StreamPipe<S> {
    stream: S,
    framer: Framer,
    /// What is being written, and how much of it is.
    unsent: Option<(Arc<[u8]>, usize)>,
    flushed: bool,
    figures: Arc<StreamFigures>,
}

impl<S> StreamPipe<S> {
    /// Messages on this stream.
    pub(super) fn new(stream: S, figures: Arc<StreamFigures>) -> Self {
        Self {
            stream,
            framer: Framer::new(MESSAGE_BYTES),
            unsent: None,
            flushed: true,
            figures,
        }
    }
}

thread_local! {
    /// Where every connection of this thread reads into: an idle one needs no buffer of its own.
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

impl<S: AsyncRead + AsyncWrite + Unpin> Pipe for StreamPipe<S> {
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Came, Ended>> {
        if let Some(item) = self.framer.next() {
            return Poll::Ready(match item {
                Ok(Framed::Message(bytes)) => Ok(Came::Message(bytes)),
                Ok(Framed::Ping) => Ok(Came::Ping),
                Ok(Framed::Pong) => Ok(Came::Other),
                Err(why) => {
                    self.figures.framing(why);
                    tracing::debug!(%why, "a SIP connection is closed");
                    Err(Ended::Framing)
                }
            });
        }
        let (stream, framer) = (Pin::new(&mut self.stream), &mut self.framer);
        let read = READ.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            ready!(stream.poll_read(context, &mut buffer))?;
            framer.push(buffer.filled());
            Poll::Ready(io::Result::Ok(buffer.filled().len()))
        });
        Poll::Ready(match ready!(read) {
            Ok(0) | Err(_) => Err(Ended::ByPeer),
            Ok(_) => Ok(Came::Piece),
        })
    }

    fn is_mid_message(&self) -> bool {
        self.framer.pending() > 0
    }

    fn begin(&mut self, message: Arc<[u8]>) -> Result<(), Ended> {
        self.unsent = Some((message, 0));
        Ok(())
    }

    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        while let Some((message, sent)) = &mut self.unsent {
            match ready!(Pin::new(&mut self.stream).poll_write(context, &message[*sent..])) {
                Ok(0) | Err(_) => return Poll::Ready(Err(Ended::ByPeer)),
                Ok(more) => *sent += more,
            }
            self.flushed = false;
            if *sent == message.len() {
                self.unsent = None;
            }
        }
        if !self.flushed {
            if ready!(Pin::new(&mut self.stream).poll_flush(context)).is_err() {
                return Poll::Ready(Err(Ended::ByPeer));
            }
            self.flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.stream).poll_shutdown(context).map(drop)
    }
}
