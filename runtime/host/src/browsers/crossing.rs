//! Encrypted packets on their way from the door to the media threads, and what a media thread has to send to browsers. A queue holds
//! packets as a whole: nothing is allocated on the way.

use super::DoorQueue;
use patchcord_media::{Lane, MAX_PACKET_BYTES, SessionId};
use patchcord_webrtc::{Path, Transport};
use std::cell::Cell;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Packets that may wait for a media thread, which takes them every 5 ms: those of two thousand browsers for 20 ms.
const ARRIVALS: usize = 2_048;

struct Crossing {
    session: SessionId,
    lane: Lane,
    length: usize,
    bytes: [u8; MAX_PACKET_BYTES],
}

/// The door's end.
pub(crate) struct ArrivalQueue(Vec<SyncSender<Crossing>>);

/// A media thread's end.
pub(crate) struct Arrivals(Receiver<Crossing>);

/// The queues to so many media threads.
pub(crate) fn between(threads: usize) -> (ArrivalQueue, Vec<Arrivals>) {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| sync_channel(ARRIVALS)).unzip();
    (ArrivalQueue(senders), receivers.into_iter().map(Arrivals).collect())
}

/// Whether a packet is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handed {
    Yes,
    /// There is no room, or it is longer than any that is read.
    Lost,
}

impl ArrivalQueue {
    /// Hands a packet to the thread that has its session.
    pub(super) fn hand_over(&self, thread: usize, session: SessionId, lane: Lane, packet: &[u8]) -> Handed {
        let mut crossing = Crossing {
            session,
            lane,
            length: packet.len(),
            bytes: [0; MAX_PACKET_BYTES],
        };
        let Some(room) = crossing.bytes.get_mut(..packet.len()) else {
            return Handed::Lost;
        };
        room.copy_from_slice(packet);
        match self.0[thread].try_send(crossing) {
            Ok(()) => Handed::Yes,
            Err(_) => Handed::Lost,
        }
    }
}

/// What a media thread has to do with browsers. Its cells are, because packets are sent while others are received.
pub(crate) struct MediaWay {
    udp: Arc<UdpSocket>,
    door: DoorQueue,
    arrivals: Arrivals,
    /// Where the browser of each slot is now; none: nothing may be sent to it.
    paths: Vec<Cell<Option<Path>>>,
}

impl MediaWay {
    pub(super) fn new(udp: Arc<UdpSocket>, door: DoorQueue, arrivals: Arrivals, slots: usize) -> Self {
        Self {
            udp,
            door,
            arrivals,
            paths: vec![Cell::new(None); slots],
        }
    }

    /// Where a browser is from now on.
    pub(crate) fn set_path(&self, slot: usize, path: Option<Path>) {
        self.paths[slot].set(path);
    }

    /// Sends to the browser of a slot; false if the kernel or the door did not take it. What may not be sent is not sent.
    pub(crate) fn send(&self, slot: usize, packet: &[u8]) -> bool {
        match self.paths[slot].get() {
            None => true,
            Some(path) if path.transport == Transport::Udp => self.udp.send_to(packet, path.remote).is_ok(),
            Some(path) => self.door.send(path, packet),
        }
    }

    /// Takes what waits, at most one queue full.
    pub(crate) fn take(&self, mut each: impl FnMut(SessionId, Lane, &[u8])) {
        for crossing in self.arrivals.0.try_iter().take(ARRIVALS) {
            each(crossing.session, crossing.lane, &crossing.bytes[..crossing.length]);
        }
    }
}
