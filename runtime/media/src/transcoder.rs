//! From one codec to another, packet by packet as they come: what a bridge does whose ends did not agree on one. Each packet
//! goes on at once, so the bridge adds no delay; the losses of one side are losses of the other. Not here: what is equal
//! on both sides, or G.711 on both.

use crate::MAX_RELAYED_BYTES;
use crate::codec::{Codec, Decoder, Sound};

/// Packets one may become, where a codec has no frame as long as what came.
const MAX_PIECES: usize = 24;

/// The decoder of what comes, at the rate of the codec it is to leave in.
#[derive(Debug)]
pub(crate) struct Transcoder {
    from: Codec,
    to: Codec,
    decoder: Decoder,
    pieces: usize,
}

impl Transcoder {
    /// Between two codecs.
    pub(crate) fn new(from: Codec, to: Codec) -> Self {
        Self {
            from,
            to,
            decoder: Decoder::new(from, to.rate()),
            pieces: 1,
        }
    }

    /// Whether it is the one for these two.
    pub(crate) fn is_for(&self, from: Codec, to: Codec) -> bool {
        (self.from, self.to) == (from, to)
    }

    /// Decodes a payload and says in how many equal packets, none longer than so many ms, it is to leave. None if it is
    /// damaged, longer than what is relayed, or of a length the other codec cannot say.
    pub(crate) fn decode(&mut self, payload: &[u8], most_ms: u32, sound: &mut Sound) -> Option<usize> {
        if !self.decoder.decode(payload, sound) {
            return None;
        }
        let samples = sound.samples().len();
        let most = (self.to.rate().hertz() / 1_000 * most_ms) as usize;
        let fits = |pieces: &usize| {
            let each = samples / pieces;
            samples.is_multiple_of(*pieces) && each <= most && self.to.packs(each, MAX_RELAYED_BYTES)
        };
        // Nearly always as many as before.
        self.pieces = Some(self.pieces).filter(fits).or_else(|| (1..=MAX_PIECES).find(fits))?;
        Some(self.pieces)
    }
}
