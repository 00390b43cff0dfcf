//! The instruments themselves: statistics and metrics read right, and a telephone that hears what was echoed to it.

use crate::baresip::{RATE, Telephone};
use crate::lab::{self, Lane, MACHINE};
use crate::{reading, server, sipp};
use patchcord_media::measure;
use std::f64::consts::TAU;
use std::process::{Command, Stdio};
use std::time::Duration;

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
fn the_telephone_hears_its_echo() {
    lab::need("baresip");
    lab::need("sipp");
    let _shared = MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = lab::folder("echo");
    let (port, echo) = (lab::free_port(), Lane::take());
    let mut answering = Command::new("sipp")
        .args([
            "-sn",
            "uas",
            "-i",
            "127.0.0.1",
            "-mi",
            "127.0.0.1",
            "-rtp_echo",
            "-m",
            "1",
            "-nostdin",
        ])
        .args([
            "-p",
            &port.to_string(),
            "-mp",
            &echo.far_media.start.to_string(),
            "-timeout",
            "30s",
        ])
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
    let mut telephone = Telephone::start(&folder, &Lane::take(), &speech);
    telephone.dial(&format!("sip:echo@127.0.0.1:{port}"));
    telephone.expect("CALL_ESTABLISHED", Duration::from_secs(5));
    std::thread::sleep(Duration::from_secs(4));
    let heard = telephone.finish();
    // It ends by itself once its call has; if not, it must not outlive the test.
    let _ = answering.kill();
    let _ = answering.wait();
    let found = measure::find(&speech, &heard).expect("the recording is longer than the speech");
    assert!(
        found.correlation > 0.95,
        "the echo was heard with a correlation of {:.3}",
        found.correlation
    );
}
