//! A recogniser that is a web server: one POST of a form for each sound, answered with the text in JSON. The fields are those
//! of the usual transcription services (`file`, a WAV file at 8 kHz; `language`; `prompt`, which many take as a hint;
//! `response_format`), beside `phrases` and `digits` for those who know them. The answer's `text` is looked up among the
//! phrases; its `confidence`, 0 to 1, is optional.

use super::Recognised;
use super::matching::understood;
use crate::hosted::{Hosted, Posted, reason};
use patchcord_control::private::Private;
use patchcord_media::{SAMPLE_RATE, write_wav};
use patchcord_switch::ToRecognise;
use serde::Deserialize;

/// Further fields of every request: names and values.
pub type Fields = Vec<(String, Private<String>)>;

/// Bytes of an answer.
const ANSWER_BYTES: usize = 64 * 1024;
/// Random bytes of what stands between the fields: it must not be in one.
const BOUNDARY_BYTES: usize = 16;

/// What it answers; whatever else is in it does not matter.
#[derive(Deserialize)]
struct Answer {
    text: String,
    confidence: Option<f64>,
}

/// What was said.
pub(super) async fn recognise(server: &Hosted, fields: &Fields, wanted: &ToRecognise, language: &str) -> Recognised {
    let mut random = [0; BOUNDARY_BYTES];
    getrandom::fill(&mut random).map_err(|why| format!("there is no randomness: {why}"))?;
    let boundary = crate::encoding::hex(&random);
    let posted = Posted {
        content_type: &format!("multipart/form-data; boundary={boundary}"),
        accept: "application/json",
        body: form(&boundary, fields, wanted, language),
        most: ANSWER_BYTES,
    };
    let too_long = || format!("its answer is larger than {} KiB", ANSWER_BYTES >> 10);
    let answer = server.post(posted).await;
    let answer = answer.map_err(|why| reason(why, "the server that recognises", too_long()))?;
    // What is wrong with it could show what was said.
    let answer: Answer = serde_json::from_slice(&answer)
        .map_err(|_| "the server that recognises answered with no JSON that has a text".to_owned())?;
    let sure = answer.confidence.unwrap_or(1.0).clamp(0.0, 1.0) * 100.0;
    Ok(understood(&answer.text, wanted, sure as u8))
}

fn form(boundary: &str, fields: &Fields, wanted: &ToRecognise, language: &str) -> Vec<u8> {
    let phrases: Vec<&str> = wanted.phrases.iter().map(|phrase| phrase.reveal().as_str()).collect();
    let listed = serde_json::to_string(&phrases).expect("texts can be written as JSON");
    let mut form = Vec::new();
    let mut field = |name: &str, head: &str, value: &[u8]| {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{head}\r\n\r\n");
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(value);
        form.extend_from_slice(b"\r\n");
    };
    field("language", "", language.as_bytes());
    field("prompt", "", phrases.join(", ").as_bytes());
    field("response_format", "", b"json");
    field("phrases", "\r\nContent-Type: application/json", listed.as_bytes());
    field("digits", "", wanted.digits.to_string().as_bytes());
    for (name, value) in fields {
        field(name, "", value.reveal().as_bytes());
    }
    let sound = write_wav(SAMPLE_RATE, wanted.sound.samples());
    field("file", "; filename=\"said.wav\"\r\nContent-Type: audio/wav", &sound);
    form.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    form
}
