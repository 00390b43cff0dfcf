//! Sound that is played before it is there: a text that is still being spoken. Whoever makes it and the session that plays
//! it hold a handle each; nobody waits for anybody.

use crate::Clip;
use std::sync::{Arc, OnceLock};

/// A clip that comes later, once. Until then whoever plays it plays silence in its place.
#[derive(Debug, Clone, Default)]
pub struct Coming(Arc<OnceLock<Arc<Clip>>>);

impl Coming {
    /// It is there. The first one stays.
    pub fn is_here(&self, clip: Arc<Clip>) {
        // A second one would be a second answer to one question: what plays already goes on.
        let _ = self.0.set(clip);
    }

    /// The clip, if it is there.
    pub(crate) fn clip(&self) -> Option<&Clip> {
        self.0.get().map(|clip| &**clip)
    }
}
