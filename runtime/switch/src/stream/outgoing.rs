//! What waits to be sent to a server: things to tell, which are few, and sound, of which the oldest gives way.

use super::message::{self, Told};
use patchcord_media::{FRAME, Tapped, WireEncoder, WireFormat};
use std::collections::VecDeque;

/// Frames of 20 ms that wait: 5 s. One more takes the place of the oldest, which is counted.
const MAX_FRAMES: usize = 250;
/// Things to tell that wait for a connection: one more takes the place of the oldest. A server that leaves as many unread
/// loses its connection.
const MAX_TOLD: usize = 256;

#[derive(Debug)]
pub(crate) struct Outgoing {
    encoder: WireEncoder,
    told: VecDeque<Told>,
    sound: VecDeque<Frame>,
    /// Of the connection.
    number: u64,
    sent: u64,
    /// The end of what was sent, in frames.
    until: u64,
    dropped: u64,
}

#[derive(Debug)]
struct Frame {
    position: u64,
    bytes: Vec<u8>,
}

impl Outgoing {
    pub(crate) fn new(format: WireFormat) -> Self {
        Self {
            encoder: WireEncoder::new(format),
            told: VecDeque::new(),
            sound: VecDeque::new(),
            number: 0,
            sent: 0,
            until: 0,
            dropped: 0,
        }
    }

    /// A connection is there: it is told so before what waits.
    pub(crate) fn begin(&mut self, protocol: &'static str, start: Told) {
        self.number = 0;
        self.told.push_front(start);
        self.told.push_front(Told::Connected { protocol, version: "1" });
    }

    /// The connection is gone, and with it whoever would know what marks and clears were about.
    pub(crate) fn hang_up(&mut self) {
        self.told
            .retain(|told| matches!(told, Told::Key { .. } | Told::Message { .. }));
    }

    pub(crate) fn heard(&mut self, tapped: &Tapped<'_>) {
        let bytes = self.encoder.encode(tapped.rate, tapped.samples);
        if self.sound.len() >= MAX_FRAMES {
            self.sound.pop_front();
            self.dropped += 1;
        }
        self.sound.push_back(Frame {
            position: tapped.position,
            bytes,
        });
    }

    /// False if as much waits as may, although there is a connection.
    pub(crate) fn tell(&mut self, told: Told, open: bool) -> bool {
        let full = self.told.len() >= MAX_TOLD;
        if full {
            self.told.pop_front();
        }
        self.told.push_back(told);
        !(full && open)
    }

    /// Sound that waits is left out.
    pub(crate) fn leave_out(&mut self) {
        self.dropped += self.sound.len() as u64;
        self.sound.clear();
    }

    /// The last thing that is told; sound that waits is left out.
    pub(crate) fn finish(&mut self, reason: &'static str) {
        self.leave_out();
        self.told.push_back(Told::Stop { reason });
    }

    pub(crate) fn next(&mut self) -> Option<String> {
        let told = match self.told.pop_front() {
            Some(told) => told,
            None => {
                let frame = self.sound.pop_front()?;
                self.sent += 1;
                self.until = frame.position + 1;
                Told::Media {
                    timestamp: frame.position * FRAME.as_millis() as u64,
                    payload: message::base64(&frame.bytes),
                }
            }
        };
        self.number += 1;
        Some(message::write(&told, self.number))
    }

    pub(crate) fn heard_ms(&self) -> u64 {
        self.sent * FRAME.as_millis() as u64
    }

    /// Where the sound ends that was sent.
    pub(crate) fn sent_until_ms(&self) -> u64 {
        self.until * FRAME.as_millis() as u64
    }

    pub(crate) fn dropped_ms(&self) -> u64 {
        self.dropped * FRAME.as_millis() as u64
    }
}
