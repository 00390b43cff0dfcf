//! Recordings from frames: order, channels side by side, holes, trimming, headers.

use super::*;
use crate::{Clip, TapId};

const FRAME: usize = 160;
const LOUD: i16 = 3_000;

struct Bench {
    recorder: Recorder,
    out: Vec<u8>,
}

impl Bench {
    fn new(channels: u8, trim: Trim) -> Self {
        let (recorder, out) = (Recorder::new(channels, trim), Vec::new());
        Self { recorder, out }
    }

    fn push(&mut self, channel: u8, position: u64, value: i16) {
        let tapped = Tapped {
            tap: TapId { number: 1, channel },
            position,
            rate: 8_000,
            samples: &[value; FRAME],
        };
        self.recorder.push(&tapped, &mut self.out);
    }

    /// The value of each frame of each channel.
    fn finish(mut self, channels: usize) -> Vec<Vec<i16>> {
        let keep = self.recorder.finish(&mut self.out) as usize;
        let samples = self.out[..keep]
            .chunks_exact(2)
            .map(|b| i16::from_le_bytes([b[0], b[1]]));
        let samples: Vec<i16> = samples.collect();
        let of = |channel: usize| {
            samples
                .iter()
                .skip(channel)
                .step_by(channels * FRAME)
                .copied()
                .collect()
        };
        (0..channels).map(of).collect()
    }
}

#[test]
fn one_channel_is_written_as_it_comes_and_holes_are_silence() {
    let mut bench = Bench::new(1, Trim::Keep);
    for (position, value) in [(0, 1), (1, 2), (4, 3), (2, 9), (5, 4)] {
        bench.push(0, position, value);
    }
    assert_eq!(bench.finish(1), [vec![1, 2, 0, 0, 3, 4]]);
}

#[test]
fn two_channels_stand_side_by_side_whichever_comes_first() {
    let mut bench = Bench::new(2, Trim::Keep);
    for position in 0..4 {
        bench.push(1, position, 20 + position as i16);
    }
    for position in 0..3 {
        bench.push(0, position, 10 + position as i16);
    }
    assert_eq!(bench.finish(2), [vec![10, 11, 12, 0], vec![20, 21, 22, 23]]);
}

#[test]
fn a_channel_that_stops_is_waited_for_half_a_second_only() {
    let mut bench = Bench::new(2, Trim::Keep);
    bench.push(1, 0, 7);
    for position in 0..=LAG as u64 {
        bench.push(0, position, 5);
    }
    assert!(!bench.out.is_empty());
    let written = bench.out.len();
    // Too late for its place, in time for the next.
    bench.push(1, 0, 7);
    assert_eq!(bench.out.len(), written);
}

#[test]
fn trimming_leaves_100_ms_at_each_end_and_all_between() {
    let mut bench = Bench::new(1, Trim::Ends);
    for position in 0..100 {
        let sounds = (20..30).contains(&position) || (60..65).contains(&position);
        bench.push(0, position, if sounds { LOUD } else { 1 });
    }
    let frames = &bench.finish(1)[0];
    assert_eq!(frames.len(), 65 - 20 + 2 * MARGIN);
    assert_eq!(frames[MARGIN - 1..=MARGIN], [1, LOUD]);
    assert_eq!(frames[frames.len() - MARGIN - 1..frames.len() - MARGIN + 1], [LOUD, 1]);
}

#[test]
fn nothing_but_silence_is_trimmed_to_nothing() {
    let mut bench = Bench::new(2, Trim::Ends);
    for position in 0..100 {
        bench.push(0, position, 1);
        bench.push(1, position, 1);
    }
    assert_eq!(bench.finish(2), [vec![], vec![]]);
}

#[test]
fn frames_that_do_not_belong_are_left_out() {
    let mut bench = Bench::new(1, Trim::Keep);
    bench.push(0, 0, 1);
    bench.push(1, 0, 2);
    let wide = Tapped {
        tap: TapId { number: 1, channel: 0 },
        position: 1,
        rate: 16_000,
        samples: &[5; 320],
    };
    bench.recorder.push(&wide, &mut bench.out);
    bench.push(0, 1, 3);
    assert_eq!(bench.finish(1), [vec![1, 3]]);
}

#[test]
fn the_header_is_that_of_a_wav_file_and_is_known_again() {
    for channels in [1, 2] {
        let mut bench = Bench::new(channels, Trim::Keep);
        (0..channels).for_each(|channel| (0..50).for_each(|n| bench.push(channel, n, LOUD)));
        let keep = bench.recorder.finish(&mut bench.out);
        assert_eq!(bench.recorder.length(keep), Duration::from_secs(1));
        let header = bench.recorder.header(keep);
        assert_eq!(recording_header(&header), Some((8_000, u16::from(channels))));
        let file = [header.as_slice(), &bench.out].concat();
        let clip = Clip::from_wav(&file).expect("our own reader takes it");
        assert_eq!(clip.samples().len(), 8_000);
        let mut broken = header;
        broken[20] = 3;
        assert_eq!(recording_header(&broken), None);
    }
}
