//! What the refusal of an outbound call means: its class for the handler, and whether another trunk is tried. From the
//! final SIP status (RFC 3261 section 21, RFC 8197, RFC 8688) and, where the Reason header names one, the Q.850 cause
//! behind it (RFC 3326; the meaning of causes after RFC 3398 section 7.2.4.1). Not how a header is read.

/// Why an outbound call was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutcomeClass {
    /// The callee is in another call.
    Busy,
    /// The callee was there and did not answer.
    NoAnswer,
    /// The callee does not want this call.
    Declined,
    /// There is no such callee.
    NotFound,
    /// The callee cannot be reached now.
    Unavailable,
    /// We, or this caller id, may not call there.
    Forbidden,
    /// A network between us and the callee has no way or no room, or blocks the call.
    RejectedByNetwork,
    /// Something broke, or the two ends have nothing in common.
    Failed,
}

/// How an attempt over one trunk failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// A final response.
    Status {
        /// From 300 to 699.
        status: u16,
        /// The Q.850 cause of its Reason header.
        cause: Option<u8>,
    },
    /// No response at all in time (RFC 3261 timer B).
    NoResponse,
    /// No connection, or no address.
    Unreachable,
    /// A limit of this trunk on our side.
    TrunkFull,
}

/// Whom an attempt has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reached {
    /// Nobody, as far as we know.
    Nobody,
    /// The callee rang (180, or 183 with sound): dialling again elsewhere would ring twice.
    Callee,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Next {
    /// Try the next trunk, if there is one.
    TryNext,
    /// The call has its outcome.
    End,
}

/// The class of a failure.
pub fn classify(failure: Failure) -> OutcomeClass {
    match failure {
        Failure::Status { status, cause } => {
            let of_cause = cause
                .filter(|_| !is_final_word(status))
                .and_then(|cause| by_cause(cause, status));
            of_cause.unwrap_or_else(|| by_status(status))
        }
        Failure::NoResponse | Failure::Unreachable => OutcomeClass::Failed,
        Failure::TrunkFull => OutcomeClass::RejectedByNetwork,
    }
}

/// Whether another trunk may do better. It may when the fault is this trunk's: it gave no answer, no room, no way, or
/// rejected our credentials. It will not when the callee or the number decided, and never once the callee rang.
pub fn after_failure(failure: Failure, reached: Reached) -> Next {
    if reached == Reached::Callee {
        return Next::End;
    }
    let Failure::Status { status, cause } = failure else {
        return Next::TryNext;
    };
    let decided_by_cause = cause.is_some_and(|cause| by_cause(cause, status).is_some()) && !is_final_word(status);
    let of_trunk = match classify(failure) {
        OutcomeClass::RejectedByNetwork => status != 608,
        OutcomeClass::Failed => matches!(status, 430 | 500..=599),
        OutcomeClass::NoAnswer => status == 408 && !decided_by_cause,
        OutcomeClass::Forbidden => matches!(status, 401 | 407),
        OutcomeClass::Unavailable => matches!(status, 500..=599) && !decided_by_cause,
        OutcomeClass::Busy | OutcomeClass::Declined | OutcomeClass::NotFound => false,
    };
    if of_trunk { Next::TryNext } else { Next::End }
}

/// Statuses that say it all, whatever a gateway wrote behind them; a 6xx speaks for all the places a callee may be.
fn is_final_word(status: u16) -> bool {
    matches!(status, 401 | 407 | 486 | 600..=699)
}

fn by_status(status: u16) -> OutcomeClass {
    match status {
        486 | 600 => OutcomeClass::Busy,
        // 487 unasked: something on the way gave up waiting.
        408 | 487 => OutcomeClass::NoAnswer,
        603 | 607 => OutcomeClass::Declined,
        404 | 410 | 416 | 484 | 485 | 604 => OutcomeClass::NotFound,
        // A redirection that is not followed.
        300..=399 | 480 => OutcomeClass::Unavailable,
        // Payment, credentials, anonymity and identity (RFC 5079, RFC 8224).
        401 | 402 | 403 | 407 | 428 | 433 | 436 | 437 | 438 => OutcomeClass::Forbidden,
        503 | 608 => OutcomeClass::RejectedByNetwork,
        _ => OutcomeClass::Failed,
    }
}

/// The class of a Q.850 cause; none if it says nothing that the status does not say better.
fn by_cause(cause: u8, status: u16) -> Option<OutcomeClass> {
    match cause {
        // Unallocated, special information tone, misdialled trunk prefix, number changed, not selected, invalid format.
        1 | 4 | 5 | 22 | 26 | 28 => Some(OutcomeClass::NotFound),
        // No route to the transit network or the destination.
        2 | 3 => Some(OutcomeClass::RejectedByNetwork),
        17 => Some(OutcomeClass::Busy),
        // No user responding, no answer from the user.
        18 | 19 => Some(OutcomeClass::NoAnswer),
        // Subscriber absent, redirection, destination out of order.
        20 | 23 | 27 => Some(OutcomeClass::Unavailable),
        // Call rejected: with 403 by a network, else by the user.
        21 if status == 403 => Some(OutcomeClass::Forbidden),
        21 => Some(OutcomeClass::Declined),
        // Facility rejected, no circuit, network out of order, temporary failure, congestion, channel, resources,
        // bearer or service not available.
        29 | 34 | 38 | 41 | 42 | 44 | 47 | 58 | 63 => Some(OutcomeClass::RejectedByNetwork),
        // Not subscribed, barred, bearer not authorised, not a member of the group.
        50 | 52..=55 | 57 | 87 => Some(OutcomeClass::Forbidden),
        // Bearer or service not implemented, incompatible destination.
        65 | 69 | 70 | 79 | 88 => Some(OutcomeClass::Failed),
        // Normal clearing, unspecified, timers, protocol errors, interworking.
        _ => None,
    }
}
