//! Whoever makes sound for the shards, understands it, or keeps something for handlers, beside the calls: their threads, and the
//! ways to them.

use crate::async_thread::AsyncThread;
use crate::figures::Figures;
use crate::node::NodeConfig;
use crate::orders::Asker;
use crate::presence::{self, PresenceQueue, Speaking};
use crate::recognition::{self, RecognitionQueue};
use crate::shard_threads::Inbox;
use crate::speech::{self, SpeechQueue};
use crate::start_error::StartError;
use crate::tenant_store::{self, TenantStoreQueue};
use crate::web_files::{self, WebFilesQueue};
use crate::web_requests::{self, NoRoom, WebRequestQueue};
use patchcord_switch::{ToAsk, ToFetch, ToRecognise, ToSpeak, ToStore};

/// The threads; dropping this ends them.
pub(crate) struct AsideThreads {
    _threads: Vec<AsyncThread>,
}

/// The ways to them; none to who is not there.
#[derive(Clone)]
pub(crate) struct Aside {
    speech: Option<SpeechQueue>,
    web_files: Option<WebFilesQueue>,
    recognition: Option<RecognitionQueue>,
    store: TenantStoreQueue,
    web: WebRequestQueue,
    /// Who can be reached.
    pub(crate) presence: PresenceQueue,
}

/// Starts those that the configuration wants.
pub(crate) fn start(
    config: &NodeConfig,
    inboxes: &[Inbox],
    figures: &Figures,
    speaking: Option<Speaking>,
) -> Result<(AsideThreads, Aside), StartError> {
    let (speaker, speech) = speech::start(&config.speech, inboxes, &figures.speech)?.unzip();
    let (fetcher, web_files) = web_files::start(&config.web_files, inboxes, &figures.web_files)?.unzip();
    let (listener, recognition) =
        recognition::start(&config.recognition, config.dns, inboxes, &figures.recognition)?.unzip();
    let (keeper, store) = tenant_store::start(&config.store, inboxes, &figures.store)?;
    let (asking, web) = web_requests::start(&config.web_requests, config.dns, inboxes, &figures.web_requests)?;
    let (desk, presence) = presence::start(inboxes, &figures.presence, speaking)?;
    let threads = AsideThreads {
        _threads: [speaker, fetcher, listener, Some(keeper), Some(asking), Some(desk)]
            .into_iter()
            .flatten()
            .collect(),
    };
    let ways = Aside {
        speech,
        web_files,
        recognition,
        store,
        web,
        presence,
    };
    Ok((threads, ways))
}

impl Aside {
    /// Asks for a text to be spoken, or says at once why it will not be. Never waits; nor do the others.
    pub(crate) fn speak(&self, asker: Asker, wanted: ToSpeak) -> Result<(), &'static str> {
        speech::speak(self.speech.as_ref(), asker, wanted)
    }

    /// Asks for a sound file of the web.
    pub(crate) fn fetch(&self, asker: Asker, wanted: ToFetch) -> Result<(), &'static str> {
        web_files::fetch(self.web_files.as_ref(), asker, wanted)
    }

    /// Asks for something in the store.
    pub(crate) fn store(&self, asker: Asker, wanted: ToStore) -> Result<(), &'static str> {
        self.store.ask(asker, wanted)
    }

    /// Asks a web server.
    pub(crate) fn ask_web(&self, asker: Asker, wanted: ToAsk) -> Result<(), NoRoom> {
        self.web.ask(asker, wanted)
    }

    /// Leaves a request to a web server.
    pub(crate) fn leave_web(&self, asker: Asker) {
        self.web.leave(asker);
    }

    /// Asks for what was said to be recognised.
    pub(crate) fn recognise(&self, asker: Asker, wanted: ToRecognise) -> Result<(), &'static str> {
        recognition::recognise(self.recognition.as_ref(), asker, wanted)
    }
}
