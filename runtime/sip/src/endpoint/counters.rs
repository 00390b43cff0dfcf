//! What an endpoint counts.

/// What happened so far, and what is alive now. Every field is one line of a metrics page, hence so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Well-formed requests received, retransmissions included.
    pub requests_received: u64,
    /// Requests sent for the first time.
    pub requests_sent: u64,
    /// Well-formed responses received by class: `[0]` is 1xx, `[5]` is 6xx.
    pub responses_received: [u64; 6],
    /// Responses sent for the first time by class.
    pub responses_sent: [u64; 6],
    /// Requests and responses received again and absorbed.
    pub retransmissions_received: u64,
    /// Messages sent again, by timer or because the peer repeated itself.
    pub retransmissions_sent: u64,
    /// Datagrams that were no acceptable message.
    pub malformed: u64,
    /// Well-formed messages that belong to nothing: stray ACKs and responses.
    pub strays: u64,
    /// Keep-alive datagrams.
    pub keep_alives: u64,
    /// Requests refused with 503 because a limit was reached.
    pub overload_refusals: u64,
    /// INVITEs refused with 503 because there was no time for a call, repetitions included.
    pub excess_calls: u64,
    /// Registrations refused with 503 because there was no time for them.
    pub excess_registrations: u64,
    /// Client transactions that got no final response in time.
    pub timeouts: u64,
    /// Ways that could not be used: no connection came about or it was lost.
    pub send_failures: u64,
    /// Requests given up because there was no other way.
    pub unreachable: u64,
    /// Transactions alive.
    pub transactions: usize,
    /// Dialogs alive, from INVITE to `Ended`.
    pub dialogs: usize,
}

impl Counters {
    /// Counts one response in `[u64; 6]` by its class.
    pub(crate) fn by_class(classes: &mut [u64; 6], status: u16) {
        let class = usize::from(status / 100).clamp(1, classes.len());
        classes[class - 1] += 1;
    }
}
