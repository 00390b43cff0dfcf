//! Every limit of this crate, with what happens when it is reached, and every time that it waits.

use std::time::Duration;

/// Candidates that one peer may have for us; more are refused (`Refused::TooManyCandidates`). A browser has about a dozen.
pub const REMOTE_CANDIDATES: usize = 40;
/// Candidates that we may have for one peer; more are refused (`Refused::TooManyCandidates`).
pub const LOCAL_CANDIDATES: usize = 16;
/// Pairs of a peer that may be checked (RFC 8445 section 6.1.2.5). When there are as many, one that failed, else the least wanted that
/// is not in use, makes room for a better one.
pub const PAIRS: usize = 64;
/// Fingerprints that one description may have; more are refused.
pub const FINGERPRINTS: usize = 8;
/// Checks of a peer that may be signed wrongly in a second; what comes on from places that are not validated is not looked at until the
/// second is over.
pub const FORGERIES_A_SECOND: u32 = 50;
/// Largest STUN message that is read, and DTLS datagram; larger ones are dropped.
pub const DATAGRAM_BYTES: usize = 2_048;

/// Peers of a port, if its settings do not say otherwise; one more is refused (`AddError::Full`).
pub const PEERS: usize = 10_000;
/// Handshakes of a port that go on at once, if its settings do not say otherwise; a peer that comes then waits its turn.
pub const HANDSHAKES: usize = 256;
/// Datagrams of no known peer that a port looks into in a second, if its settings do not say otherwise; more are dropped by their
/// address alone.
pub const STRANGERS_A_SECOND: u32 = 20_000;
/// Peers whose deadline is seen to in one go; the others follow in the next, at once.
pub const DEADLINES_AT_ONCE: usize = 64;

/// Between two checks of one peer (Ta, RFC 8445 section 14.2).
pub const PACE: Duration = Duration::from_millis(50);
/// Before a check is repeated for the first time (RFC 8445 section 14.3); then twice as long each time, up to [`LONGEST_REPETITION`].
pub const FIRST_REPETITION: Duration = Duration::from_millis(500);
/// Longest wait between two repetitions. RFC 8489 lets it grow to 16 s; a browser's firewall opens with the far end's own check, so what
/// is asked again soon is answered soon.
pub const LONGEST_REPETITION: Duration = Duration::from_secs(2);
/// How often a check is sent before its pair has failed (Rc, RFC 8489 section 6.2.1).
pub const REPETITIONS: u32 = 7;
/// How long ICE tries before it has failed: candidates may come that late (RFC 8863).
pub const PATIENCE: Duration = Duration::from_millis(39_500);
/// How long the side that nominates waits for a better pair after it has a first one.
pub const NOMINATION_WAIT: Duration = Duration::from_millis(250);
/// Between two questions whether the far end still consents, give or take a fifth (RFC 7675 section 5.1).
pub const CONSENT_INTERVAL: Duration = Duration::from_secs(5);
/// Without a sign of the far end for so long a peer is disconnected: two questions in a row had no answer.
pub const SILENT: Duration = Duration::from_secs(12);
/// Without consent for so long nothing more is sent, and the peer has failed until ICE is restarted (RFC 7675 section 5.1).
pub const CONSENT_LASTS: Duration = Duration::from_secs(30);
/// How long a handshake may take from the moment it may begin; then the peer is closed.
pub const HANDSHAKE: Duration = Duration::from_secs(30);
/// Before a flight of the handshake is repeated for the first time. RFC 9147 says a second where nothing is known of the path; ICE has
/// just crossed it.
pub(crate) const FLIGHT_REPETITION: Duration = Duration::from_millis(200);
/// How often a flight is repeated; the handshake's own end comes first.
pub(crate) const FLIGHT_REPETITIONS: usize = 10;
/// Largest datagram that the handshake sends.
pub(crate) const HANDSHAKE_MTU: usize = 1_200;
