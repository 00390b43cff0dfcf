//! A voice that is a program beside us: espeak-ng, or what takes its arguments. The text goes in by its standard input, so no
//! list of processes shows it.

use crate::beside::{Beside, Stdin};
use crate::sounds::SOUND_BYTES;
use patchcord_switch::ToSpeak;
use std::path::PathBuf;

/// Where the length of the sound is in the head of a WAV file, and what stands for one that is not known.
const WAV_LENGTH: std::ops::Range<usize> = 40..44;
const UNKNOWN_LENGTH: [u8; 4] = [0xff; 4];

pub(super) struct Program(Beside);

impl Program {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(Beside::new(path, "speaks"))
    }

    pub(super) fn is_there(&self) -> bool {
        self.0.is_there()
    }

    /// The sound file of a piece. Whoever drops the future kills the program.
    pub(super) async fn speak(&self, wanted: &ToSpeak, language: &str) -> Result<Vec<u8>, String> {
        let voice = wanted.voice.as_deref().unwrap_or(language);
        let args = ["-v", voice, "-b", "1", "-m", "--stdin", "--stdout"].map(Into::into);
        let text = format!("<speak>{}</speak>", wanted.piece.reveal());
        let hint = format!("is there a voice {voice:?}?");
        let file = self.0.run(&args, Stdin::Bytes(text.into()), SOUND_BYTES, &hint).await?;
        Ok(with_open_end(file))
    }
}

/// A WAV file that was written into a pipe names a length that nobody knew.
fn with_open_end(mut file: Vec<u8>) -> Vec<u8> {
    if file.starts_with(b"RIFF") && file.get(36..40) == Some(b"data") {
        file[WAV_LENGTH].copy_from_slice(&UNKNOWN_LENGTH);
    }
    file
}
