//! What bad networks do, within stated bounds: loss, jitter up to 200 ms, reordering, duplicates, and clocks that differ for an
//! hour. Delay is from a sample's sending to its playing.

use super::*;

/// What a network does to packets.
#[derive(Debug, Clone, Copy)]
struct Network {
    /// Lost, in percent.
    loss: u64,
    /// Most that a packet comes late, in ms; each by chance, so they also overtake each other.
    jitter_ms: u64,
    /// Packets that come twice, in percent.
    doubled: u64,
    /// How much faster the sender's clock runs, in millionths.
    drift_ppm: i64,
}

const PERFECT: Network = Network {
    loss: 0,
    jitter_ms: 0,
    doubled: 0,
    drift_ppm: 0,
};

/// A buffer behind a network, both of them with a clock in microseconds.
struct Line {
    buffer: JitterBuffer,
    random: Random,
    now_us: u64,
    sent: u64,
    /// On their way: when they come, and their number.
    under_way: Vec<(u64, u64)>,
    payload: Vec<u8>,
}

/// What was seen in some time.
#[derive(Debug, Default)]
struct Seen {
    ticks: u64,
    covered: u64,
    most_delay_ms: i64,
    last_delay_ms: i64,
}

impl Seen {
    fn covered_percent(&self) -> f64 {
        self.covered as f64 * 100.0 / self.ticks as f64
    }
}

impl Line {
    fn new(seed: u64) -> Self {
        Self {
            buffer: JitterBuffer::new(Rate::Hz8000),
            random: Random::new(seed),
            now_us: 1_000_000,
            sent: 0,
            under_way: Vec::new(),
            payload: vec![0x85; FRAME_SAMPLES],
        }
    }

    fn below(&mut self, count: u64) -> u64 {
        self.random.next() % count
    }

    /// When packet number `n` is sent.
    fn sent_us(n: u64, drift_ppm: i64) -> u64 {
        let us = n as i64 * 20_000;
        (1_000_000 + us - us * drift_ppm / 1_000_000) as u64
    }

    fn run(&mut self, network: Network, seconds: u64) -> Seen {
        let mut seen = Seen::default();
        for _ in 0..seconds * 50 {
            self.now_us += 20_000;
            while Self::sent_us(self.sent, network.drift_ppm) <= self.now_us {
                self.send(network);
            }
            self.arrive();
            let mut frame = [0; FRAME_SAMPLES];
            seen.covered += u64::from(self.buffer.pull(&mut frame));
            seen.ticks += 1;
            let Some(play) = self.buffer.play else { continue };
            // The sample that is sent now, less the one that is played now.
            let newest = (self.sent * FRAME_SAMPLES as u64) as u32;
            seen.last_delay_ms = i64::from(newest.wrapping_sub(play) as i32) / 8;
            seen.most_delay_ms = seen.most_delay_ms.max(seen.last_delay_ms);
        }
        seen
    }

    fn send(&mut self, network: Network) {
        let copies = 1 + u64::from(self.below(100) < network.doubled);
        for _ in 0..copies {
            if self.below(100) >= network.loss {
                let late = self.below(network.jitter_ms * 1_000 + 1);
                let sent = Self::sent_us(self.sent, network.drift_ppm);
                self.under_way.push((sent + late, self.sent));
            }
        }
        self.sent += 1;
    }

    fn arrive(&mut self) {
        self.under_way.sort_unstable();
        let come = self.under_way.partition_point(|(at, _)| *at <= self.now_us);
        for (_, number) in self.under_way.drain(..come) {
            let timestamp = (number * FRAME_SAMPLES as u64) as u32;
            self.buffer.insert(timestamp, &self.payload, &FROM_PCMU);
        }
    }
}

#[test]
fn loss_is_covered_and_adds_no_delay() {
    for loss in [0, 1, 5, 20] {
        let seen = Line::new(loss).run(Network { loss, ..PERFECT }, 300);
        let percent = seen.covered_percent();
        assert!(
            (percent - loss as f64).abs() < 0.1 + loss as f64 * 0.15,
            "{loss} %: {seen:?}"
        );
        assert!(seen.most_delay_ms <= 60, "{loss} %: {seen:?}");
    }
}

#[test]
fn copies_and_packets_that_overtake_each_other_do_nothing() {
    let network = Network {
        doubled: 20,
        jitter_ms: 35,
        ..PERFECT
    };
    let mut line = Line::new(1);
    line.run(network, 10);
    let seen = line.run(network, 300);
    assert!(seen.covered_percent() < 0.1 && seen.most_delay_ms <= 100, "{seen:?}");
}

#[test]
fn delay_follows_jitter_up_to_200_ms_and_comes_back() {
    for jitter_ms in [50, 100, 200] {
        let network = Network { jitter_ms, ..PERFECT };
        let mut line = Line::new(jitter_ms);
        // It learns within seconds; what it costs meanwhile is a frame for each step.
        let learning = line.run(network, 20);
        assert!(learning.covered_percent() < 5.0, "{jitter_ms} ms: {learning:?}");
        let learnt = line.run(network, 300);
        assert!(learnt.covered_percent() < 1.0, "{jitter_ms} ms: {learnt:?}");
        assert!(
            learnt.most_delay_ms <= jitter_ms as i64 + 80,
            "{jitter_ms} ms: {learnt:?}"
        );
        let calm = line.run(PERFECT, 90);
        assert!(calm.last_delay_ms <= 60, "{jitter_ms} ms, 90 s after: {calm:?}");
        assert!(line.run(PERFECT, 60).covered == 0);
    }
}

#[test]
fn clocks_that_differ_for_an_hour_add_no_delay() {
    for drift_ppm in [-200, 200] {
        for jitter_ms in [0, 30] {
            let network = Network {
                drift_ppm,
                jitter_ms,
                ..PERFECT
            };
            let mut line = Line::new(9);
            line.run(network, 60);
            let seen = line.run(network, 3_600);
            assert!(seen.most_delay_ms <= 110, "{drift_ppm} ppm, {jitter_ms} ms: {seen:?}");
            assert!(
                seen.covered_percent() < 0.5,
                "{drift_ppm} ppm, {jitter_ms} ms: {seen:?}"
            );
        }
    }
}

#[test]
fn all_of_it_together_stays_within_bounds() {
    let network = Network {
        loss: 5,
        jitter_ms: 80,
        doubled: 5,
        drift_ppm: 200,
    };
    let mut line = Line::new(4);
    line.run(network, 30);
    let seen = line.run(network, 900);
    assert!((4.0..8.0).contains(&seen.covered_percent()), "{seen:?}");
    assert!(seen.most_delay_ms <= 180, "{seen:?}");
}
