//! Every limit the call machine holds a handler and a caller to, with its default.

use std::time::Duration;

/// Limits of one call. Over a limit the handler gets a typed error, or the call ends as the field says.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Legs of a call, ended ones included; a dialling that would need one more fails with `forbidden`, `take` with
    /// `limit(legs)`.
    pub legs: usize,
    /// Endpoints of one dialling; more are refused with `limit(endpoints)`.
    pub endpoints: usize,
    /// Further headers of one endpoint; more are refused with `limit(headers)`.
    pub headers: usize,
    /// How long a far end may take to carry out a transfer; then its outcome is unknown.
    pub refer: Duration,
    /// Operations alive at the same time; one more is refused with `limit(operations)`.
    pub operations: usize,
    /// Segments of one prompt; more are refused with `limit(prompt-segments)`.
    pub prompt_segments: usize,
    /// Bytes of all texts to be spoken in one prompt; more are refused with `limit(speech-bytes)`.
    pub speech_bytes: usize,
    /// Bytes of a name or other string a handler passes; more are refused with `limit(string-bytes)`.
    pub string_bytes: usize,
    /// Bytes of one log line; the rest of it is cut.
    pub log_line_bytes: usize,
    /// Bytes of log text in one call; further lines are dropped and counted.
    pub log_bytes: usize,
    /// Random bytes in one request; more are refused with `limit(random-bytes)`.
    pub random_bytes: u32,
    /// Keys kept between two collections; the oldest is dropped for a new one, and counted.
    pub pending_keys: usize,
    /// Recordings that run or are being kept at the same time; one more is refused with `limit(recordings)`.
    pub recordings_at_once: usize,
    /// Recordings of a call, ended ones included; one more is refused with `limit(recordings)`.
    pub recordings: usize,
    /// How long the last sound of a recording may be on its way, and then how long it may take to be kept; after that it
    /// counts as failed.
    pub recording_close: Duration,
    /// Streams that run at the same time; one more is refused with `limit(streams)`.
    pub streams_at_once: usize,
    /// Streams of a call, ended ones included; one more is refused with `limit(streams)`.
    pub streams: usize,
    /// Texts of a server that wait for the handler; one more takes the place of the oldest.
    pub stream_messages: usize,
    /// How long a stream that was told to end may take; then it counts as lost.
    pub stream_close: Duration,
    /// Rooms open at the same time; one more is refused with `limit(rooms)`.
    pub rooms: usize,
    /// Recognitions that run at the same time; one more is refused with `limit(recognitions)`.
    pub recognitions_at_once: usize,
    /// Recognitions of a call, ended ones included; one more is refused with `limit(recognitions)`.
    pub recognitions: usize,
    /// Final texts and gaps of a recognition that wait for the handler; one more takes the place of the oldest, and is counted.
    pub recognised_texts: usize,
    /// Operations on the store in one call; one more is refused with `limit(store-operations)`.
    pub store_operations: usize,
    /// How long the store may take for one; then it is `unavailable`.
    pub store_wait: Duration,
    /// Requests to web servers in one call; one more is refused with `limit(http-requests)`.
    pub http_requests: usize,
    /// Things that a handler tells those outside; one more is refused with `limit(reports)`.
    pub reports: usize,
    /// Webhooks that a handler subscribes; one more is refused with `limit(subscriptions)`.
    pub subscriptions: usize,
    /// Messages from outside that wait for the handler; one more is refused to whoever sends it.
    pub inbox_messages: usize,
    /// Requests about presence in one call; one more is refused with `limit(presence)`.
    pub presence_requests: usize,
    /// How long a leg may wait for an answer (RFC 3261 section 16.6 suggests three minutes); then it is refused and the
    /// handler is interrupted with `time-limit`.
    pub ring: Duration,
    /// Longest call; then it is interrupted with `time-limit`.
    pub call_duration: Duration,
    /// How long a handler may run on after its last leg ended; then it is stopped.
    pub clean_up: Duration,
    /// Longest the platform's announcement may take, answer included; then the leg is hung up.
    pub announcement: Duration,
    /// How long the end record waits for the media counters; then it is written without them.
    pub media_close: Duration,
}

/// Identities that a handler, or somebody by the API, asks about at once.
pub const PRESENCE_IDENTITIES: usize = 100;

/// Bytes of the body of a web server's answer; a longer one is `no-response(too-large)`.
pub const HTTP_ANSWER_BYTES: usize = 262_144;

impl Default for Limits {
    fn default() -> Self {
        Self {
            legs: 64,
            endpoints: 10,
            headers: 32,
            refer: Duration::from_secs(120),
            operations: 256,
            prompt_segments: 64,
            speech_bytes: 5_000,
            string_bytes: 65_536,
            log_line_bytes: 4_096,
            log_bytes: 65_536,
            random_bytes: 65_536,
            pending_keys: 64,
            recordings_at_once: 4,
            recordings: 64,
            recording_close: Duration::from_secs(10),
            streams_at_once: 4,
            streams: 64,
            rooms: 4,
            stream_messages: 64,
            stream_close: Duration::from_secs(5),
            recognitions_at_once: 4,
            recognitions: 64,
            recognised_texts: 64,
            store_operations: 1_000,
            http_requests: 100,
            reports: 1_000,
            subscriptions: 8,
            store_wait: Duration::from_secs(5),
            inbox_messages: 100,
            presence_requests: 1_000,
            ring: Duration::from_secs(3 * 60),
            call_duration: Duration::from_secs(4 * 3600),
            clean_up: Duration::from_secs(5),
            announcement: Duration::from_secs(30),
            media_close: Duration::from_secs(2),
        }
    }
}
