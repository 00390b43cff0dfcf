//! The pretend web: sound files that lie at addresses, and nothing anywhere else.

use super::answers::Answers;
use patchcord_media::Clip;
use patchcord_switch::{Query, ToFetch};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A file's sound, or why there is none.
type Sound = Result<Arc<Clip>, String>;

/// The web of a world, and the answers that are not due yet.
#[derive(Debug, Default)]
pub(super) struct Web {
    files: HashMap<String, (Arc<Clip>, Duration)>,
    pub(super) answers: Answers<Sound>,
}

impl Web {
    pub(super) fn put(&mut self, url: &str, clip: Arc<Clip>, after: Duration) {
        self.files.insert(url.to_owned(), (clip, after));
    }

    pub(super) fn ask(&mut self, now: Instant, query: Query, wanted: &ToFetch) {
        let (sound, after) = match self.files.get(wanted.url.reveal()) {
            Some((clip, after)) => (Ok(clip.clone()), *after),
            None => (Err("its server answered with 404".to_owned()), Duration::ZERO),
        };
        self.answers.give(now + after, query, sound);
    }
}
