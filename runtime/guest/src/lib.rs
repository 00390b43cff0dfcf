//! patchcord-guest
