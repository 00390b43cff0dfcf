//! patchcord-media
