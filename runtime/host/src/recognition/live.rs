//! A recogniser that listens all the time, given one thing that was said: a connection for it alone, its sound as fast as it is
//! read, and its last words. The messages are those of continuous recognition (`wit/recognise.md`).

use super::Recognised;
use super::matching::understood;
use crate::live_streams::{LiveRecogniser, Socket};
use futures_util::{SinkExt, StreamExt};
use patchcord_control::call::RecogniseSignal;
use patchcord_control::words::{Heard, HeardSpeech, Partials, RecogniseFailure, RecogniseOptions, StreamEnd};
use patchcord_media::{FRAME_SAMPLES, SAMPLE_RATE, TapId, Tapped};
use patchcord_switch::ToRecognise;
use patchcord_switch::recognise::{RecogniseSetup, Recognition};
use patchcord_switch::stream::{Failure, Input, Output, StreamKey};
use std::time::Instant;
use tokio_tungstenite::tungstenite::Message;

/// Samples of 20 ms at 8 kHz.
const FRAME: usize = (SAMPLE_RATE / 50) as usize;
const BROKE_OFF: &str = "the server that recognises broke off";
/// Of what is in time anyhow: the longest utterance.
const LONGEST_MS: u32 = 60_000;

/// What was said.
pub(super) async fn recognise(server: &LiveRecogniser, wanted: &ToRecognise, language: &str) -> Recognised {
    let mut socket = server.open().await.map_err(|why| not_opened(why).to_owned())?;
    let mut recognition = Recognition::new(Instant::now(), setup(wanted, language));
    recognition.handle(Instant::now(), Input::Opened);
    for (position, samples) in wanted.sound.samples().chunks(FRAME).enumerate() {
        // The last one is made whole with silence.
        let mut frame = [0; FRAME_SAMPLES];
        frame[..samples.len()].copy_from_slice(samples);
        let tapped = Tapped {
            tap: TapId { number: 0, channel: 0 },
            position: position as u64,
            rate: SAMPLE_RATE,
            samples: &frame[..FRAME],
        };
        recognition.handle(Instant::now(), Input::Heard(&tapped));
        say(&mut socket, &mut recognition).await?;
    }
    recognition.handle(Instant::now(), Input::End(StreamEnd::Stopped));
    say(&mut socket, &mut recognition).await?;
    let (text, confidence) = last_words(&mut socket, &mut recognition).await?;
    // Whether it takes part in that or not.
    let _ = socket.close(None).await;
    Ok(text.map_or(Heard::NoMatch, |text| understood(&text, wanted, confidence)))
}

fn setup(wanted: &ToRecognise, language: &str) -> RecogniseSetup {
    RecogniseSetup {
        key: StreamKey(0),
        call: None,
        digits: wanted.digits,
        options: RecogniseOptions {
            language: Some(language.to_owned()),
            hints: wanted.phrases.clone(),
            partials: Partials::Unwanted,
            longest_ms: LONGEST_MS,
        },
    }
}

/// Says all there is to say.
async fn say(socket: &mut Socket, recognition: &mut Recognition) -> Result<(), String> {
    while let Some(text) = recognition.next_text() {
        let said = socket.send(Message::text(text)).await;
        said.map_err(|_| BROKE_OFF.to_owned())?;
    }
    Ok(())
}

/// All that was understood, and how sure the least sure part of it is.
async fn last_words(socket: &mut Socket, recognition: &mut Recognition) -> Result<(Option<String>, u8), String> {
    let (mut texts, mut confidence, mut gap) = (Vec::new(), 100, false);
    loop {
        while let Some(output) = recognition.poll() {
            match output {
                Output::TellHeard(RecogniseSignal::Heard(HeardSpeech::Final(said))) => {
                    confidence = confidence.min(said.confidence);
                    texts.push(said.text.into_inner());
                }
                Output::TellHeard(RecogniseSignal::Heard(HeardSpeech::Gap(_))) => gap = true,
                Output::TellHeard(RecogniseSignal::Over { failure: Some(why), .. }) => {
                    return Err(not_recognised(why).to_owned());
                }
                Output::TellHeard(RecogniseSignal::Over { .. }) if gap => return Err(BROKE_OFF.to_owned()),
                Output::TellHeard(RecogniseSignal::Over { .. }) => {
                    let text = (!texts.is_empty()).then(|| texts.join(" "));
                    return Ok((text, confidence));
                }
                Output::TellHeard(RecogniseSignal::Heard(_)) | Output::Tell(_) | Output::Connect | Output::Close => {}
            }
        }
        let wake = recognition.wake_at().unwrap_or_else(Instant::now);
        let came = tokio::time::timeout_at(wake.into(), socket.next()).await;
        let input = match &came {
            Err(_) => Input::Deadline,
            Ok(Some(Ok(Message::Text(text)))) => Input::Text(text.as_str()),
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => Input::Deadline,
            Ok(Some(Ok(Message::Binary(_) | Message::Frame(_)))) => Input::Text(""),
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => Input::Closed,
        };
        recognition.handle(Instant::now(), input);
    }
}

fn not_opened(why: Failure) -> &'static str {
    match why {
        Failure::Refused(_) => "the server that recognises refused the connection",
        Failure::Unreachable => "the server that recognises cannot be reached",
    }
}

fn not_recognised(why: RecogniseFailure) -> &'static str {
    match why {
        RecogniseFailure::Language => "the server that recognises does not know the language",
        RecogniseFailure::Overloaded => "the server that recognises has too much to do",
        RecogniseFailure::Recogniser
        | RecogniseFailure::Refused(_)
        | RecogniseFailure::Unreachable
        | RecogniseFailure::Lost => "the server that recognises gave up",
    }
}
