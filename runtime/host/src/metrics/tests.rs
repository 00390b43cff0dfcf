//! The page has the format Prometheus reads, and the sums of all threads.

use super::*;
use crate::layout::Layout;
use patchcord_control::record::FaultKind;
use patchcord_switch::Counts;

#[test]
fn every_metric_is_described_once_and_has_a_number() {
    let figures = Figures::new(Layout {
        shards: 2,
        media_threads: 1,
    });
    let page = page(&figures, &Watchers::default());
    let mut described = Vec::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["gauge", "counter"].contains(&kind), "{line}");
            assert!(!described.contains(&name), "{name} twice");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            described.push(name);
        } else if !line.starts_with('#') {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(name.split('{').next(), described.last().copied(), "{line}");
            value.parse::<f64>().unwrap();
        }
    }
    assert!(described.len() > 25);
}

#[test]
fn shards_are_added_up_and_faults_named() {
    let figures = Figures::new(Layout {
        shards: 2,
        media_threads: 1,
    });
    let counts = Counts {
        calls: 3,
        refused_full: 2,
        refused_working: 3,
        ..Counts::default()
    };
    figures.shards[0].publish(&counts, &Default::default());
    figures.shards[1].publish(&counts, &Default::default());
    for kind in [FaultKind::Memory, FaultKind::Handles] {
        figures.shards[1].faults[kind as usize].one();
    }
    let page = page(&figures, &Watchers::default());
    for line in [
        "patchcord_calls_active 6",
        "patchcord_calls_refused_total{reason=\"full\"} 4",
        "patchcord_calls_refused_total{reason=\"computing\"} 6",
        "patchcord_faults_total{kind=\"memory\"} 1",
        "patchcord_faults_total{kind=\"handles\"} 1",
        "patchcord_tenant_refused_total{limit=\"calls_at_once\"} 0",
        "patchcord_faults_total{kind=\"trap\"} 0",
    ] {
        assert!(page.lines().any(|l| l == line), "no line {line} in\n{page}");
    }
}
