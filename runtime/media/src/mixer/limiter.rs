//! Keeps a sum within 16 bits by turning it down, never by cutting it: a look-ahead limiter. It works in blocks of 2.5 ms
//! and holds the newest one back, so it knows what a block needs before the block before it ends; the gain moves along
//! straight lines between blocks. Below full scale it changes nothing. It delays by 2.5 ms.

/// Blocks of a frame of 20 ms.
const BLOCKS: usize = 8;
/// Blocks for which the gain stays down after the last loud one: 50 ms, longer than a period of anything audible.
const HOLD_BLOCKS: u8 = 20;
/// What the gain grows by in a block after that: 0.086 dB, which is 35 dB a second.
const RISE: f32 = 1.01;
/// A block that needs a gain this near to the present one is a loud one too.
const NEAR: f32 = 1.02;
/// Samples worked on beside each other.
const LANES: usize = 4;
const FULL_SCALE: f32 = 32_767.0;

/// One stream's limiter.
#[derive(Debug, Clone)]
pub(super) struct Limiter {
    /// The block held back.
    held: Vec<i32>,
    /// The largest gain that block bears.
    held_bears: f32,
    /// The gain at its beginning.
    gain: f32,
    hold: u8,
}

impl Limiter {
    /// For frames of so many samples.
    pub(super) fn new(frame: usize) -> Self {
        Self {
            held: vec![0; frame / BLOCKS],
            held_bears: 1.0,
            gain: 1.0,
            hold: 0,
        }
    }

    /// Goes on where another one of the same rate is. It takes no memory.
    pub(super) fn follow(&mut self, other: &Limiter) {
        self.held.copy_from_slice(&other.held);
        (self.held_bears, self.gain, self.hold) = (other.held_bears, other.gain, other.hold);
    }

    /// Begins at the gain of another one, with silence held back.
    pub(super) fn begin_beside(&mut self, other: &Limiter) {
        (self.gain, self.hold) = (other.gain, other.hold);
    }

    /// Whether both would do the same to the same sound from now on; what they hold back is the caller's to know.
    pub(super) fn agrees(&self, other: &Limiter) -> bool {
        (self.gain - other.gain).abs() < 1e-4
    }

    /// Whether it holds silence and turns nothing down.
    pub(super) fn at_rest(&self) -> bool {
        self.gain >= 1.0 && self.held.iter().all(|&sample| sample == 0)
    }

    /// Takes 20 ms and gives 20 ms.
    pub(super) fn run(&mut self, frame: &[i32], out: &mut [i16]) {
        let block = self.held.len();
        let (first, rest) = out.split_at_mut(block);
        let bears = bears(&frame[..block]);
        let from = self.gain;
        self.step(bears);
        put(&self.held, from, self.gain, first);
        self.held_bears = bears;
        for (n, out) in rest.chunks_exact_mut(block).enumerate() {
            let bears = self::bears(&frame[(n + 1) * block..][..block]);
            let from = self.gain;
            self.step(bears);
            put(&frame[n * block..][..block], from, self.gain, out);
            self.held_bears = bears;
        }
        self.held.copy_from_slice(&frame[frame.len() - block..]);
    }

    /// Moves the gain to where it has to be at the end of the held block, when the next one is known.
    fn step(&mut self, next_bears: f32) {
        let bears = self.held_bears.min(next_bears);
        if bears <= self.gain * NEAR && bears < 1.0 {
            self.hold = HOLD_BLOCKS;
        }
        let grown = if self.hold > 0 { self.gain } else { self.gain * RISE };
        self.hold = self.hold.saturating_sub(1);
        self.gain = grown.min(bears).min(1.0);
    }
}

/// The largest gain at which a block fits into 16 bits, 1 at most.
fn bears(block: &[i32]) -> f32 {
    // All bits that any magnitude has: seldom more than fifteen, and found in half the time a maximum takes.
    let bits = block
        .iter()
        .fold(0i32, |bits, &sample| bits | (sample ^ (sample >> 31)));
    if bits <= i32::from(i16::MAX) {
        return 1.0;
    }
    let peak = block.iter().map(|sample| sample.unsigned_abs()).fold(0, u32::max);
    (FULL_SCALE / peak as f32).min(1.0)
}

fn put(block: &[i32], from: f32, to: f32, out: &mut [i16]) {
    if from >= 1.0 && to >= 1.0 {
        for (out, &sample) in out.iter_mut().zip(block) {
            *out = pack(sample);
        }
        return;
    }
    let step = (to - from) / block.len() as f32;
    let mut gain = [0.0f32; LANES];
    for (n, gain) in gain.iter_mut().enumerate() {
        *gain = from + step * n as f32;
    }
    // No rate has a block that four does not divide.
    for (out, block) in out.chunks_exact_mut(LANES).zip(block.chunks_exact(LANES)) {
        for lane in 0..LANES {
            out[lane] = pack((block[lane] as f32 * gain[lane]) as i32);
            gain[lane] += step * LANES as f32;
        }
    }
}

/// It fits, but for rounding at the very top; the clamp lets the compiler pack eight at a time.
fn pack(sample: i32) -> i16 {
    sample.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests;
