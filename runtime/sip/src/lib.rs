//! patchcord-sip
