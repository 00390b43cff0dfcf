//! Which RTCP sockets have something: reports come every few seconds, so asking each socket in each round would be most of what a
//! thread does, and asking seldom would be a part of every round trip that is measured. The kernel says it (epoll, edges
//! only): one call in a slice, however many sockets there are.

use crate::ports::SocketPair;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use patchcord_media::Lane;

/// Sockets heard of in one call.
const EVENTS: usize = 64;
/// Calls in one slice; what is left is heard of in the next.
const CALLS: usize = 8;

/// The RTCP sockets of a thread.
pub(super) struct RtcpReady {
    /// None if the kernel has no room for it: then each socket may have something at any time.
    epoll: Option<Epoll>,
    ready: Vec<bool>,
}

impl RtcpReady {
    /// Watches the RTCP socket of each pair from now on.
    pub(super) fn new(pairs: &[SocketPair]) -> Self {
        let watched = || -> nix::Result<Epoll> {
            let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
            for (slot, pair) in pairs.iter().enumerate() {
                let event = EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, slot as u64);
                epoll.add(pair.lane(Lane::Rtcp), event)?;
            }
            Ok(epoll)
        };
        Self {
            epoll: watched().ok(),
            // What came before is not told.
            ready: vec![true; pairs.len()],
        }
    }

    /// Asks the kernel. Never waits.
    pub(super) fn look(&mut self) {
        let Some(epoll) = &self.epoll else {
            return self.ready.fill(true);
        };
        let mut events = [EpollEvent::empty(); EVENTS];
        for _ in 0..CALLS {
            let told = epoll.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
            for event in &events[..told] {
                if let Some(ready) = self.ready.get_mut(event.data() as usize) {
                    *ready = true;
                }
            }
            if told < EVENTS {
                return;
            }
        }
    }

    /// Whether a socket may have something; it is to be read until it has nothing, or said to be ready again.
    pub(super) fn take(&mut self, slot: usize) -> bool {
        self.ready.get_mut(slot).is_some_and(std::mem::take)
    }

    /// A socket may have more.
    pub(super) fn again(&mut self, slot: usize) {
        if let Some(ready) = self.ready.get_mut(slot) {
            *ready = true;
        }
    }
}
