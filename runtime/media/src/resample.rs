//! Sound of any rate made 8 or 16 kHz, by a windowed sinc whose length grows with the ratio, so that its edge is equally steep
//! at every rate. For loading prompts; not for live sound.

use crate::mixer::Rate;
use rubato::audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction};

/// Length of the filter in samples of the lower rate; 384 for 48 kHz.
const SINC_SAMPLES: usize = 64;
/// Where the filter's edge is, as part of half the lower rate. At 8 kHz the edge is some 500 Hz wide to either side: speech up to
/// 3.4 kHz passes, and what folds over lies above that.
const CUTOFF: f32 = 0.985;
/// Samples worked on at a time.
const CHUNK: usize = 1_024;

/// The same sound at another rate; `rate` is checked to be from 4,000 to 192,000.
pub(crate) fn to(wanted: Rate, samples: &[f32], rate: u32) -> Vec<f32> {
    if rate == wanted.hertz() || samples.is_empty() {
        return samples.to_vec();
    }
    let ratio = f64::from(wanted.hertz()) / f64::from(rate);
    let sinc_len = (SINC_SAMPLES as f64 / ratio.min(1.0)).ceil() as usize;
    let parameters = SincInterpolationParameters::new(sinc_len, WindowFunction::BlackmanHarris)
        .f_cutoff(CUTOFF)
        .interpolation(SincInterpolationType::Cubic);
    let mut resampler = Async::<f32>::new_sinc(ratio, 1.0, &parameters, CHUNK, 1, FixedAsync::Input)
        .expect("the rate was checked, so the ratio is finite and above 0");
    let frames = samples.len();
    let input =
        InterleavedOwned::new_from(samples.to_vec(), 1, frames).expect("one channel of exactly this many frames");
    let output = resampler
        .process_all(&input, frames, None)
        .expect("input and output have one channel and fit");
    let mut samples = output.take_data();
    // The library rounds up in floating point, which can be one sample more than there is time for.
    samples.truncate((frames as u64 * u64::from(wanted.hertz())).div_ceil(u64::from(rate)) as usize);
    samples
}
