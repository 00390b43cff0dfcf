//! Reading what a test left behind: prompts, recordings, end records.

use patchcord_media::{Clip, measure};
use std::path::Path;

/// Samples of a window in which a tone is looked for: 400 ms at 8 kHz.
const WINDOW: usize = 3200;
/// What a recording of linphone's begins with.
const WAV_HEADER_BYTES: usize = 44;

/// The samples of a WAV file at 8 kHz.
pub fn wav(file: &Path) -> Vec<i16> {
    let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let clip = Clip::from_wav(&bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    clip.samples().to_vec()
}

/// A counter of the first leg's media session in an end record.
pub fn media(record: &serde_json::Value, counter: &str) -> Option<u64> {
    record["legs"][0]["media"][counter].as_u64()
}

/// Which of `frequencies_hz` is alone in a window of the recording, at -30 dBFS or louder and 20 dB above the others;
/// the first window that has one decides.
pub fn tone(recording: &[i16], rate: u32, frequencies_hz: &[u16]) -> Option<u16> {
    recording.chunks_exact(WINDOW).find_map(|window| {
        let level = |hz: &u16| measure::frequency_dbfs(window, rate, f64::from(*hz));
        frequencies_hz.iter().copied().find(|hz| {
            let others = frequencies_hz.iter().filter(|other| *other != hz).map(level);
            level(hz) > -30.0 && others.fold(f64::MIN, f64::max) + 20.0 < level(hz)
        })
    })
}

/// The samples of a WAV file (16 bits, one channel) that a program still writes; its header does not know yet how long it
/// will be. Empty if there is no such file yet.
pub fn growing_wav(file: &Path) -> Vec<i16> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let samples = bytes.get(WAV_HEADER_BYTES..).unwrap_or_default();
    samples
        .as_chunks::<2>()
        .0
        .iter()
        .map(|two| i16::from_le_bytes(*two))
        .collect()
}

/// How loud a recording is; far below -100 if there is none.
pub fn level_dbfs(recording: &[i16]) -> f64 {
    if recording.is_empty() {
        return f64::from(i16::MIN);
    }
    measure::level_dbfs(recording)
}
