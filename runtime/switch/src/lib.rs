//! patchcord-switch
