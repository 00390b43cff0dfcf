//! A pretend recogniser that listens all the time: it understands words of its hints in the pretend voice, says them one after
//! the other as they are said, and all of them once there is quiet. It speaks the protocol of `wit/recognise.md` in text, as
//! a foreign server would.

use crate::world::words_said;
use base64ct::{Base64, Encoding};
use patchcord_media::{WireFormat, is_sound, measure};
use serde_json::{Value, json};

/// Frames of 20 ms in which something is told at most once while it is said.
const PARTIAL_FRAMES: u64 = 5;
/// Frames of quiet after which something said is over.
const QUIET_FRAMES: u64 = 15;
const FRAME_MS: u64 = 20;
/// How much later than expected a word may begin, in samples at 8 kHz: 100 ms.
const LATE: usize = 800;
/// Least correlation of what was said with a word.
const LIKENESS: f64 = 0.7;
/// Samples of something said that are looked at: a minute.
const LONGEST: usize = 60 * 8_000;
/// Lines of its memory of what it was told; further ones are left out.
const TOLD_LINES: usize = 1_000;

/// What the pretend recogniser does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcriber {
    /// It answers the request for a WebSocket with this HTTP status.
    pub refuses: Option<u16>,
    /// It is not there.
    pub absent: bool,
    /// Its first connection breaks after so long.
    pub breaks_after_ms: Option<u64>,
    /// It gives up at once and says this.
    pub error: Option<String>,
    /// It says every final text so often.
    pub repeats: u32,
}

/// One connection to it.
#[derive(Debug)]
pub(crate) struct Dictation {
    transcriber: Transcriber,
    vocabulary: Vec<(String, Vec<i16>)>,
    partials: bool,
    sentence: Option<Sentence>,
    told: Vec<String>,
}

/// Something that is being said.
#[derive(Debug)]
struct Sentence {
    from_ms: u64,
    until_ms: u64,
    frames: u64,
    quiet: u64,
    samples: Vec<i16>,
    /// Up to here it is understood.
    at: usize,
    words: Vec<String>,
}

impl Dictation {
    pub(crate) fn new(transcriber: Transcriber) -> Self {
        Self {
            transcriber,
            vocabulary: Vec::new(),
            partials: false,
            sentence: None,
            told: Vec::new(),
        }
    }

    /// What it was told but sound, in order.
    pub(crate) fn told(&self) -> &[String] {
        &self.told
    }

    /// Takes a message; what it says to that.
    pub(crate) fn hear(&mut self, text: &str) -> Vec<String> {
        let message: Value = serde_json::from_str(text).unwrap_or_default();
        let event = message["event"].as_str().unwrap_or_default();
        if event == "media" {
            let payload = message["payload"].as_str().unwrap_or_default();
            return self.sound(message["timestamp"].as_u64().unwrap_or_default(), payload);
        }
        if self.told.len() < TOLD_LINES {
            self.told.push(text.to_owned());
        }
        match event {
            "start" => self.begin(&message),
            "stop" => {
                let mut says = self.finish();
                says.push(json!({ "event": "stop" }).to_string());
                says
            }
            _ => Vec::new(),
        }
    }

    fn begin(&mut self, message: &Value) -> Vec<String> {
        let hints = message["hints"].as_array().into_iter().flatten();
        let words = hints.filter_map(Value::as_str).flat_map(str::split_whitespace);
        for word in words {
            if !self.vocabulary.iter().any(|(known, _)| known == word) {
                self.vocabulary.push((word.to_owned(), words_said(word)));
            }
        }
        self.partials = message["partials"] == true;
        let error = self.transcriber.error.iter();
        error
            .map(|code| json!({ "event": "error", "code": code }).to_string())
            .collect()
    }

    fn sound(&mut self, at_ms: u64, payload: &str) -> Vec<String> {
        let bytes = Base64::decode_vec(payload).unwrap_or_default();
        let wide = WireFormat::L16at16k.decode(&bytes).unwrap_or_default();
        let samples: Vec<i16> = wide.iter().step_by(2).copied().collect();
        let loud = is_sound(&samples);
        let Some(sentence) = self.sentence.as_mut() else {
            if loud {
                self.sentence = Some(Sentence::new(at_ms, samples));
            }
            return Vec::new();
        };
        sentence.add(at_ms, &samples, loud);
        if sentence.quiet >= QUIET_FRAMES {
            return self.finish();
        }
        let due = self.partials && sentence.frames.is_multiple_of(PARTIAL_FRAMES);
        if !due || !sentence.understand(&self.vocabulary) {
            return Vec::new();
        }
        let partial = json!({ "event": "partial", "text": sentence.words.join(" "), "fromMs": sentence.from_ms });
        vec![partial.to_string()]
    }

    fn finish(&mut self) -> Vec<String> {
        let Some(mut sentence) = self.sentence.take() else {
            return Vec::new();
        };
        sentence.understand(&self.vocabulary);
        let said = json!({
            "event": "final",
            "text": sentence.words.join(" "),
            "confidence": 0.9,
            "fromMs": sentence.from_ms,
            "toMs": sentence.until_ms,
        });
        let times = self.transcriber.repeats.max(1);
        (0..times).map(|_| said.to_string()).collect()
    }
}

impl Sentence {
    fn new(from_ms: u64, samples: Vec<i16>) -> Self {
        Self {
            from_ms,
            until_ms: from_ms + FRAME_MS,
            frames: 1,
            quiet: 0,
            samples,
            at: 0,
            words: Vec::new(),
        }
    }

    fn add(&mut self, at_ms: u64, samples: &[i16], loud: bool) {
        self.frames += 1;
        self.quiet = if loud { 0 } else { self.quiet + 1 };
        if loud {
            self.until_ms = at_ms + FRAME_MS;
        }
        if self.samples.len() < LONGEST {
            self.samples.extend_from_slice(samples);
        }
    }

    /// Looks for further words; whether there are any.
    fn understand(&mut self, vocabulary: &[(String, Vec<i16>)]) -> bool {
        let before = self.words.len();
        loop {
            let candidates = vocabulary.iter().filter_map(|(word, sound)| {
                let until = (self.at + sound.len() + LATE).min(self.samples.len());
                let found = measure::find(sound, self.samples.get(self.at..until)?)?;
                Some((found.correlation, self.at + found.lag + sound.len(), word))
            });
            match candidates.max_by(|a, b| a.0.total_cmp(&b.0)) {
                Some((correlation, end, word)) if correlation >= LIKENESS => {
                    self.words.push(word.clone());
                    self.at = end;
                }
                _ => return self.words.len() > before,
            }
        }
    }
}
