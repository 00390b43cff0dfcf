//! Proof that a room's ticks do not touch the allocator: neither taking memory nor giving it back.

mod counting;

use patchcord_media::mixer::*;

const RATES: [Rate; 4] = [Rate::Hz8000, Rate::Hz16000, Rate::Hz24000, Rate::Hz48000];

/// Full scale, so that the limiter works too.
fn noise(seed: &mut u64) -> [i16; 960] {
    std::array::from_fn(|_| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (*seed >> 48) as i16
    })
}

fn room() -> (Mixer, Vec<(LegKey, Rate)>) {
    let config = MixerConfig {
        max_legs: 60,
        loudest: Some(20),
    };
    let mut mixer = Mixer::new(config).expect("a room");
    let mut legs = Vec::new();
    for n in 0..60 {
        let part = if n % 7 == 6 { Part::ListensOnly } else { Part::Talks };
        legs.push((mixer.add(RATES[n % 4], part).expect("a place"), RATES[n % 4]));
    }
    mixer.whisper(legs[0].0, &[legs[1].0, legs[4].0]).expect("few");
    (mixer, legs)
}

#[test]
fn ticks_do_not_allocate() {
    let (mut mixer, legs) = room();
    let (mut seed, mut events) = (1, 0);
    let before = counting::calls();
    for tick in 0..400u64 {
        for (n, &(leg, rate)) in legs.iter().enumerate() {
            // All talk, then three, then nobody; some frames do not come.
            let talks = match tick / 100 {
                0 => true,
                1 => n < 3,
                2 => (tick + n as u64) % 40 < 25,
                _ => false,
            };
            if talks && !(tick + n as u64).is_multiple_of(31) {
                // One that left is refused.
                let _ = mixer.push(leg, &noise(&mut seed)[..rate.frame()]);
            }
        }
        match tick {
            150 => mixer.set_mute(legs[1].0, Mute::Muted).expect("there"),
            160 => mixer.set_gain(legs[2].0, Way::FromRoom, -3.0).expect("there"),
            250 => mixer.remove(legs[1].0).expect("there"),
            260 => mixer.remove(legs[0].0).expect("there"),
            _ => {}
        }
        mixer.mix(tick);
        for &(leg, _) in &legs {
            std::hint::black_box(mixer.heard(leg));
        }
        while mixer.poll_event().is_some() {
            events += 1;
        }
    }
    assert_eq!(counting::calls() - before, 0, "allocations in ticks");
    assert!(events > 100 && mixer.legs() == 58, "things happened: {events} events");
}
