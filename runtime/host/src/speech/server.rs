//! A voice that is a web server: one POST of SSML for each piece of a text, answered with a sound file (WAV, MP3, FLAC, or
//! Ogg with Opus or Vorbis).

use crate::hosted::{Hosted, Posted, reason};
use crate::sounds::SOUND_BYTES;
use patchcord_switch::ToSpeak;

/// The sound file of a piece.
pub(super) async fn speak(server: &Hosted, wanted: &ToSpeak, language: &str) -> Result<Vec<u8>, String> {
    let posted = Posted {
        content_type: "application/ssml+xml",
        accept: "audio/*",
        body: document(wanted, language).into(),
        most: SOUND_BYTES,
    };
    let too_long = || format!("its sound is larger than {} MiB", SOUND_BYTES >> 20);
    let sound = server.post(posted).await;
    sound.map_err(|why| reason(why, "the server of voices", too_long()))
}

/// A whole SSML document. Language and voice were checked: nothing in them could be markup.
fn document(wanted: &ToSpeak, language: &str) -> String {
    let piece = wanted.piece.reveal();
    let said = match &wanted.voice {
        Some(voice) => format!("<voice name=\"{voice}\">{piece}</voice>"),
        None => piece.clone(),
    };
    format!(
        "<speak version=\"1.0\" xmlns=\"http://www.w3.org/2001/10/synthesis\" xml:lang=\"{language}\">{said}</speak>"
    )
}
