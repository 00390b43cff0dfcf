//! The transport of a browser's media, without I/O or clock: ICE and DTLS, up to the keys of SRTP. Encrypted packets are named and go
//! past; SRTP, RTP and SDP are elsewhere.
//!
//! [`Peer`] is one browser, [`Port`] all of one set of sockets. Both have the shape of every core here: one input, then `poll` until it
//! is empty, then `wake_at`. DTLS and media are taken only from where ICE has proved the far end to be. [`limits`] has every limit.
//!
//! # Whose code
//! **ICE and STUN are our own.** Of the libraries we read, `rtc-ice` 0.21 brings mDNS, serde, uuid and its own chance; `is` 0.12 (the agent
//! of str0m) is close to what is here, but does not keep consent as RFC 7675 has it, does not say of a path that it was proved, which is
//! what everything else hangs on, and its queues and forged messages have no limit. What we need of it is a state machine of 900 lines.
//!
//! **DTLS is `dimpl` 0.9**, which str0m uses: no clock, no socket, no unsafe code, bounded queues, 1.2 and 1.3, and the cryptography is
//! given to it. `rtc-dtls` 0.21 has 1.2 only, reads the wall clock, and brings forty crates, among them a serialiser and two readers of
//! certificates. What `dimpl` cannot do: leave a protection profile out (it prefers AES-GCM, so SRTP has to have it), be told its chance
//! in full ([`Identity::generate`]), RSA certificates (no browser makes them unasked).

mod budget;
mod candidate;
mod credentials;
mod dtls;
mod ice;
pub mod limits;
mod path;
mod peer;
mod port;
mod random;
mod stun;
mod tcp_frames;

pub use candidate::{Candidate, CandidateKind, TcpType};
pub use credentials::{Credentials, Fingerprint, TextError};
pub use dtls::{Identity, IdentityError, Keys, MasterKey, Setup, SrtpProfile};
pub use ice::{IceMode, State};
pub use path::{Kind, Path, Transport};
pub use peer::{Closed, Input, Output, Peer, Refused, Remote, Settings, Side};
pub use port::{Arrival, DropCounts, Dropped, Full, PeerId, Port, PortSettings};
pub use tcp_frames::{BadFrame, Frames};

#[cfg(test)]
mod tests;
