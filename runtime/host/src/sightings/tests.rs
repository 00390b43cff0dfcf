//! What is kept of calls, for whom, and what makes room.

use super::*;
use patchcord_control::words::SoundQuality;

fn tenant(name: &str) -> Tenant {
    Tenant(name.to_owned())
}

fn at(seconds: u64) -> UnixTime {
    UnixTime {
        seconds,
        nanoseconds: 0,
    }
}

fn begin(sightings: &Sightings, call: u128, of: &str) {
    let started = Notice::Started {
        tenant: tenant(of),
        handler: "menu".to_owned(),
        module: String::new(),
        continues: None,
    };
    sightings.notice(CallId(call), at(0), &started);
}

fn say(sightings: &Sightings, call: u128, text: &str) {
    let log = Notice::Log {
        level: LogLevel::Info,
        message: text.to_owned(),
    };
    sightings.notice(CallId(call), at(1), &log);
}

fn end(sightings: &Sightings, call: u128) {
    sightings.lock().ended(CallId(call));
}

fn texts(sightings: &Sightings, of: &str, call: u128) -> Option<Vec<String>> {
    let log = sightings.log(&tenant(of), CallId(call))?;
    Some(log.lines.iter().map(|line| line.text.clone()).collect())
}

#[test]
fn lines_are_kept_beyond_the_call_for_its_tenant_alone() {
    let sightings = Sightings::default();
    let mut reader = sightings.read();
    begin(&sightings, 1, "acme");
    say(&sightings, 1, "hello");
    say(&sightings, 2, "of a call that nobody began");
    end(&sightings, 1);
    assert_eq!(texts(&sightings, "acme", 1), Some(vec!["hello".to_owned()]));
    assert_eq!(texts(&sightings, "other", 1), None);
    let line = reader.try_recv().unwrap();
    assert_eq!(
        (&*line.text, &*line.handler, &line.tenant),
        ("hello", "menu", &tenant("acme"))
    );
    assert!(reader.try_recv().is_err());
}

#[test]
fn a_call_has_so_many_lines_and_a_tenant_so_many_calls() {
    let sightings = Sightings::default();
    begin(&sightings, 0, "acme");
    for line in 0..LINES + 3 {
        say(&sightings, 0, &line.to_string());
    }
    let log = sightings.log(&tenant("acme"), CallId(0)).unwrap();
    assert_eq!((log.lines.len(), log.left_out), (LINES, 3));
    end(&sightings, 0);
    begin(&sightings, 9_999, "other");
    end(&sightings, 9_999);
    for call in 1..=OVER as u128 {
        begin(&sightings, call, "acme");
        say(&sightings, call, "one");
        end(&sightings, call);
    }
    assert_eq!(texts(&sightings, "acme", 0), None, "the oldest made room");
    assert_eq!(texts(&sightings, "acme", 1), Some(vec!["one".to_owned()]));
    assert_eq!(texts(&sightings, "other", 9_999), Some(Vec::new()), "of its own tenant");
    let left: usize = OVER * (COST + "one".len());
    assert_eq!(sightings.lock().bytes, left, "what is gone is not counted");
}

#[test]
fn a_long_call_is_measured_ever_more_rarely() {
    let sightings = Sightings::default();
    begin(&sightings, 1, "acme");
    let heard = SoundQuality {
        lost_permille: 0,
        jitter_us: 0,
        mos_hundredths: None,
    };
    let quality = Quality {
        received: heard,
        sent: heard,
        round_trip_ms: None,
    };
    for second in 0..10_000 {
        sightings.sound((CallId(1), LegId(0)), at(second), quality);
    }
    let legs = sightings.legs(&tenant("acme"), CallId(1)).unwrap();
    let [(LegId(0), samples)] = &legs[..] else {
        panic!("{legs:?}")
    };
    assert!(
        (SAMPLES / 2..=SAMPLES).contains(&samples.len()),
        "{} samples",
        samples.len()
    );
    let gaps: Vec<_> = samples
        .windows(2)
        .map(|two| two[1].at.seconds - two[0].at.seconds)
        .collect();
    assert!(gaps.iter().all(|gap| *gap == gaps[0]), "evenly: {gaps:?}");
    assert!(samples.last().unwrap().at.seconds > 9_800);
}
