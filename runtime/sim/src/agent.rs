//! A pretend server of streams: it greets with a tone, answers what it hears with another, stops speaking when it is
//! interrupted, and obeys two keys. It speaks the protocol of `wit/stream.md` in text, as a foreign server would.

use base64ct::{Base64, Encoding};
use patchcord_control::stream_urls::StreamUrl;
use patchcord_media::{WireEncoder, WireFormat, is_sound};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// So much sound is speech, and so much quiet after it its end, in frames of 20 ms.
const SPEECH_FRAMES: u32 = 5;
const QUIET_FRAMES: u32 = 15;
/// The longest tone.
const LONGEST_MS: u32 = 60_000;
/// Lines of its memory of what it was told; further ones are left out.
const TOLD_LINES: usize = 1_000;
/// Loudness of its tones: a quarter of full scale.
const LOUDNESS: f64 = 8_000.0;
/// Samples a second of the tones it makes, and of 20 ms.
const RATE: u32 = 8_000;
const FRAME: usize = 160;

/// What a pretend server does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agent {
    /// Its address; legs may be streamed there.
    pub url: String,
    /// It greets with this tone for so long; 0 ms: not at all.
    pub greets_hz: u16,
    /// See there.
    pub greets_ms: u32,
    /// It answers what it hears with this tone for so long.
    pub answers_hz: u16,
    /// See there.
    pub answers_ms: u32,
    /// It answers the request for a WebSocket with this HTTP status.
    pub refuses: Option<u16>,
    /// It is not there.
    pub absent: bool,
    /// Its first connection breaks after so long.
    pub breaks_after_ms: Option<u64>,
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            url: "ws://agent.example/".to_owned(),
            greets_hz: 600,
            greets_ms: 0,
            answers_hz: 440,
            answers_ms: 400,
            refuses: None,
            absent: false,
            breaks_after_ms: None,
        }
    }
}

impl Agent {
    /// What the types alone do not rule out.
    pub(crate) fn check(&self) -> Result<(), String> {
        StreamUrl::parse(&self.url).map_err(|why| format!("the `url` of an agent is {:?}: {why}", self.url))?;
        match self.greets_ms.max(self.answers_ms) > LONGEST_MS {
            true => Err(format!("an agent speaks for {LONGEST_MS} ms at most at a time")),
            false => Ok(()),
        }
    }
}

/// One connection to it.
#[derive(Debug)]
pub(crate) struct Talk {
    agent: Agent,
    format: WireFormat,
    loud: u32,
    quiet: u32,
    /// Marks whose echo is awaited: while there are any, it speaks.
    awaited: u32,
    said: u32,
    told: Vec<String>,
}

impl Talk {
    pub(crate) fn new(agent: Agent) -> Self {
        Self {
            agent,
            format: WireFormat::Mulaw8k,
            loud: 0,
            quiet: 0,
            awaited: 0,
            said: 0,
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
            return self.sound(message["payload"].as_str().unwrap_or_default());
        }
        if self.told.len() < TOLD_LINES {
            self.told.push(text.to_owned());
        }
        match event {
            "start" => {
                self.format = match (
                    message["format"]["encoding"].as_str(),
                    message["format"]["rate"].as_u64(),
                ) {
                    (Some("l16"), Some(16_000)) => WireFormat::L16at16k,
                    (Some("l16"), Some(24_000)) => WireFormat::L16at24k,
                    _ => WireFormat::Mulaw8k,
                };
                self.say(self.agent.greets_hz, self.agent.greets_ms, "greeting")
            }
            "key" if message["digit"] == "#" => vec![json!({ "event": "stop" }).to_string()],
            "key" if message["digit"] == "*" => {
                vec![json!({ "event": "message", "text": "a person is wanted" }).to_string()]
            }
            "mark" => {
                self.awaited = self.awaited.saturating_sub(1);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn sound(&mut self, payload: &str) -> Vec<String> {
        let bytes = Base64::decode_vec(payload).unwrap_or_default();
        let samples = self.format.decode(&bytes).unwrap_or_default();
        if is_sound(&samples) {
            (self.loud, self.quiet) = (self.loud + 1, 0);
            if self.loud == SPEECH_FRAMES && self.awaited > 0 {
                return vec![json!({ "event": "clear" }).to_string()];
            }
            return Vec::new();
        }
        self.quiet += 1;
        if self.quiet < QUIET_FRAMES {
            return Vec::new();
        }
        let spoken = std::mem::take(&mut self.loud) >= SPEECH_FRAMES;
        if !spoken || self.awaited > 0 {
            return Vec::new();
        }
        self.said += 1;
        let name = format!("answer {}", self.said);
        self.say(self.agent.answers_hz, self.agent.answers_ms, &name)
    }

    /// A tone, and a mark behind it.
    fn say(&mut self, hz: u16, ms: u32, mark: &str) -> Vec<String> {
        if ms == 0 {
            return Vec::new();
        }
        let mut encoder = WireEncoder::new(self.format);
        let place = |n: u32| f64::from(n) * f64::from(hz) * std::f64::consts::TAU / f64::from(RATE);
        let tone: Vec<i16> = (0..ms * RATE / 1_000)
            .map(|n| (place(n).sin() * LOUDNESS) as i16)
            .collect();
        let media = |sound: &[i16]| {
            let payload = Base64::encode_string(&encoder.encode(RATE, sound));
            json!({ "event": "media", "payload": payload }).to_string()
        };
        let mut says: Vec<String> = tone.chunks(FRAME).map(media).collect();
        says.push(json!({ "event": "mark", "name": mark }).to_string());
        self.awaited += 1;
        says
    }
}
