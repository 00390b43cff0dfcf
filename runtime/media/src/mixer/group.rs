//! The legs of one rate together: their sum, the sums of the other rates made theirs, and the one frame that all hear
//! who say nothing.

use super::Rate;
use super::limiter::Limiter;
use super::resampler::Resampler;

/// The legs of one rate.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) legs: u32,
    /// The sum of what its legs say, if `spoken`.
    native: Vec<i32>,
    spoken: bool,
    /// The whole room at this rate.
    pub(super) total: Vec<i32>,
    total_quiet: bool,
    pub(super) limiter: Limiter,
    /// The whole room, limited.
    pub(super) out: Vec<i16>,
    /// For a leg's own sum.
    pub(super) scratch: Vec<i32>,
}

impl Group {
    pub(super) fn new(rate: Rate) -> Self {
        let frame = rate.frame();
        Self {
            legs: 0,
            native: vec![0; frame],
            spoken: false,
            total: vec![0; frame],
            total_quiet: true,
            limiter: Limiter::new(frame),
            out: vec![0; frame],
            scratch: vec![0; frame],
        }
    }

    /// Begins a tick.
    fn begin(&mut self) {
        if self.spoken {
            self.native.fill(0);
            self.spoken = false;
        }
    }

    /// Adds what a leg says.
    pub(super) fn say(&mut self, own: &[i32]) {
        self.spoken = true;
        add(own, &mut self.native);
    }

    /// Makes the frame that all hear who say nothing.
    fn share(&mut self) {
        if self.total_quiet && self.limiter.at_rest() {
            self.out.fill(0);
        } else {
            self.limiter.run(&self.total, &mut self.out);
        }
    }
}

/// Adds one sum to another.
pub(super) fn add(more: &[i32], sum: &mut [i32]) {
    for (sum, &sample) in sum.iter_mut().zip(more) {
        *sum += sample;
    }
}

/// The groups of a room, and what makes one group's sum another's.
#[derive(Debug)]
pub(super) struct Groups {
    groups: [Option<Group>; Rate::COUNT],
    /// From a rate to a rate.
    bridges: [[Option<Resampler>; Rate::COUNT]; Rate::COUNT],
}

impl Groups {
    pub(super) fn new() -> Self {
        Self {
            groups: Default::default(),
            bridges: Default::default(),
        }
    }

    /// A leg more. The only place where it allocates: the first of a rate brings its group.
    pub(super) fn join(&mut self, rate: Rate) {
        let new = self.groups[rate.index()].is_none();
        self.groups[rate.index()].get_or_insert_with(|| Group::new(rate)).legs += 1;
        if !new {
            return;
        }
        for other in Rate::ALL.into_iter().filter(|&other| other != rate) {
            if self.groups[other.index()].is_some() {
                self.bridges[rate.index()][other.index()] = Some(Resampler::new(rate, other));
                self.bridges[other.index()][rate.index()] = Some(Resampler::new(other, rate));
            }
        }
    }

    /// A leg less. The group stays for the next one.
    pub(super) fn leave(&mut self, rate: Rate) {
        self.of(rate).legs -= 1;
    }

    pub(super) fn of(&mut self, rate: Rate) -> &mut Group {
        self.groups[rate.index()].as_mut().expect("a leg's rate has its group")
    }

    pub(super) fn get(&self, rate: Rate) -> &Group {
        self.groups[rate.index()].as_ref().expect("a leg's rate has its group")
    }

    /// Begins a tick, also where the last leg has left: what it said must not be said again.
    pub(super) fn begin(&mut self) {
        self.groups.iter_mut().flatten().for_each(Group::begin);
    }

    /// Makes the frames that all hear who say nothing.
    pub(super) fn share(&mut self) {
        let wanted = self.groups.iter_mut().flatten().filter(|group| group.legs > 0);
        wanted.for_each(Group::share);
    }

    /// Makes every group's total: its own sum and those of the others, resampled.
    pub(super) fn total(&mut self) {
        for to in 0..Rate::COUNT {
            let Some(mut group) = self.groups[to].take() else {
                continue;
            };
            if group.legs > 0 {
                let mut quiet = !group.spoken;
                group.total.copy_from_slice(&group.native);
                for from in 0..Rate::COUNT {
                    let (Some(bridge), Some(other)) = (self.bridges[from][to].as_mut(), self.groups[from].as_ref())
                    else {
                        continue;
                    };
                    if other.spoken || !bridge.quiet() {
                        bridge.add(other.spoken.then_some(&other.native[..]), &mut group.total);
                        quiet = false;
                    }
                }
                group.total_quiet = quiet;
            }
            self.groups[to] = Some(group);
        }
    }
}
