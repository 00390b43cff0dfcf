//! Finding a known sound in what a phone heard. Piece by piece: a jitter buffer leaves out or inserts some milliseconds in
//! the middle of a sound, after which the whole of it is nowhere, though every listener hears it.
//!
//! The last fifth of a second is not looked for: a call that ends with a prompt ends before the phone has played its
//! buffer to the end.

use patchcord_media::measure;

/// Samples of a piece: half a second.
const PIECE: usize = 4_000;
/// How far a piece may have moved against its neighbour: 50 ms either way.
const SHIFT: usize = 400;
/// Samples at the end that are not looked for, 200 ms, unless the sound is hardly longer.
const TAIL: usize = 1_600;
/// Pieces with a smaller part of the loudest one's energy are pauses: they sound like any other.
const PAUSE: f64 = 0.01;

/// A sound cut into pieces.
pub(crate) struct Reference {
    samples: Vec<i16>,
    pieces: Vec<Piece>,
    /// Which piece is looked for first: the loudest.
    anchor: usize,
}

struct Piece {
    from: usize,
    to: usize,
    energy: f64,
}

/// Where a sound was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    /// Correlation of the pieces by their energy, 0 to 1.
    pub(crate) likeness: f64,
    /// The sample after it.
    pub(crate) end: usize,
}

impl Reference {
    pub(crate) fn new(samples: Vec<i16>) -> Self {
        let looked_for = if samples.len() > PIECE + TAIL {
            samples.len() - TAIL
        } else {
            samples.len()
        };
        let mut pieces: Vec<Piece> = Vec::new();
        let mut from = 0;
        while from < looked_for {
            // A last piece of less than half a length goes with the one before.
            let to = if looked_for - from < PIECE * 3 / 2 {
                looked_for
            } else {
                from + PIECE
            };
            let energy = samples[from..to].iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
            pieces.push(Piece { from, to, energy });
            from = to;
        }
        let loudest = pieces.iter().enumerate();
        let loudest = loudest.max_by(|(_, a), (_, b)| a.energy.total_cmp(&b.energy));
        let anchor = loudest.map_or(0, |(place, _)| place);
        Self {
            samples,
            pieces,
            anchor,
        }
    }

    /// The least that must be heard before looking makes sense.
    pub(crate) fn least(&self) -> usize {
        self.pieces.last().map_or(0, |piece| piece.to)
    }

    /// Looks for it in all of `heard`. None if even its loudest piece is not there.
    pub(crate) fn find(&self, heard: &[i16]) -> Option<Found> {
        let anchor = self.pieces.get(self.anchor)?;
        let first = measure::find(&self.samples[anchor.from..anchor.to], heard)?;
        let mut likeness = first.correlation.max(0.0) * anchor.energy;
        let mut end = first.lag + anchor.to - anchor.from;
        let moved = first.lag as i64 - anchor.from as i64;
        let mut offset = moved;
        for piece in self.pieces[..self.anchor].iter().rev() {
            likeness += self.beside(piece, heard, &mut offset);
        }
        offset = moved;
        for piece in &self.pieces[self.anchor + 1..] {
            likeness += self.beside(piece, heard, &mut offset);
            end = place(piece.to as i64 + offset, heard);
        }
        let energy: f64 = self.pieces.iter().map(|piece| piece.energy).sum();
        Some(Found {
            likeness: likeness / energy,
            end,
        })
    }

    /// Looks for a piece near where its neighbour was; `offset` is by how much it was moved, and moves with this one.
    fn beside(&self, piece: &Piece, heard: &[i16], offset: &mut i64) -> f64 {
        if piece.energy < self.pieces[self.anchor].energy * PAUSE {
            return piece.energy;
        }
        let expected = piece.from as i64 + *offset;
        let from = place(expected - SHIFT as i64, heard);
        let to = place(expected + (piece.to - piece.from + SHIFT) as i64, heard);
        let Some(found) = measure::find(&self.samples[piece.from..piece.to], &heard[from..to]) else {
            return 0.0;
        };
        *offset = (from + found.lag) as i64 - piece.from as i64;
        found.correlation.max(0.0) * piece.energy
    }
}

/// A place in what was heard, at its edge if it is outside.
fn place(at: i64, heard: &[i16]) -> usize {
    usize::try_from(at).unwrap_or(0).min(heard.len())
}

#[cfg(test)]
mod tests;
