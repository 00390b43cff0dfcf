//! The handshake that agrees on SRTP's keys (DTLS-SRTP, RFC 5764), by `dimpl`. What it does not do is done here: the far end's
//! certificate is compared with the fingerprint of its description (RFC 8122) before anything is believed, and keys are sorted by
//! direction. Which datagrams may come here at all is decided by ICE.
//!
//! As the side that waits for the other's hello we take 1.3 and 1.2. As the side that says hello we offer 1.2, which every browser has to
//! have (RFC 8827 section 6.5): `dimpl` gives up if the first answer to a hello for both is out of order.

mod certificate;
mod identity;
mod provider;

pub use identity::{Identity, IdentityError};

use crate::credentials::Fingerprint;
use crate::limits;
use dimpl::{Dtls, Output};
use std::fmt;
use std::time::Instant;

/// Who says hello (`a=setup`, RFC 4145): ours once both descriptions are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// We do.
    Active,
    /// The far end does.
    Passive,
}

/// How packets are protected (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SrtpProfile {
    /// `SRTP_AES128_CM_HMAC_SHA1_80`: key of 16 bytes, salt of 14.
    Aes128CmSha1Tag80,
    /// `SRTP_AEAD_AES_128_GCM`: key of 16 bytes, salt of 12.
    AeadAes128Gcm,
    /// `SRTP_AEAD_AES_256_GCM`: key of 32 bytes, salt of 12.
    AeadAes256Gcm,
}

/// A master key with its salt behind it, as long as the profile says. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Vec<u8>);

/// What the handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// For both directions.
    pub profile: SrtpProfile,
    /// Of what we send.
    pub send: MasterKey,
    /// Of what we receive.
    pub receive: MasterKey,
}

/// What came of the handshake.
#[derive(Debug)]
pub(super) enum Event {
    /// To be sent.
    Datagram(Vec<u8>),
    /// It is done, with who we wanted.
    Keys(Keys),
    /// It is over.
    Over(HandshakeEnd),
}

/// Why it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HandshakeEnd {
    /// The certificate is not the one of the description.
    WrongFingerprint,
    /// The far end said goodbye.
    Goodbye,
    /// It came to nothing.
    Broken,
}

/// One handshake.
pub(super) struct Handshake {
    dtls: Dtls,
    setup: Setup,
    expected: Vec<Fingerprint>,
    is_trusted: bool,
    is_connected: bool,
    keys: Option<Keys>,
    wake_at: Option<Instant>,
    /// Where datagrams are written.
    room: Vec<u8>,
    is_over: bool,
}

impl Handshake {
    pub(super) fn new(now: Instant, identity: &Identity, setup: Setup, expected: Vec<Fingerprint>) -> Self {
        let (config, certificate) = (identity.config(), identity.certificate());
        let dtls = match setup {
            Setup::Passive => Dtls::new_auto(config, certificate, now),
            Setup::Active => {
                let mut dtls = Dtls::new_12(config, certificate, now);
                dtls.set_active(true);
                dtls
            }
        };
        Self {
            dtls,
            setup,
            expected,
            is_trusted: false,
            is_connected: false,
            keys: None,
            wake_at: None,
            room: vec![0; limits::HANDSHAKE_MTU],
            is_over: false,
        }
    }

    /// A datagram; what is not right in it is passed over, or ends the handshake.
    pub(super) fn receive(&mut self, now: Instant, bytes: &[u8], tell: impl FnMut(Event)) {
        let result = match self.dtls.handle_timeout(now) {
            Ok(()) => self.dtls.handle_packet(bytes),
            failed => failed,
        };
        self.drain(now, result, tell);
    }

    /// Does what is due.
    pub(super) fn settle(&mut self, now: Instant, tell: impl FnMut(Event)) {
        let result = self.dtls.handle_timeout(now);
        self.drain(now, result, tell);
    }

    /// Says goodbye.
    pub(super) fn close(&mut self, now: Instant, tell: impl FnMut(Event)) {
        let result = self.dtls.close();
        self.drain(now, result, tell);
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.wake_at.filter(|_| !self.is_over)
    }

    fn drain(&mut self, now: Instant, result: Result<(), dimpl::Error>, mut tell: impl FnMut(Event)) {
        self.wake_at = None;
        let mut end = None;
        // A turn of the machine gives a flight at most, which its own limits bound; the count is there in case it is wrong.
        for _ in 0..256 {
            match self.dtls.poll_output(&mut self.room) {
                Output::Packet(bytes) => tell(Event::Datagram(bytes.to_vec())),
                Output::BufferTooSmall { needed } => self.room.resize(needed, 0),
                Output::Timeout(at) => {
                    // Years away is how it says never.
                    self.wake_at = Some(at).filter(|at| *at < now + 2 * limits::HANDSHAKE);
                    break;
                }
                Output::PeerCert(certificate) => {
                    self.is_trusted = self.expected.iter().any(|expected| expected.fits(certificate));
                    if !self.is_trusted {
                        end = Some(HandshakeEnd::WrongFingerprint);
                    }
                }
                Output::KeyingMaterial(material, profile) => {
                    self.keys = sorted(&material, profile, self.setup);
                }
                Output::Connected => self.is_connected = true,
                Output::CloseNotify => end = Some(HandshakeEnd::Goodbye),
                // There is no data channel.
                _ => {}
            }
            if end.is_some() {
                break;
            }
        }
        if self.is_over {
            return;
        }
        if self.is_connected
            && self.is_trusted
            && end.is_none()
            && let Some(keys) = self.keys.take()
        {
            tell(Event::Keys(keys));
        }
        if let Some(end) = end.or(result.err().map(|_| HandshakeEnd::Broken)) {
            self.is_over = true;
            tell(Event::Over(end));
        }
    }
}

/// The client's and the server's key, then their salts (RFC 5764 section 4.2), by direction.
fn sorted(material: &[u8], profile: dimpl::SrtpProfile, setup: Setup) -> Option<Keys> {
    let (profile, key, salt) = match profile {
        dimpl::SrtpProfile::AES128_CM_SHA1_80 => (SrtpProfile::Aes128CmSha1Tag80, 16, 14),
        dimpl::SrtpProfile::AEAD_AES_128_GCM => (SrtpProfile::AeadAes128Gcm, 16, 12),
        dimpl::SrtpProfile::AEAD_AES_256_GCM => (SrtpProfile::AeadAes256Gcm, 32, 12),
        _ => return None,
    };
    let (keys, salts) = material
        .split_at_checked(2 * key)
        .filter(|(_, salts)| salts.len() == 2 * salt)?;
    let of = |side: usize| MasterKey([&keys[side * key..][..key], &salts[side * salt..][..salt]].concat());
    let (client, server) = (of(0), of(1));
    let (send, receive) = match setup {
        Setup::Active => (client, server),
        Setup::Passive => (server, client),
    };
    Some(Keys { profile, send, receive })
}

impl MasterKey {
    /// Key, then salt.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(<secret>)")
    }
}

#[cfg(test)]
mod tests;
