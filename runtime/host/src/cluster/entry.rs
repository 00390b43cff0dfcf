//! What a node says of itself to the others: what it has, and how busy it is.

use crate::figures::Figures;
use crate::node::NodeConfig;
use crate::speech::VoiceConfig;
use bytes::Bytes;
use patchcord_control::call::Listens;
use patchcord_sip::Transport;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// An entry of the registry of nodes. Fields may be added; who does not know them goes without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Of the program.
    pub(crate) version: String,
    /// Words for what it has: `clients`, `record`, `recognise`, `say:` and a language, `codec:` and a name, `trunk:` and a name.
    pub(crate) capabilities: Vec<String>,
    /// Calls now.
    pub(crate) calls: u64,
    /// Calls at the same time at most.
    pub(crate) capacity: u64,
    /// Whether it takes no new ones any more.
    pub(crate) draining: bool,
    /// Its door for the SIP of other nodes, over mutual TLS: its certificate is in the name of the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sip: Option<SocketAddr>,
}

impl Entry {
    pub(crate) fn of(config: &NodeConfig, figures: &Figures, sip: Option<SocketAddr>) -> Self {
        let websockets = |door: &crate::doors::Door| matches!(door.transport, Transport::Ws | Transport::Wss);
        let mut capabilities: Vec<String> = Vec::new();
        let mut has = |there: bool, word: &str| capabilities.extend(there.then(|| word.to_owned()));
        has(
            config.media.browsers.is_some() && config.sip.doors.iter().any(websockets),
            "clients",
        );
        has(config.recordings.is_some(), "record");
        has(config.recognition.listens() != Listens::Never, "recognise");
        let speaks = !matches!(config.speech.voice, VoiceConfig::Nobody);
        has(speaks, &format!("say:{}", config.speech.language));
        let codecs = config.media.codecs.iter();
        capabilities.extend(codecs.map(|codec| format!("codec:{}", codec.name())));
        capabilities.extend(
            config
                .trunks
                .iter()
                .map(|trunk| format!("trunk:{}", trunk.machine.name)),
        );
        let entry = Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities,
            calls: 0,
            capacity: config.calls as u64,
            draining: false,
            sip,
        };
        entry.as_of(figures)
    }

    /// The same as it is now.
    pub(super) fn as_of(&self, figures: &Figures) -> Self {
        Self {
            calls: figures.sum(|shard| &shard.calls),
            draining: figures.draining.get() == 1,
            ..self.clone()
        }
    }

    /// As others read it.
    pub(crate) fn bytes(&self) -> Bytes {
        serde_json::to_vec(self).expect("words and numbers are JSON").into()
    }

    /// What another node has said; none if it is of a program that says something else.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
