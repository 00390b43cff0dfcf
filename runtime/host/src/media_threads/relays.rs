//! Relayed packets on their way between media threads, when two bridged sessions belong to different ones, and frames
//! between a room and those of its sessions that do. Each thread has one bounded queue that all others put into; when it is full, or its thread has ended, a packet is dropped and
//! counted, as the network would do. Not here: what relaying is, and what a room.

use patchcord_media::mixer::Way;
use patchcord_media::{MAX_RELAYED_BYTES, RelayHead, Relayed, RoomFrame, RoomId, SessionId};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Packets that may wait for a media thread, which takes them every 5 ms: those of a thousand calls for 40 ms.
pub(crate) const RELAYS: usize = 2_048;

/// Bytes of a sample in a queue.
const SAMPLE: usize = 2;

/// A packet or a frame in a queue. The queue holds it as a whole: nothing is allocated on the way.
#[derive(Clone, Copy)]
struct Crossing {
    what: What,
    length: usize,
    bytes: [u8; MAX_RELAYED_BYTES],
}

#[derive(Clone, Copy)]
enum What {
    Packet { to: SessionId, head: RelayHead },
    Frame { room: RoomId, session: SessionId, way: Way },
}

/// Something that has crossed.
pub(crate) enum Crossed<'a> {
    /// A packet for a session.
    Packet(SessionId, Relayed<'a>),
    /// 20 ms of a room.
    Frame(RoomFrame<'a>),
}

/// What one media thread has of the queues.
pub(crate) struct Relays {
    /// Of every thread, its own included, in their order.
    queues: Vec<SyncSender<Crossing>>,
    incoming: Receiver<Crossing>,
}

/// Whether a packet or a frame was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandedOver {
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
    pub(crate) fn hand_over(&self, thread: usize, to: SessionId, relayed: &Relayed<'_>) -> HandedOver {
        let head = relayed.head;
        let what = What::Packet { to, head };
        self.put(thread, what, relayed.payload.len(), |room| {
            room.copy_from_slice(relayed.payload)
        })
    }

    /// Hands 20 ms of a room to the thread that has the room, or the session.
    pub(crate) fn hand_over_frame(&self, thread: usize, frame: &RoomFrame<'_>) -> HandedOver {
        let RoomFrame {
            room,
            session,
            way,
            samples,
        } = *frame;
        let what = What::Frame { room, session, way };
        self.put(thread, what, samples.len() * SAMPLE, |room| {
            for (bytes, sample) in room.chunks_exact_mut(SAMPLE).zip(samples) {
                bytes.copy_from_slice(&sample.to_ne_bytes());
            }
        })
    }

    fn put(&self, thread: usize, what: What, length: usize, write: impl FnOnce(&mut [u8])) -> HandedOver {
        let mut crossing = Crossing {
            what,
            length,
            bytes: [0; MAX_RELAYED_BYTES],
        };
        let (Some(room), Some(queue)) = (crossing.bytes.get_mut(..length), self.queues.get(thread)) else {
            return HandedOver::Dropped;
        };
        write(room);
        match queue.try_send(crossing) {
            Ok(()) => HandedOver::Yes,
            Err(_) => HandedOver::Dropped,
        }
    }

    /// Takes what waits for this thread, at most one queue full.
    pub(crate) fn take(&self, mut each: impl FnMut(Crossed<'_>)) {
        for crossing in self.incoming.try_iter().take(RELAYS) {
            let bytes = &crossing.bytes[..crossing.length];
            match crossing.what {
                What::Packet { to, head } => each(Crossed::Packet(to, Relayed { head, payload: bytes })),
                What::Frame { room, session, way } => {
                    let mut samples = [0; MAX_RELAYED_BYTES / SAMPLE];
                    let samples = &mut samples[..crossing.length / SAMPLE];
                    for (sample, bytes) in samples.iter_mut().zip(bytes.as_chunks::<SAMPLE>().0) {
                        *sample = i16::from_ne_bytes(*bytes);
                    }
                    each(Crossed::Frame(RoomFrame {
                        room,
                        session,
                        way,
                        samples,
                    }));
                }
            }
        }
    }
}
