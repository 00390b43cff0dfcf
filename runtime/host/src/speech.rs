//! Texts that become sound: by a program beside us or by a server of hosted voices. Not here: how a text is cut into pieces,
//! and how sounds reach the shards (`sounds`). What is said never reaches a log or an error.

mod program;
mod server;

use crate::async_thread::AsyncThread;
use crate::hosted::{Hosted, HostedServer};
use crate::orders::Asker;
use crate::shard_threads::Inbox;
use crate::sounds::{self, Made, Maker, SoundFigures, SoundLimits, SoundQueue, Wanted};
use crate::start_error::StartError;
use patchcord_control::ids::Tenant;
use patchcord_switch::ToSpeak;
use program::Program;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const NOBODY: &str = "this node has nobody who speaks: [speech] provider of its configuration is \"none\"";

/// How texts are spoken.
#[derive(Debug, Clone)]
pub struct SpeechConfig {
    /// Who speaks.
    pub voice: VoiceConfig,
    /// The language of texts without one, as a tag.
    pub language: String,
    /// How long one piece of a text may take to be made.
    pub time: Duration,
    /// Pieces made at the same time; others wait, as long as one may take.
    pub at_once: usize,
    /// Bytes of sound that are remembered, the last used longest; 0 remembers nothing.
    pub cache_bytes: usize,
}

/// Who speaks.
#[derive(Debug, Clone)]
pub enum VoiceConfig {
    /// Nobody: every text is refused.
    Nobody,
    /// espeak-ng, or a program that takes the same arguments: started anew for each piece, with limits, and killed when it
    /// takes too long.
    Program(PathBuf),
    /// A server that answers SSML with a sound file.
    Server(HostedServer),
}

impl Default for SpeechConfig {
    fn default() -> Self {
        Self {
            voice: VoiceConfig::Program("espeak-ng".into()),
            language: "en".to_owned(),
            time: Duration::from_secs(10),
            at_once: 4,
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// The way from the shards to whoever speaks.
pub(crate) type SpeechQueue = SoundQueue<ToSpeak>;

impl Wanted for ToSpeak {
    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    fn memory(&self) -> usize {
        self.piece.reveal().len()
    }
}

/// Asks for a text, or says at once why it will not be spoken. Never waits.
pub(crate) fn speak(queue: Option<&SpeechQueue>, asker: Asker, wanted: ToSpeak) -> Result<(), &'static str> {
    queue.ok_or(NOBODY)?.ask(asker, wanted)
}

/// Starts speaking; nothing if nobody does.
pub(crate) fn start(
    config: &SpeechConfig,
    inboxes: &[Inbox],
    figures: &Arc<SoundFigures>,
) -> Result<Option<(AsyncThread, SpeechQueue)>, StartError> {
    let voice = match &config.voice {
        VoiceConfig::Nobody => return Ok(None),
        VoiceConfig::Program(path) => {
            let program = Program::new(path.clone());
            if !program.is_there() {
                let program = path.display();
                tracing::warn!(%program, "texts in prompts will not be spoken: the program is not there");
            }
            Voice::Program(program)
        }
        VoiceConfig::Server(server) => {
            let server = Hosted::new(server.clone()).map_err(StartError::Certificates)?;
            Voice::Server(server)
        }
    };
    let limits = SoundLimits {
        time: config.time,
        at_once: config.at_once,
        cache_bytes: config.cache_bytes,
    };
    let speaker = Speaker {
        voice,
        language: config.language.clone(),
    };
    sounds::start("speech", speaker, limits, inboxes, figures)
        .map(Some)
        .map_err(StartError::Thread)
}

/// Who speaks, and the language of texts without one.
struct Speaker {
    voice: Voice,
    language: String,
}

enum Voice {
    Program(Program),
    Server(Hosted),
}

impl Maker<ToSpeak> for Speaker {
    const BUSY: &'static str = "too many texts are being spoken; try again";

    async fn make(&self, wanted: &ToSpeak) -> Result<Made, String> {
        let language = wanted.language.as_deref().unwrap_or(&self.language);
        let file = match &self.voice {
            Voice::Program(program) => program.speak(wanted, language).await,
            Voice::Server(server) => server::speak(server, wanted, language).await,
        };
        file.map(|file| Made { file, fresh: None })
    }

    fn late(time: Duration) -> String {
        format!("it was not spoken within {} ms", time.as_millis())
    }
}

#[cfg(test)]
mod tests;
