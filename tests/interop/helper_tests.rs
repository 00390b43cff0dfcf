//! The instruments themselves: statistics and metrics read right, and a telephone that hears what was echoed to it.

use crate::baresip::{RATE, Telephone};
use crate::kamailio::{Algorithm, Kamailio};
use crate::lab::{self, Lane, MACHINE};
use crate::office::Phone;
use crate::{linphone, office, reading, server, sipp};
use patchcord_media::measure;
use std::f64::consts::TAU;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Samples of the pieces in which an echo is looked for: half a second.
const ECHO_PIECE: usize = 4000;

#[test]
fn a_metric_is_summed_over_its_labels_and_not_over_its_namesakes() {
    let page = "# HELP calls x\n# TYPE calls gauge\ncalls{shard=\"0\"} 2\ncalls{shard=\"1\"} 3.5 1700000000\ncalls_total 9\nzero 0\n";
    assert_eq!(server::metric_sum(page, "calls"), Some(5.5));
    assert_eq!(server::metric_sum(page, "calls_total"), Some(9.0));
    assert_eq!(server::metric_sum(page, "zero"), Some(0.0));
    assert_eq!(server::metric_sum(page, "call"), None);
}

#[test]
fn the_last_row_of_a_table_is_read_by_its_headings() {
    let row = sipp::last_row("Time;Good(C);Bad(C);\nx;1;0;\ny;2;1;\n\n").expect("there are two rows");
    assert_eq!((row["Good(C)"].as_str(), row["Bad(C)"].as_str()), ("2", "1"));
    assert!(sipp::last_row("Time;Good(C)\n").is_none());
}

#[test]
fn one_of_several_tones_is_told_from_the_others() {
    let wave = |hz: f64, volume: f64| {
        let sample = move |n: i32| (volume * 32767.0 * (TAU * hz * f64::from(n) / f64::from(RATE)).sin()) as i16;
        (0..8000).map(sample).collect::<Vec<_>>()
    };
    assert_eq!(reading::tone(&wave(620.0, 0.3), RATE, &[440, 620, 880]), Some(620));
    assert_eq!(reading::tone(&wave(700.0, 0.3), RATE, &[440, 620, 880]), None);
    assert_eq!(reading::tone(&wave(620.0, 0.005), RATE, &[440, 620, 880]), None);
    let both: Vec<_> = wave(440.0, 0.3)
        .iter()
        .zip(wave(880.0, 0.3))
        .map(|(a, b)| a + b)
        .collect();
    assert_eq!(reading::tone(&both, RATE, &[440, 620, 880]), None);
}

/// Without our server: sipp answers and sends the sound back. What the telephone recorded has to be what it spoke, or
/// nothing it says about our server can be believed.
#[test]
fn baresip_hears_its_echo() {
    lab::need("baresip");
    echoed("echo_baresip", |folder, speech, echo| {
        let mut telephone = Telephone::start(folder, &Lane::take(), speech);
        telephone.dial(echo);
        telephone.expect("CALL_ESTABLISHED", Duration::from_secs(5));
        std::thread::sleep(Duration::from_secs(4));
        telephone.finish()
    });
}

/// The same of the other one.
#[test]
fn linphone_hears_its_echo() {
    lab::need("linphonec");
    echoed("echo_linphone", |folder, speech, echo| {
        let mut telephone = linphone::Telephone::start(folder, &Lane::take(), speech, None);
        telephone.dial(echo);
        telephone.wait_talking();
        std::thread::sleep(Duration::from_secs(4));
        telephone.finish()
    });
}

fn echoed(name: &str, call: impl FnOnce(&Path, &[i16], &str) -> Vec<i16>) {
    lab::need("sipp");
    let _shared = MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = lab::folder(name);
    let (port, echo) = (lab::free_port(), Lane::take());
    let mut answering = Command::new("sipp")
        .args("-sn uas -i 127.0.0.1 -mi 127.0.0.1 -rtp_echo -m 1 -nostdin -timeout 30s".split(' '))
        .args(["-p", &port.to_string(), "-mp", &echo.far_media.start.to_string()])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sipp can be started");
    // A rising tone, alike to itself at one place only.
    let sweep = |n: i32| {
        let t = f64::from(n) / f64::from(RATE);
        (8000.0 * (TAU * (300.0 + 400.0 * t) * t).sin()) as i16
    };
    let speech: Vec<i16> = (0..16_000).map(sweep).collect();
    let heard = call(&folder, &speech, &format!("sip:echo@127.0.0.1:{port}"));
    // It ends by itself once its call has; if not, it must not outlive the test.
    let _ = answering.kill();
    let _ = answering.wait();
    // In pieces: a telephone that lost the thread for a moment has still heard the rest.
    let pieces = speech
        .chunks(ECHO_PIECE)
        .map(|piece| measure::find(piece, &heard).map_or(0.0, |found| found.correlation));
    let pieces: Vec<f64> = pieces.collect();
    let found = pieces.iter().filter(|correlation| **correlation > 0.95).count();
    assert!(
        found + 1 >= pieces.len(),
        "the pieces of the echo were heard with {pieces:.2?}"
    );
}

/// The whole day of an office with kamailio as its exchange: what the telephones cannot do with each other and a proxy,
/// nobody may expect of them with our server between.
#[test]
fn telephones_live_their_day_without_us() {
    for program in ["baresip", "linphonec", "kamailio"] {
        lab::need(program);
    }
    let _shared = MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (folder, certificates) = office::prepared("day_kamailio");
    let kamailio = Kamailio::start(&folder, &certificates, Algorithm::Md5, None);
    let exchange = office::Exchange {
        udp: kamailio.udp,
        tcp: kamailio.tcp,
        tls: kamailio.tls,
        referrals: office::Referrals::PassedOn,
    };
    office::a_day("day_kamailio", &exchange, &certificates);
}
