//! A network that loses, doubles, delays and cuts, and clocks that do not agree, all from one seed. It carries bytes.

use crate::replica::{Message, Wire};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::time::{Duration, Instant};

/// Seeds of a cluster: so many, or for as long as the environment says (`make fuzz`).
#[allow(
    clippy::disallowed_methods,
    reason = "how long it runs is the wish of whoever runs it"
)]
pub(crate) fn seeds(default: u64) -> impl Iterator<Item = u64> {
    let seconds = std::env::var("PATCHCORD_FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse::<u64>().ok());
    let begun = Instant::now();
    (0..).take_while(move |seed| match seconds {
        Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
        None => *seed < default,
    })
}

/// Says the seed of a world that fails, wherever it does.
pub(crate) struct Seed(pub(crate) u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the cluster of seed {} fails", self.0);
        }
    }
}

/// Chance from a seed.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below this.
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0.next_u64() % sides
    }

    /// True so many times of a hundred.
    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// A node's own clock: it began at any time, and goes a little too fast or too slow.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
    /// Thousandths that it gains on true time; it loses if negative.
    gains: i64,
}

impl Clock {
    #[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
    pub(crate) fn new(dice: &mut Dice) -> Self {
        Self {
            origin: Instant::now() + Duration::from_millis(dice.below(86_400_000)),
            gains: dice.below(11) as i64 - 5,
        }
    }

    /// What it shows after so many true milliseconds.
    pub(crate) fn at(&self, ms: u64) -> Instant {
        let shown = ms as i64 * (1_000 + self.gains);
        self.origin + Duration::from_micros(shown as u64)
    }

    /// After how many true milliseconds it shows this.
    pub(crate) fn when(&self, shown: Instant) -> u64 {
        let since = shown.saturating_duration_since(self.origin).as_nanos() as u64;
        since.div_ceil((1_000 + self.gains) as u64 * 1_000)
    }
}

/// Messages on their way between numbered nodes.
pub(crate) struct Net<C> {
    /// By arrival in milliseconds, and then as they were sent.
    on_the_way: BTreeMap<(u64, u64), (usize, Vec<u8>)>,
    of: PhantomData<C>,
    serial: u64,
    /// Pairs that do not reach each other, the smaller number first.
    cuts: BTreeSet<(usize, usize)>,
    /// Percent that are lost.
    pub(crate) loss: u64,
    /// Percent that come twice.
    pub(crate) doubled: u64,
    /// Milliseconds that one takes, at most.
    pub(crate) slowest: u64,
}

impl<C: Wire> Net<C> {
    pub(crate) fn new() -> Self {
        Self {
            on_the_way: BTreeMap::new(),
            of: PhantomData,
            serial: 0,
            cuts: BTreeSet::new(),
            loss: 0,
            doubled: 0,
            slowest: 1,
        }
    }

    pub(crate) fn cut(&mut self, one: usize, other: usize) {
        self.cuts.insert((one.min(other), one.max(other)));
    }

    /// Everybody reaches everybody, and nothing is lost from now on. What is on its way comes late all the same.
    pub(crate) fn heal(&mut self) {
        self.cuts.clear();
        (self.loss, self.doubled, self.slowest) = (0, 0, 5);
    }

    pub(crate) fn join(&mut self) {
        self.cuts.clear();
    }

    pub(crate) fn send(&mut self, dice: &mut Dice, ms: u64, from: usize, to: usize, message: &Message<C>) {
        if self.cuts.contains(&(from.min(to), from.max(to))) || dice.percent(self.loss) {
            return;
        }
        for _ in 0..1 + u64::from(dice.percent(self.doubled)) {
            self.serial += 1;
            let arrives = ms + 1 + dice.below(self.slowest);
            self.on_the_way.insert((arrives, self.serial), (to, message.to_bytes()));
        }
    }

    /// When the next arrives.
    pub(crate) fn next(&self) -> Option<u64> {
        self.on_the_way.first_key_value().map(|((ms, _), _)| *ms)
    }

    /// The next that has arrived, and where.
    pub(crate) fn arrived(&mut self, ms: u64) -> Option<(usize, Message<C>)> {
        let first = self.on_the_way.first_entry()?;
        (first.key().0 <= ms).then(|| {
            let (to, bytes) = first.remove();
            let message = Message::from_bytes(&bytes);
            (to, message.expect("what a node writes another reads"))
        })
    }
}
