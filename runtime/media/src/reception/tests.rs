//! Sequences with holes, repeats and swaps, counted by hand.

use super::*;

fn feed(reception: &mut Reception, counters: &mut Counters, numbers: &[u16]) -> Vec<Arrival> {
    numbers.iter().map(|&n| reception.packet(7, n, counters)).collect()
}

/// Takes these packets; what is certainly lost then, and in how many holes.
fn holes(numbers: impl Iterator<Item = u16>) -> (u64, u64) {
    let (mut reception, mut counters) = (Reception::default(), Counters::default());
    for number in numbers {
        reception.packet(1, number, &mut counters);
    }
    reception.holes()
}

#[test]
fn losses_in_a_row_are_one_hole() {
    let wrapping = |n: u32| 65_000u16.wrapping_add(n as u16);
    assert_eq!(holes((0..1_000).map(wrapping)), (0, 0));
    let lossy = (0..1_000).filter(|n| n % 100 >= 4).map(wrapping);
    assert_eq!(holes(lossy), (36, 9), "the first four were never expected");
    // A hole of more than the window, and packets that come late.
    assert_eq!(holes((0..50).chain(250..400).map(wrapping)), (200, 1));
    let late = (0..1_000).map(|n: u32| {
        wrapping(if n.is_multiple_of(10) {
            n + 5
        } else if n % 10 == 5 {
            n - 5
        } else {
            n
        })
    });
    assert_eq!(holes(late), (0, 0));
}

#[test]
fn loss_duplicates_and_reordering_are_told_apart() {
    let (mut reception, mut counters) = (Reception::default(), Counters::default());
    feed(
        &mut reception,
        &mut counters,
        &[65_533, 65_534, 65_534, 0, 65_535, 3, 3, 3, 2],
    );
    assert_eq!((counters.duplicates, counters.reordered, counters.restarts), (3, 2, 0));
    // 65,533 to 3 are 7, packet 1 is missing, and RFC 3550 counts the three duplicates as received.
    assert_eq!(reception.lost(), 1 - 3);
}

#[test]
fn numbers_do_not_wrap() {
    let (mut reception, mut counters) = (Reception::default(), Counters::default());
    let arrivals = feed(&mut reception, &mut counters, &[65_535, 0, 1]);
    assert_eq!(
        arrivals,
        [Arrival::Restart(131_071), Arrival::New(131_072), Arrival::New(131_073)]
    );
}

#[test]
fn one_wild_number_changes_nothing_and_two_in_a_row_restart() {
    let (mut reception, mut counters) = (Reception::default(), Counters::default());
    let arrivals = feed(&mut reception, &mut counters, &[1, 2, 30_000, 3, 30_000, 30_001]);
    assert_eq!(arrivals[2], Arrival::Doubtful);
    assert_eq!(arrivals[3], Arrival::New(0x1_0003));
    assert_eq!(arrivals[4], Arrival::Doubtful);
    assert_eq!(arrivals[5], Arrival::Restart(0x1_0000 + 30_001));
    assert_eq!(counters.restarts, 1);
    assert_eq!(reception.lost(), 0);
}

#[test]
fn another_source_restarts_and_its_loss_adds_up() {
    let (mut reception, mut counters) = (Reception::default(), Counters::default());
    feed(&mut reception, &mut counters, &[1, 3]);
    assert_eq!(
        reception.packet(8, 500, &mut counters),
        Arrival::Restart(0x1_0000 + 500)
    );
    reception.packet(8, 502, &mut counters);
    assert_eq!((reception.lost(), counters.restarts), (2, 1));
}

#[test]
fn a_report_block_covers_its_interval() {
    let (mut reception, mut counters) = (Reception::default(), Counters::default());
    feed(&mut reception, &mut counters, &[1, 2, 3, 4]);
    assert_eq!(reception.report().map(|q| (q.fraction_lost, q.lost)), Some((0, 0)));
    feed(&mut reception, &mut counters, &[6, 8]);
    let quality = reception.report().expect("a stream");
    assert_eq!((quality.ssrc, quality.fraction_lost, quality.lost), (7, 128, 2));
    assert_eq!(quality.highest_sequence, 0x1_0008);
    assert_eq!(
        reception.report().map(|q| q.fraction_lost),
        Some(0),
        "an interval without packets"
    );
}

#[test]
fn jitter_follows_the_formula() {
    let (mut reception, mut counters) = (Reception::default(), Counters::default());
    feed(&mut reception, &mut counters, &[1]);
    for n in 0..2_000u64 {
        // Every second packet is 10 ms (80 units) late: the difference is always 80.
        let arrived = Duration::from_micros((n * 160 + (n % 2) * 80) * 125);
        reception.timing(arrived, (n * 160) as u32, 8_000);
    }
    let jitter = reception.jitter_us();
    assert!((9_300..=10_000).contains(&jitter), "{jitter} us");
}
