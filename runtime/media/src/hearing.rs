//! Received sound on its way into the jitter buffer. Codecs without memory are decoded as their packets come; those with
//! one are decoded in the order they were sent, so a packet that comes too early waits for those before it, until their
//! turn to be played has come. What Opus lost is made up for then, from the packet after it where that tells.

use crate::codec::{Codec, Decoder, Sound};
use crate::jitter::{JitterBuffer, Placed};
use crate::mixer::{Rate, Resampler};
use crate::noise::Noise;
use crate::{FRAME_SAMPLES, MAX_PACKET_BYTES, g711};
use std::collections::VecDeque;

/// Packets that wait for one before them. One more, and what has not come is given up.
const MAX_HELD: usize = 8;
/// Lost packets in a row that are made up for one by one; the jitter buffer covers the rest.
const MAX_CONCEALED: u64 = 3;

/// One session's received sound, at the rate of its codec.
#[derive(Debug)]
pub(crate) struct Hearing {
    rate: Rate,
    jitter: JitterBuffer,
    /// To what everybody hears who takes telephone sound; none if that is what comes.
    narrow: Option<Box<Resampler>>,
    in_order: Option<Box<InOrder>>,
}

/// A packet of sound as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming<'a> {
    pub(crate) codec: Codec,
    /// Without wrapping.
    pub(crate) number: u64,
    /// In samples of the rate that is heard.
    pub(crate) timestamp: u32,
    pub(crate) payload: &'a [u8],
}

/// A codec with memory.
#[derive(Debug)]
struct InOrder {
    codec: Codec,
    rate: Rate,
    decoder: Decoder,
    next: Option<Next>,
    /// In order of their numbers; the storage is made once.
    held: VecDeque<Held>,
    free: Vec<Vec<u8>>,
}

/// The packet that is to be decoded next.
#[derive(Debug, Clone, Copy)]
struct Next {
    number: u64,
    timestamp: u32,
}

#[derive(Debug)]
struct Held {
    number: u64,
    timestamp: u32,
    bytes: Vec<u8>,
}

impl Hearing {
    /// For a session that expects a codec.
    pub(crate) fn new(codec: Codec) -> Self {
        Self {
            rate: codec.rate(),
            jitter: JitterBuffer::new(codec.rate()),
            narrow: (codec.rate() != Rate::Hz8000).then(|| Box::new(Resampler::new(codec.rate(), Rate::Hz8000))),
            in_order: remembers(codec).then(|| Box::new(InOrder::new(codec, codec.rate()))),
        }
    }

    /// Samples a second of what is heard: 8 or 16 kHz.
    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Forgets all sound, at a new stream.
    pub(crate) fn restart(&mut self) {
        self.jitter.restart();
        if let Some(in_order) = self.in_order.as_mut() {
            in_order.restart();
        }
    }

    /// Takes a packet; none for one that is damaged.
    pub(crate) fn packet(&mut self, packet: Incoming<'_>) -> Option<Placed> {
        if let (Some(law), Rate::Hz8000) = (packet.codec.law(), self.rate) {
            let table = g711::samples_of(law);
            return Some(self.jitter.insert(packet.timestamp, packet.payload, table));
        }
        let length = length_of(packet.codec, self.rate, packet.payload)?;
        let placed = self.jitter.place(packet.timestamp, length as usize);
        let new = || InOrder::new(packet.codec, self.rate);
        let in_order = self.in_order.get_or_insert_with(|| Box::new(new()));
        if in_order.codec != packet.codec {
            **in_order = new();
        }
        in_order.packet(packet, length, &mut self.jitter);
        Some(placed)
    }

    /// Nobody speaks: this is heard until there is sound again.
    pub(crate) fn noise(&mut self, noise: Noise) {
        self.jitter.noise(noise);
    }

    /// Takes 20 ms out, at its rate. True if sound was missing and covered up.
    pub(crate) fn pull(&mut self, frame: &mut [i16]) -> bool {
        if let Some(in_order) = self.in_order.as_mut() {
            in_order.give_up_what_is_due(&mut self.jitter);
        }
        self.jitter.pull(frame)
    }

    /// A frame that was taken out, as telephone sound of 8 kHz.
    pub(crate) fn narrow(&mut self, frame: &[i16], narrow: &mut [i16; FRAME_SAMPLES]) {
        match self.narrow.as_mut() {
            Some(resampler) => drop(resampler.convert(frame, narrow)),
            None => narrow.copy_from_slice(frame),
        }
    }
}

/// Whether a codec's packets have to be decoded in order. L16 has no memory, but goes the same way.
fn remembers(codec: Codec) -> bool {
    codec.law().is_none()
}

impl InOrder {
    fn new(codec: Codec, rate: Rate) -> Self {
        Self {
            codec,
            rate,
            decoder: Decoder::new(codec, rate),
            next: None,
            held: VecDeque::with_capacity(MAX_HELD),
            free: (0..MAX_HELD).map(|_| Vec::with_capacity(MAX_PACKET_BYTES)).collect(),
        }
    }

    fn restart(&mut self) {
        self.next = None;
        while let Some(held) = self.held.pop_front() {
            self.free.push(held.bytes);
        }
    }

    fn packet(&mut self, packet: Incoming<'_>, length: u32, jitter: &mut JitterBuffer) {
        let next = *self.next.get_or_insert(Next {
            number: packet.number,
            timestamp: packet.timestamp,
        });
        if packet.number < next.number {
            // Its time was made up for.
            return;
        }
        if packet.number > next.number {
            if self.free.is_empty() {
                self.give_up(jitter);
            }
            return self.hold(packet, jitter);
        }
        self.decode(packet.number, packet.timestamp, packet.payload, length, jitter);
        self.decode_held(jitter);
    }

    /// Keeps a packet that came early; the caller has made room. Giving up may have made it the next one.
    fn hold(&mut self, packet: Incoming<'_>, jitter: &mut JitterBuffer) {
        let place = self.held.partition_point(|held| held.number < packet.number);
        let known = self.held.get(place).is_some_and(|held| held.number == packet.number);
        let Some(mut bytes) = (!known).then(|| self.free.pop()).flatten() else {
            return;
        };
        bytes.clear();
        bytes.extend_from_slice(packet.payload);
        self.held.insert(
            place,
            Held {
                number: packet.number,
                timestamp: packet.timestamp,
                bytes,
            },
        );
        self.decode_held(jitter);
    }

    /// Decodes what waits, as far as nothing is missing.
    fn decode_held(&mut self, jitter: &mut JitterBuffer) {
        while let Some(held) = self
            .held
            .pop_front_if(|held| Some(held.number) == self.next.map(|next| next.number))
        {
            let payload = &held.bytes;
            let length = length_of(self.codec, self.rate, payload).unwrap_or(0);
            self.decode(held.number, held.timestamp, payload, length, jitter);
            self.free.push(held.bytes);
        }
    }

    fn decode(&mut self, number: u64, timestamp: u32, payload: &[u8], length: u32, jitter: &mut JitterBuffer) {
        let mut sound = Sound::new();
        if self.decoder.decode(payload, &mut sound) {
            jitter.fill(timestamp, sound.samples().iter().copied());
        }
        self.next = Some(Next {
            number: number + 1,
            timestamp: timestamp.wrapping_add(length),
        });
    }

    /// What has not come by the tick in which it would be played will not come in time.
    fn give_up_what_is_due(&mut self, jitter: &mut JitterBuffer) {
        while let (Some(next), false) = (self.next, self.held.is_empty()) {
            if !jitter.is_due(next.timestamp) {
                return;
            }
            self.give_up(jitter);
        }
    }

    /// Makes up for what is missing before the first packet that waits, and goes on with that.
    fn give_up(&mut self, jitter: &mut JitterBuffer) {
        let (Some(next), Some(first)) = (self.next, self.held.front()) else {
            return;
        };
        let lost = first.number - next.number;
        let gap = first.timestamp.wrapping_sub(next.timestamp);
        let each = u64::from(gap) / lost.max(1);
        let payload = &first.bytes[..];
        if (gap as i32) > 0 && lost <= MAX_CONCEALED {
            let mut sound = Sound::new();
            for n in 0..lost {
                let after = (n + 1 == lost).then_some(payload);
                if self.decoder.conceal(each as usize, after, &mut sound) {
                    let at = next.timestamp.wrapping_add((n * each) as u32);
                    jitter.fill(at, sound.samples().iter().copied());
                }
            }
        }
        self.next = Some(Next {
            number: first.number,
            timestamp: first.timestamp,
        });
        self.decode_held(jitter);
    }
}

/// Samples of a payload at a rate; none for one that is damaged.
fn length_of(codec: Codec, rate: Rate, payload: &[u8]) -> Option<u32> {
    let ticks = u64::from(codec.ticks(payload)?);
    Some((ticks * u64::from(rate.hertz()) / u64::from(codec.clock())) as u32)
}

#[cfg(test)]
mod tests;
