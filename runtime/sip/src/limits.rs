//! Every bound of this crate, with what happens when it is reached. Nothing here is tuned at run time except [`Limits`].

/// Bytes in one message. A longer datagram is dropped and counted as malformed (UDP cannot carry more than 65,535).
pub const MESSAGE_BYTES: usize = 64 * 1024;
/// Header fields in one message. One more and the message is malformed: a request is answered 400.
pub const HEADER_FIELDS: usize = 256;
/// Values of `Record-Route` kept as a dialog's route set. A request with more is answered 400.
pub const ROUTE_SET: usize = 32;
/// Timers fired by one `handle(Deadline)`. The rest stay due, so `wake_at` names a past instant and the caller returns.
pub const TIMERS_PER_CALL: usize = 1024;
/// Media descriptions in one SDP body. More is an [`crate::sdp::SdpError`].
pub const SDP_MEDIA: usize = 16;
/// Bytes in one SDP body. More is an [`crate::sdp::SdpError`].
pub const SDP_BYTES: usize = 16 * 1024;
/// Formats in one SDP media description. Further ones are ignored (the payload type space itself is 128).
pub const SDP_FORMATS: usize = 128;
/// Extra headers a caller may add to an outgoing INVITE. More is [`crate::DialogError::TooLarge`].
pub const EXTRA_HEADERS: usize = 64;
/// Forked 2xx answers to one INVITE that are acknowledged and hung up. Further ones are dropped and counted.
pub const FORKS: u8 = 16;
/// Reliable provisional responses that wait for the PRACK of the one before. One more is [`crate::DialogError::Full`].
pub const PROVISIONALS_QUEUED: usize = 8;
/// Keys that wait for the INFO before them to be answered. One more is [`crate::DialogError::Full`].
pub const KEYS_QUEUED: usize = 64;
/// Open transfers of one dialog. One more REFER is answered 486, and `refer` returns `Full`.
pub const REFERS_OPEN: usize = 8;
/// How often a change of ours that meets a change of the peer (491) is tried again before the user is told.
pub const GLARE_TRIES: u8 = 6;
/// Registrations of ours whose Call-ID is remembered. Further ones get a new Call-ID each time they are renewed.
pub const REGISTRATIONS: usize = 4096;
/// Calls refused for want of time whose repetitions get the same answer, for 64*T1. Above it the oldest is forgotten, and
/// a repetition of it is judged anew. It is some seconds of refusals of a busy core.
pub const EXCESS_CALLS_KEPT: usize = 32 * 1_024;
/// Whoever is refused for want of time is asked to come back after 1 to so many seconds, each at a time of its own.
pub const EXCESS_RETRY_MAX_S: u64 = 5;
/// How often one request is sent again with other credentials or another session interval.
pub const RETRIES: u8 = 8;
/// Challenges looked at in one 401 or 407. Further ones are ignored.
pub const CHALLENGES: usize = 16;
/// Fresh nonces in a row that a peer may call stale. One more and the credentials count as not taken.
pub const STALE_IN_A_ROW: u8 = 3;
/// Bytes in one challenge or answer field that is looked at. A longer one is ignored.
pub const CHALLENGE_BYTES: usize = 2048;
/// Parameters read of one challenge or answer. Further ones are ignored.
pub const DIGEST_PARAMS: usize = 32;
/// Nonces whose uses are remembered. Above it the oldest is forgotten, and nonces as old count as stale.
pub const NONCES_IN_USE: usize = 20_000;
/// Contacts of one user at once, and in one REGISTER. One more is refused with 403.
pub const CONTACTS_PER_USER: usize = 10;
/// Bindings of all users, unless configured otherwise. Above it a new one is refused with 503.
pub const BINDINGS: usize = 100_000;
/// Bytes in one Contact of a REGISTER. A longer one is answered 400.
pub const CONTACT_BYTES: usize = 1024;
/// Bytes in a device's name (`+sip.instance`). A longer one is ignored.
pub const INSTANCE_BYTES: usize = 256;
/// Bytes kept of a device's User-Agent. The rest is cut.
pub const USER_AGENT_BYTES: usize = 128;
/// Users whose bindings expire in one call. The rest stay due, so `wake_at` names a past instant and the caller returns.
pub const EXPIRIES_PER_CALL: usize = 1024;
/// Trusted peers of one gate. More is refused when configured.
pub const TRUSTED_PEERS: usize = 4096;
/// Users of one gate. More is refused when configured.
pub const USERS: usize = 1_000_000;
/// Addresses whose rate is watched, and addresses locked out. Above it those that did least are forgotten.
pub const SOURCES: usize = 20_000;
/// Bytes of header fields in a datagram that is worth a challenge: below it the answer would be several times as large.
pub const SMALLEST_CHALLENGED: usize = 250;
/// Questions asked to resolve one address. What was found until then is the result.
pub const RESOLVE_STEPS: usize = 64;
/// Places that one address resolves to. Further ones are left out.
pub const RESOLVE_TARGETS: usize = 16;
/// Bytes in a domain name. A longer one is not asked for.
pub const DNS_NAME_BYTES: usize = 253;
/// Answers of the domain name system that are remembered. Above it the one that ends first is forgotten.
pub const DNS_ANSWERS: usize = 10_000;

/// How much one endpoint may hold. Reaching a limit never harms what is already held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Transactions alive at once. One that is over is kept for 64*T1, so a call that is answered and hung up holds two for
    /// 32 s: the usual value is good for 2,500 such calls a second. Above it new requests get a stateless 503 with Retry-After (BYE is still obeyed).
    pub transactions: usize,
    /// Dialogs alive at once. Above it a new INVITE gets a stateless 503, and `invite` returns `Full`.
    pub dialogs: usize,
    /// Bytes in one datagram, at most [`MESSAGE_BYTES`]. Longer ones are dropped and counted.
    pub message_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            transactions: 160_000,
            dialogs: 10_000,
            message_bytes: MESSAGE_BYTES,
        }
    }
}
/// Subscriptions of one shard (RFC 6665). One more is refused with 503.
pub const SUBSCRIPTIONS: usize = 20_000;
/// Of these, of one user: a side car of keys with lamps. One more is refused with 403.
pub const SUBSCRIPTIONS_PER_USER: usize = 256;
