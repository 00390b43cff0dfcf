//! Calling others: whom ([`Party`]), how ([`Dial`]), and what came of it ([`DialOutcome`]).

mod outcome;
mod party;

pub use party::Party;

use crate::bindings::patchcord::handler::dial::{self, CallerHears, CallerId, Options, Order, WhenBusy};
use crate::prompt::ms;
use crate::{DialOutcome, Dialing, Error, InvalidArgument, Leg, MachineDetection, Result};
use std::fmt;
use std::time::Duration;

const RING: Duration = Duration::from_secs(60);
const REDIRECTS: u8 = 2;

/// Whom to call and how. Without more words: for up to a minute, in the caller's name, the caller hears ringing, two
/// redirections are followed.
///
/// ```no_run
/// # use patchcord::prelude::*;
/// # fn handle(caller: Leg) -> Result<()> {
/// let outcome = caller.dial(Dial::number("+12025550100").ring_for(secs(20)).header("X-Ticket", "4711"))?;
/// let anybody = Dial::user("bob").or_together(Party::user("carol")).or_together(Party::number("+12025550101"));
/// let one_by_one = Dial::to(Party::user("bob").ring_for(secs(15))).then(Party::number("+12025550101").ring_for(secs(20)));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Dial {
    parties: Vec<Party>,
    headers: Vec<dial::Header>,
    options: Options,
    order: Chosen,
}

/// The order that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chosen {
    /// There is one party until now.
    NotYet,
    One(Order),
    /// Both were asked for, which no dialling can do.
    Both,
}

impl Dial {
    /// Calls this party.
    pub fn to(party: Party) -> Dial {
        Dial {
            parties: vec![party],
            headers: Vec::new(),
            options: Options {
                order: Order::Together,
                ring_ms: ms(RING),
                caller_id: CallerId::Caller,
                caller_name: None,
                caller_hears: CallerHears::Ringback,
                redirects: REDIRECTS,
                detect_machine: None,
                when_busy: WhenBusy::Ring,
            },
            order: Chosen::NotYet,
        }
    }

    /// Calls every phone registered for a user of this tenant.
    pub fn user(name: &str) -> Dial {
        Dial::to(Party::user(name))
    }

    /// Calls a number as one would dial it, through a trunk.
    pub fn number(number: &str) -> Dial {
        Dial::to(Party::number(number))
    }

    /// Calls a SIP address such as `sip:bob@example.com`.
    pub fn address(address: &str) -> Dial {
        Dial::to(Party::address(address))
    }

    /// Calls this party at the same time; the first to answer wins. Up to 10 parties. Not to be mixed with
    /// [`Dial::then`]: such a dialling is refused with [`Error::Invalid`].
    pub fn or_together(self, party: Party) -> Dial {
        self.and(party, Order::Together)
    }

    /// Calls this party if those before did not answer. Up to 10 parties. Not to be mixed with [`Dial::or_together`]: such
    /// a dialling is refused with [`Error::Invalid`].
    pub fn then(self, party: Party) -> Dial {
        self.and(party, Order::InTurn)
    }

    fn and(mut self, party: Party, order: Order) -> Dial {
        self.parties.push(party);
        self.options.order = order;
        self.order = match self.order {
            Chosen::NotYet => Chosen::One(order),
            Chosen::One(before) if before == order => Chosen::One(order),
            Chosen::One(_) | Chosen::Both => Chosen::Both,
        };
        self
    }

    /// How long the whole may take, 1 s to 10 minutes.
    pub fn ring_for(mut self, time: Duration) -> Dial {
        self.options.ring_ms = ms(time);
        self
    }

    /// A header of the request to every party; up to 32 for each, its own included.
    pub fn header(mut self, name: &str, value: &str) -> Dial {
        self.headers.push(party::header(name, value));
        self
    }

    /// The caller hears what the called network sends, ringing until it does.
    pub fn early_media(mut self) -> Dial {
        self.options.caller_hears = CallerHears::EarlyMedia;
        self
    }

    /// Nothing is said to the caller or changed of what it hears.
    pub fn unheard(mut self) -> Dial {
        self.options.caller_hears = CallerHears::Unchanged;
        self
    }

    /// The call is said to be from this number, which must be the tenant's own or verified.
    pub fn caller_id(mut self, number: &str) -> Dial {
        self.options.caller_id = CallerId::Number(number.to_owned());
        self
    }

    /// The call is from nobody (RFC 3323).
    pub fn anonymous(mut self) -> Dial {
        self.options.caller_id = CallerId::Anonymous;
        self
    }

    /// The name shown beside the caller's number, up to 128 bytes.
    pub fn caller_name(mut self, name: &str) -> Dial {
        self.options.caller_name = Some(name.to_owned());
        self
    }

    /// Leaves the telephones of users alone that are in a call. Without this they ring too (call waiting). Whoever asked not to be
    /// disturbed is never rung.
    #[must_use]
    pub fn skip_busy(mut self) -> Dial {
        self.options.when_busy = WhenBusy::Skip;
        self
    }

    /// How many redirections are followed, 0 to 5.
    pub fn redirects(mut self, most: u8) -> Dial {
        self.options.redirects = most;
        self
    }

    /// Finds out whether a person or a machine answered, and gives the answer only then.
    pub fn detect_machine(self) -> Dial {
        self.detect_machine_by(MachineDetection::default())
    }

    /// The same with other times, or to the end of a machine's greeting.
    pub fn detect_machine_by(mut self, how: MachineDetection) -> Dial {
        self.options.detect_machine = Some(how);
        self
    }

    /// Calls without a caller who would hear it, and waits until somebody answers or all have failed.
    pub fn without_caller(self) -> Result<DialOutcome> {
        let (endpoints, options) = self.parts()?;
        dial::dial(None, &endpoints, &options)
    }

    /// The same, at once. Dropping the result cancels it.
    pub fn start_without_caller(self) -> Result<Dialing> {
        let (endpoints, options) = self.parts()?;
        dial::start(None, &endpoints, &options)
    }

    /// What the contract calls it.
    fn parts(self) -> Result<(Vec<dial::Endpoint>, Options)> {
        if self.order == Chosen::Both {
            return Err(Error::Invalid(InvalidArgument {
                argument: "options.order".to_owned(),
                reason: "parties are called together or in turn; for one after the other, dial twice".to_owned(),
            }));
        }
        let headers = self.headers;
        let endpoints = self.parties.into_iter().map(|party| party.endpoint(&headers));
        Ok((endpoints.collect(), self.options))
    }
}

/// Without numbers, names and secrets, so that it can be logged.
impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial")
            .field("parties", &self.parties)
            .field("order", &self.order)
            .field("ring_ms", &self.options.ring_ms)
            .finish_non_exhaustive()
    }
}

impl Leg {
    /// Calls others and waits until one answers or all have failed; this leg hears ringing or early media meanwhile, and if
    /// it ends, so does the dialling. The new leg hears nothing yet: play to it, gather from it, then bridge it.
    pub fn dial(&self, what: Dial) -> Result<DialOutcome> {
        let (endpoints, options) = what.parts()?;
        dial::dial(Some(self), &endpoints, &options)
    }

    /// Starts calling and returns at once. Dropping the result cancels it.
    pub fn start_dial(&self, what: Dial) -> Result<Dialing> {
        let (endpoints, options) = what.parts()?;
        dial::start(Some(self), &endpoints, &options)
    }
}

#[cfg(test)]
mod tests;
