//! A conversation of two that survives transfers: the bridge, and what an office's phones ask for while it stands.

use crate::{Bridge, BridgeEnd, Dial, Interruption, Leg, Party, Result, TransferRequest};
use std::ops::Deref;

/// What a request for an attended transfer is refused with when the other conversation is gone (RFC 3891 section 3).
const NO_SUCH_CALL: u16 = 481;
/// What the asker is told if the runtime refused to dial.
const NOT_DONE: u16 = 500;
/// What the asker is told if the party it wanted to transfer is gone.
const PARTY_GONE: u16 = 487;

/// Why a conversation ended. First and second are the two at its end, which a transfer may have replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TalkEnd {
    /// The first party is gone.
    FirstLeft(Interruption),
    /// The second party is gone.
    SecondLeft(Interruption),
    /// The first party pressed the key that hangs up the second.
    Key,
    /// It took as long as it may.
    TimeLimit,
}

/// A party of a conversation: one the handler came with, or one a transfer brought.
enum Side<'a> {
    Given(&'a Leg),
    Brought(Leg),
}

impl Deref for Side<'_> {
    type Target = Leg;

    fn deref(&self) -> &Leg {
        match self {
            Side::Given(leg) => leg,
            Side::Brought(leg) => leg,
        }
    }
}

/// What a request for a transfer led to.
enum Transferred {
    /// This leg takes the place of the asker, who was hung up.
    To(Leg),
    /// Everything is as it was.
    Not,
    /// The party that was to be transferred left meanwhile.
    PartyLeft(Interruption),
}

impl Leg {
    /// Connects this leg with another until one of the two leaves, and carries out the transfers that their far ends ask
    /// for: the party that is transferred hears ringing until the new one answers, and the asker is hung up; if that
    /// fails, the asker is told why and the two talk on. A leg that is not answered yet is answered now. The longest time
    /// of `how` is that of the whole conversation.
    pub fn talk_with(&self, other: &Leg, how: Bridge) -> Result<TalkEnd> {
        let mut how = how.ask_for_transfers();
        let (mut first, mut second) = (Side::Given(self), Side::Given(other));
        loop {
            let bridged = first.bridge(&second, how.clone())?;
            let request = match bridged.ended_by {
                BridgeEnd::FirstLeft(why) => return Ok(TalkEnd::FirstLeft(why)),
                BridgeEnd::SecondLeft(why) => return Ok(TalkEnd::SecondLeft(why)),
                BridgeEnd::Key => return Ok(TalkEnd::Key),
                BridgeEnd::TimeLimit => return Ok(TalkEnd::TimeLimit),
                BridgeEnd::Stopped => unreachable!("only the handler stops a bridge, and it waits here"),
                BridgeEnd::Transfer(request) => request,
            };
            let first_asks = request.asked_by().same_as(&first);
            let (asker, party) = if first_asks {
                (&first, &second)
            } else {
                (&second, &first)
            };
            match carry_out(&request, asker, party)? {
                Transferred::To(new) if first_asks => first = Side::Brought(new),
                Transferred::To(new) => second = Side::Brought(new),
                Transferred::Not if asker.has_ended() => return Ok(left(first_asks, Interruption::HungUp)),
                Transferred::Not => {}
                Transferred::PartyLeft(why) => return Ok(left(!first_asks, why)),
            }
            if !take_off(&mut how.0.longest_ms, bridged.lasted_ms) {
                return Ok(TalkEnd::TimeLimit);
            }
        }
    }
}

/// Does what a far end asks for; what the asker is told says how it went.
fn carry_out(request: &TransferRequest, asker: &Leg, party: &Leg) -> Result<Transferred> {
    let transferred = if request.is_attended() {
        attended(request)?
    } else {
        blind(request, party)
    };
    if let Transferred::To(_) = transferred {
        asker.hang_up();
    }
    Ok(transferred)
}

/// To somebody the asker already talks to in another call.
fn attended(request: &TransferRequest) -> Result<Transferred> {
    match request.take() {
        Ok(leg) => {
            request.finish(200);
            Ok(Transferred::To(leg))
        }
        Err(error) if error.interruption().is_some() => Err(error),
        Err(_) => {
            request.refuse(NO_SUCH_CALL);
            Ok(Transferred::Not)
        }
    }
}

/// To somebody who is called now.
fn blind(request: &TransferRequest, party: &Leg) -> Transferred {
    request.accept();
    match party.dial(Dial::to(Party::from(request.destination()))) {
        Ok(outcome) => {
            request.finish(outcome.status());
            outcome.into_leg().map_or(Transferred::Not, Transferred::To)
        }
        Err(error) => match error.interruption() {
            Some(why) => {
                request.finish(PARTY_GONE);
                Transferred::PartyLeft(why)
            }
            None => {
                request.finish(NOT_DONE);
                Transferred::Not
            }
        },
    }
}

fn left(first: bool, why: Interruption) -> TalkEnd {
    if first {
        TalkEnd::FirstLeft(why)
    } else {
        TalkEnd::SecondLeft(why)
    }
}

/// Takes what a bridge lasted off the time that is left; false if none is.
fn take_off(longest_ms: &mut Option<u32>, lasted_ms: u64) -> bool {
    let Some(longest) = longest_ms else {
        return true;
    };
    *longest = longest.saturating_sub(u32::try_from(lasted_ms).unwrap_or(u32::MAX));
    *longest > 0
}

#[cfg(test)]
mod tests;
