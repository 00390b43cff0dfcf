//! patchcord-host
