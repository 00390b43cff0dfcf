//! Connecting two legs.

use crate::bindings::patchcord::handler::bridge::{self, Keys, Options, Transfers};
use crate::key::named;
use crate::prompt::ms;
use crate::{Bridged, Bridging, Leg, Prompt, Result};
use std::time::Duration;

/// How two legs are connected. Without more words: until one of them leaves, keys pass, transfers are refused, and a leg
/// that the other puts on hold hears nothing.
#[derive(Debug, Clone)]
pub struct Bridge(pub(crate) Options);

impl Default for Bridge {
    fn default() -> Self {
        Self(Options {
            hang_up_on: None,
            longest_ms: None,
            keys: Keys::Pass,
            transfers: Transfers::Refuse,
            hold_music: None,
        })
    }
}

impl Bridge {
    /// This key, pressed on the first leg, hangs up the second: 0 to 9, `*`, `#`, A to D.
    ///
    /// # Panics
    /// If there is no such key on a telephone.
    pub fn hang_up_on(mut self, key: char) -> Bridge {
        self.0.hang_up_on = Some(named(key));
        self
    }

    /// The longest time, up to 24 hours.
    pub fn longest(mut self, time: Duration) -> Bridge {
        self.0.longest_ms = Some(ms(time));
        self
    }

    /// Keys of one leg are not heard by the other.
    pub fn keep_keys(mut self) -> Bridge {
        self.0.keys = Keys::Keep;
        self
    }

    /// A far end that asks for a transfer ends the bridge, which gives the request. [`Leg::talk_with`] carries them out.
    pub fn ask_for_transfers(mut self) -> Bridge {
        self.0.transfers = Transfers::Ask;
        self
    }

    /// What a leg hears, again and again, while the other has put it on hold.
    pub fn hold_music(mut self, music: Prompt) -> Bridge {
        self.0.hold_music = Some(music.0);
        self
    }
}

impl Leg {
    /// Connects this leg with another and waits until that ends. A leg that is not answered yet is answered now.
    pub fn bridge(&self, other: &Leg, how: Bridge) -> Result<Bridged> {
        bridge::bridge(self, other, &how.0)
    }

    /// Connects two legs and returns at once. Dropping the result ends the bridge; the legs stay.
    pub fn start_bridge(&self, other: &Leg, how: Bridge) -> Result<Bridging> {
        bridge::start(self, other, &how.0)
    }
}
