//! patchcord-sim
