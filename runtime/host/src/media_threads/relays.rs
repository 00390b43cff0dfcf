//! Relayed packets on their way between media threads, when two bridged sessions belong to different ones. Each thread
//! has one bounded queue that all others put into; when it is full, or its thread has ended, a packet is dropped and
//! counted, as the network would do. Not here: what relaying is.

use patchcord_media::{MAX_RELAYED_BYTES, RelayHead, Relayed, SessionId};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Packets that may wait for a media thread, which takes them every 5 ms: those of a thousand calls for 40 ms.
pub(crate) const RELAYS: usize = 2_048;

/// A packet in a queue. The queue holds it as a whole: nothing is allocated on the way.
#[derive(Clone, Copy)]
struct Crossing {
    to: SessionId,
    head: RelayHead,
    length: usize,
    bytes: [u8; MAX_RELAYED_BYTES],
}

/// What one media thread has of the queues.
pub(crate) struct Relays {
    /// Of every thread, its own included, in their order.
    queues: Vec<SyncSender<Crossing>>,
    incoming: Receiver<Crossing>,
}

/// Whether a packet was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crossed {
    /// It is in the queue.
    Yes,
    /// There was no room, or no thread, or it is longer than any engine relays.
    Dropped,
}

/// The queues between so many threads.
pub(crate) fn between(threads: usize) -> Vec<Relays> {
    let (queues, incoming): (Vec<_>, Vec<_>) = (0..threads).map(|_| sync_channel(RELAYS)).unzip();
    let ends = incoming.into_iter().map(|incoming| Relays {
        queues: queues.clone(),
        incoming,
    });
    ends.collect()
}

impl Relays {
    /// Hands a packet to the thread that has its target.
    pub(crate) fn hand_over(&self, thread: usize, to: SessionId, relayed: &Relayed<'_>) -> Crossed {
        let length = relayed.payload.len();
        let mut crossing = Crossing {
            to,
            head: relayed.head,
            length,
            bytes: [0; MAX_RELAYED_BYTES],
        };
        let (Some(room), Some(queue)) = (crossing.bytes.get_mut(..length), self.queues.get(thread)) else {
            return Crossed::Dropped;
        };
        room.copy_from_slice(relayed.payload);
        match queue.try_send(crossing) {
            Ok(()) => Crossed::Yes,
            Err(_) => Crossed::Dropped,
        }
    }

    /// Takes what waits for this thread, at most one queue full.
    pub(crate) fn take(&self, mut each: impl FnMut(SessionId, &Relayed<'_>)) {
        for crossing in self.incoming.try_iter().take(RELAYS) {
            let relayed = Relayed {
                head: crossing.head,
                payload: &crossing.bytes[..crossing.length],
            };
            each(crossing.to, &relayed);
        }
    }
}
