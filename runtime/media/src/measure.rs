//! Measuring what was heard: level, the power of one frequency, and where a known sound is in a recording.
//! For tests and the test phone; it allocates and is not for the packet path.

/// The level of silence.
const SILENCE_DBFS: f64 = -120.0;
/// Mean square of a sine that just fills 16 bits, which is 0 dBFS.
const FULL_SCALE_POWER: f64 = 32_767.0 * 32_767.0 / 2.0;
/// Where a recording's energy is below this part of its loudest place, a likeness is chance.
const LEAST_ENERGY: f64 = 1e-6;

/// Level of a sound in dBFS (0 = a sine that just fills 16 bits); -120 for silence.
pub fn level_dbfs(samples: &[i16]) -> f64 {
    let energy: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    decibels(energy / samples.len().max(1) as f64)
}

/// Level of one frequency in dBFS within a window, by Goertzel's algorithm; -120 for none. The window resolves about
/// `rate / samples.len()` hertz.
pub fn frequency_dbfs(samples: &[i16], rate: u32, frequency_hz: f64) -> f64 {
    let turn = std::f64::consts::TAU * frequency_hz / f64::from(rate.max(1));
    let coefficient = 2.0 * turn.cos();
    let (mut last, mut before) = (0.0, 0.0);
    for &sample in samples {
        (last, before) = (f64::from(sample) + coefficient * last - before, last);
    }
    let power = last * last + before * before - coefficient * last * before;
    let count = samples.len().max(1) as f64;
    // A sine of amplitude a gives (a * n / 2)^2, and its mean square is a^2 / 2.
    decibels(power * 2.0 / (count * count))
}

/// Where and how well a reference was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Sample of the recording at which the reference begins.
    pub lag: usize,
    /// Normalised correlation there, -1 to 1; 1 is the same sound at any volume.
    pub correlation: f64,
}

/// Where in a recording a reference sounds best; every place is looked at. None if either is empty or silent, or the
/// reference is the longer one. A minute takes some tens of milliseconds.
pub fn find(reference: &[i16], recording: &[i16]) -> Option<Match> {
    let energy: f64 = reference.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    if energy == 0.0 || reference.len() > recording.len() {
        return None;
    }
    let size = (recording.len() + reference.len()).next_power_of_two();
    let products = correlate(reference, recording, size);
    let mut sums = vec![0.0f64; recording.len() + 1];
    for (n, &sample) in recording.iter().enumerate() {
        sums[n + 1] = sums[n] + f64::from(sample) * f64::from(sample);
    }
    let windows = 0..=recording.len() - reference.len();
    let energy_at = |lag: usize| sums[lag + reference.len()] - sums[lag];
    let loudest = windows.clone().map(energy_at).fold(0.0, f64::max);
    windows
        .filter(|&lag| energy_at(lag) > loudest * LEAST_ENERGY)
        .map(|lag| Match {
            lag,
            correlation: products[lag] / (energy * energy_at(lag)).sqrt(),
        })
        .max_by(|a, b| a.correlation.total_cmp(&b.correlation))
}

fn decibels(mean_square: f64) -> f64 {
    if mean_square <= 0.0 {
        SILENCE_DBFS
    } else {
        (10.0 * (mean_square / FULL_SCALE_POWER).log10()).max(SILENCE_DBFS)
    }
}

/// The sums of products at each lag: one inverse transform of both spectra. Both sounds are real, so they share one
/// forward transform as its real and imaginary parts.
fn correlate(reference: &[i16], recording: &[i16], size: usize) -> Vec<f64> {
    let at = |sound: &[i16], n: usize| sound.get(n).map_or(0.0, |&s| f64::from(s));
    let mut both: Vec<Complex> = (0..size).map(|n| (at(recording, n), at(reference, n))).collect();
    transform(&mut both);
    let mut product = vec![(0.0, 0.0); size];
    for (k, out) in product.iter_mut().enumerate() {
        let (a, b) = (both[k], both[(size - k) % size]);
        let recording = ((a.0 + b.0) / 2.0, (a.1 - b.1) / 2.0);
        let reference = ((a.1 + b.1) / 2.0, (b.0 - a.0) / 2.0);
        // Times the conjugate; conjugated once more, so that the forward transform serves as the inverse.
        let (re, im) = times(recording, (reference.0, -reference.1));
        *out = (re, -im);
    }
    transform(&mut product);
    product.into_iter().map(|(re, _)| re / size as f64).collect()
}

type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// Fourier transform in place; the length is a power of two.
fn transform(values: &mut [Complex]) {
    let size = values.len();
    assert!(size.is_power_of_two(), "the caller rounds the length up");
    for n in 1..size {
        let mirrored = n.reverse_bits() >> (usize::BITS - size.trailing_zeros());
        if n < mirrored {
            values.swap(n, mirrored);
        }
    }
    let turns: Vec<Complex> = (0..size / 2)
        .map(|k| {
            let (sin, cos) = (-std::f64::consts::TAU * k as f64 / size as f64).sin_cos();
            (cos, sin)
        })
        .collect();
    let mut half = 1;
    while half < size {
        for block in values.chunks_exact_mut(half * 2) {
            let (low, high) = block.split_at_mut(half);
            for (k, (a, b)) in low.iter_mut().zip(high).enumerate() {
                let turned = times(*b, turns[k * (size / (half * 2))]);
                (*a, *b) = ((a.0 + turned.0, a.1 + turned.1), (a.0 - turned.0, a.1 - turned.1));
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests;
