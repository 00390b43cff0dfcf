//! Sound between the ticks it is made in and packets of another length. It holds less than a packet from one tick to the
//! next, in storage made once; sound of G.711 as its payload, which is coded already, that of others as samples. Not here:
//! what the sound is, and where the packets go.

use crate::{Codec, FRAME_SAMPLES, Law};

/// Less than the longest packet, and a tick.
const LONGEST_TICKS: usize = 4;
/// Samples of a tick at the highest rate that is coded.
pub(crate) const LONGEST_FRAME: usize = 320;

/// What waits of one session.
#[derive(Debug)]
pub(crate) struct Packer {
    codec: Codec,
    /// Samples of a packet.
    length: usize,
    waiting: Waiting,
}

/// One value a sample either way.
#[derive(Debug)]
enum Waiting {
    Coded(Law, Queue<u8, { LONGEST_TICKS * FRAME_SAMPLES }>),
    Samples(Queue<i16, { LONGEST_TICKS * LONGEST_FRAME }>),
}

/// The room for a tick's sound, in the form it is wanted in.
pub(crate) enum Room<'a> {
    /// As a payload of G.711.
    Coded(Law, &'a mut [u8]),
    /// As samples.
    Samples(&'a mut [i16]),
}

/// The sound of a packet.
pub(crate) enum Content<'a> {
    /// Its payload.
    Coded(&'a [u8]),
    /// What is still to be coded.
    Samples(&'a [i16]),
}

impl Packer {
    /// For packets of so many samples in a codec.
    pub(crate) fn new(codec: Codec, length: usize) -> Self {
        let waiting = match codec.law() {
            Some(law) => Waiting::Coded(law, Queue::default()),
            None => Waiting::Samples(Queue::default()),
        };
        Self { codec, length, waiting }
    }

    /// What it is for.
    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }

    /// Packets are so many samples long from now on; what waits goes into them.
    pub(crate) fn set_length(&mut self, length: usize) {
        self.length = length;
    }

    /// Samples that wait.
    pub(crate) fn waits(&self) -> usize {
        match &self.waiting {
            Waiting::Coded(_, queue) => queue.filled,
            Waiting::Samples(queue) => queue.filled,
        }
    }

    /// Samples of the next packet, once as many wait.
    pub(crate) fn full(&self) -> Option<usize> {
        Some(self.length).filter(|length| self.waits() >= *length)
    }

    /// Samples of the next packet, if what waits is not to wait for more.
    pub(crate) fn rest(&self) -> Option<usize> {
        Some(self.length.min(self.waits())).filter(|length| *length > 0)
    }

    /// Room for a tick's sound behind what waits, to be written as a whole.
    pub(crate) fn frame(&mut self) -> Room<'_> {
        let count = self.codec.rate().frame();
        match &mut self.waiting {
            Waiting::Coded(law, queue) => Room::Coded(*law, queue.grow(count)),
            Waiting::Samples(queue) => Room::Samples(queue.grow(count)),
        }
    }

    /// The first so many samples.
    pub(crate) fn first(&self, count: usize) -> Content<'_> {
        match &self.waiting {
            Waiting::Coded(_, queue) => Content::Coded(&queue.room[..count]),
            Waiting::Samples(queue) => Content::Samples(&queue.room[..count]),
        }
    }

    /// They are sent.
    pub(crate) fn drop_first(&mut self, count: usize) {
        match &mut self.waiting {
            Waiting::Coded(_, queue) => queue.drop_first(count),
            Waiting::Samples(queue) => queue.drop_first(count),
        }
    }
}

/// Values in a row.
#[derive(Debug)]
struct Queue<T, const N: usize> {
    room: [T; N],
    filled: usize,
}

impl<T: Default + Copy, const N: usize> Default for Queue<T, N> {
    fn default() -> Self {
        Self {
            room: [T::default(); N],
            filled: 0,
        }
    }
}

impl<T: Copy, const N: usize> Queue<T, N> {
    fn grow(&mut self, count: usize) -> &mut [T] {
        let from = self.filled;
        self.filled += count;
        &mut self.room[from..self.filled]
    }

    fn drop_first(&mut self, count: usize) {
        self.room.copy_within(count..self.filled, 0);
        self.filled -= count;
    }
}
