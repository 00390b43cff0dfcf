//! Frames between a room and a session: a few of them in a row, because both tick by themselves. What runs dry fades out,
//! and begins again once as many wait as did at first.

use crate::mixer::Rate;
use crate::packer::LONGEST_FRAME;

/// Frames that wait at most; one more, and the oldest is left out.
const MAX_WAITING: usize = 3;

/// Frames that wait.
#[derive(Debug, Clone)]
pub(crate) struct Frames {
    slots: Box<[[i16; LONGEST_FRAME]; MAX_WAITING]>,
    length: usize,
    /// The oldest, and how many.
    first: usize,
    count: usize,
    /// How many have to wait before the first is taken.
    cushion: usize,
    runs: bool,
    /// Where the sound stands.
    last: i16,
}

impl Frames {
    /// Between a session and a room of one engine, whose ticks follow each other in the same order for ever.
    pub(crate) fn nearby(rate: Rate) -> Self {
        Self::new(rate, 1)
    }

    /// Between engines, whose ticks tremble against each other: a frame more waits.
    pub(crate) fn from_afar(rate: Rate) -> Self {
        let mut frames = Self::new(rate, 1);
        frames.keep_cushion();
        frames
    }

    /// From now on as between engines.
    pub(crate) fn keep_cushion(&mut self) {
        self.cushion = 2;
    }

    fn new(rate: Rate, cushion: usize) -> Self {
        Self {
            slots: Box::new([[0; LONGEST_FRAME]; MAX_WAITING]),
            length: rate.frame().min(LONGEST_FRAME),
            first: 0,
            count: 0,
            cushion,
            runs: false,
            last: 0,
        }
    }

    /// Samples of a frame.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Takes a frame; one of another length is left out.
    pub(crate) fn push(&mut self, samples: &[i16]) {
        if samples.len() != self.length {
            return;
        }
        if self.count == MAX_WAITING {
            self.first = (self.first + 1) % MAX_WAITING;
            self.count -= 1;
        }
        let at = (self.first + self.count) % MAX_WAITING;
        self.slots[at][..self.length].copy_from_slice(samples);
        self.count += 1;
    }

    /// Gives the next frame, of its length. False if there is nothing to be heard.
    pub(crate) fn pop(&mut self, frame: &mut [i16]) -> bool {
        self.runs = self.count > 0 && (self.runs || self.count >= self.cushion);
        if self.runs {
            frame.copy_from_slice(&self.slots[self.first][..self.length]);
            self.first = (self.first + 1) % MAX_WAITING;
            self.count -= 1;
            self.last = frame.last().copied().unwrap_or(0);
            return true;
        }
        let (from, length) = (i32::from(std::mem::take(&mut self.last)), self.length as i32);
        for (n, sample) in (1..).zip(frame.iter_mut()) {
            *sample = (from * (length - n) / length) as i16;
        }
        from != 0
    }

    /// Leaves the next frame out.
    pub(crate) fn skip(&mut self) {
        let mut frame = [0; LONGEST_FRAME];
        self.pop(&mut frame[..self.length]);
        self.last = 0;
    }
}
