//! Leases by number: a wheel of seconds. To begin, renew or end one costs the same however many there are, and nothing is looked
//! at before it is due. Not here: what a lease is of.

use std::time::{Duration, Instant};

/// Seconds that the wheel tells apart; what is due later is looked at once in each turn.
const TURN: u32 = 4_096;
/// No number.
const NONE: u32 = u32::MAX;
/// The list of those that are looked at now; the others are one for each second of a turn.
const TAKEN: usize = TURN as usize;

/// A lease, in the list of the second at which it is looked at.
#[derive(Debug, Clone, Copy)]
struct Link {
    previous: u32,
    next: u32,
    /// The second at which it runs out.
    until: u32,
    /// Which list it is in; [`NONE`]: in none.
    list: u32,
}

const UNLINKED: Link = Link {
    previous: NONE,
    next: NONE,
    until: 0,
    list: NONE,
};

/// The leases.
#[derive(Debug)]
pub(crate) struct Wheel {
    origin: Instant,
    /// The last second that was looked at.
    at: u32,
    heads: Vec<u32>,
    /// A bit for each list with something in it.
    filled: [u64; TURN as usize / 64],
    links: Vec<Link>,
}

impl Wheel {
    /// One without leases, of somebody for whom no time before `now` exists.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            origin: now,
            at: 0,
            heads: vec![NONE; TURN as usize + 1],
            filled: [0; TURN as usize / 64],
            links: Vec::new(),
        }
    }

    /// The lease of this number runs out then, at the full second after, whatever was said before.
    pub(crate) fn set(&mut self, id: u32, until: Instant) {
        let wanted = self.second_after(until).max(self.at.saturating_add(1));
        if self.links.len() <= id as usize {
            self.links.resize(id as usize + 1, UNLINKED);
        }
        let link = &mut self.links[id as usize];
        link.until = wanted;
        let list = link.list;
        // One that is looked at earlier is moved then: so a renewal is one number that changes.
        if list != NONE && self.comes_at(list) <= wanted {
            return;
        }
        self.unlink(id);
        self.link(id, wanted % TURN);
    }

    /// There is no such lease any more. Nothing happens if there was none.
    pub(crate) fn clear(&mut self, id: u32) {
        if self.links.get(id as usize).is_some_and(|link| link.list != NONE) {
            self.unlink(id);
        }
    }

    /// When a lease runs out; none if there is no such lease.
    pub(crate) fn until(&self, id: u32) -> Option<Instant> {
        let link = self.links.get(id as usize).filter(|link| link.list != NONE)?;
        Some(self.moment(link.until))
    }

    /// The next lease that ran out: from then on it is none.
    pub(crate) fn expired(&mut self, now: Instant) -> Option<u32> {
        let target = u32::try_from(now.saturating_duration_since(self.origin).as_secs()).unwrap_or(u32::MAX - 1);
        loop {
            while let Some(id) = self.head(TAKEN) {
                self.unlink(id);
                let until = self.links[id as usize].until;
                if until <= self.at {
                    return Some(id);
                }
                self.link(id, until % TURN);
            }
            let next = self.next_filled().filter(|second| *second <= target);
            let Some(second) = next else {
                self.at = self.at.max(target);
                return None;
            };
            self.at = second;
            self.take(second % TURN);
        }
    }

    /// When [`Wheel::expired`] is to be asked: it may have nothing to say then.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        match self.head(TAKEN) {
            Some(_) => Some(self.moment(self.at)),
            None => self.next_filled().map(|second| self.moment(second)),
        }
    }

    fn moment(&self, second: u32) -> Instant {
        self.origin + Duration::from_secs(u64::from(second))
    }

    fn second_after(&self, moment: Instant) -> u32 {
        let since = moment.saturating_duration_since(self.origin);
        let seconds = since.as_secs() + u64::from(since.subsec_nanos() > 0);
        u32::try_from(seconds).unwrap_or(u32::MAX - 1)
    }

    fn head(&self, list: usize) -> Option<u32> {
        Some(self.heads[list]).filter(|id| *id != NONE)
    }

    /// The second at which a list is looked at next.
    fn comes_at(&self, list: u32) -> u32 {
        match list as usize == TAKEN {
            true => self.at,
            false => {
                let first = self.at + 1;
                first + (list + TURN - first % TURN) % TURN
            }
        }
    }

    /// The next second with something to look at.
    fn next_filled(&self) -> Option<u32> {
        let first = self.at + 1;
        let (word, bit) = ((first % TURN) as usize / 64, first % 64);
        let words = self.filled.len();
        for step in 0..=words {
            let index = (word + step) % words;
            let mut bits = self.filled[index];
            if step == 0 {
                bits &= u64::MAX << bit;
            } else if step == words {
                bits &= !(u64::MAX << bit);
            }
            if bits != 0 {
                return Some(self.comes_at(index as u32 * 64 + bits.trailing_zeros()));
            }
        }
        None
    }

    /// All of a list are looked at now.
    fn take(&mut self, list: u32) {
        let head = std::mem::replace(&mut self.heads[list as usize], NONE);
        self.filled[list as usize / 64] &= !(1 << (list % 64));
        self.heads[TAKEN] = head;
        let mut id = head;
        while id != NONE {
            let link = &mut self.links[id as usize];
            link.list = TAKEN as u32;
            id = link.next;
        }
    }

    fn link(&mut self, id: u32, list: u32) {
        let head = std::mem::replace(&mut self.heads[list as usize], id);
        if head != NONE {
            self.links[head as usize].previous = id;
        }
        let link = &mut self.links[id as usize];
        (link.previous, link.next, link.list) = (NONE, head, list);
        self.filled[list as usize / 64] |= 1 << (list % 64);
    }

    fn unlink(&mut self, id: u32) {
        let link = self.links[id as usize];
        if link.list == NONE {
            return;
        }
        match link.previous {
            NONE => self.heads[link.list as usize] = link.next,
            previous => self.links[previous as usize].next = link.next,
        }
        if link.next != NONE {
            self.links[link.next as usize].previous = link.previous;
        }
        if self.heads[link.list as usize] == NONE && link.list < TURN {
            self.filled[link.list as usize / 64] &= !(1 << (link.list % 64));
        }
        self.links[id as usize].list = NONE;
    }
}
