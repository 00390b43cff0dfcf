//! The instruments themselves: statistics and metrics read right, and a telephone that hears what was echoed to it.

use crate::baresip::{RATE, Telephone};
use crate::kamailio::{self, Algorithm, Kamailio};
use crate::lab::{self, Lane, MACHINE};
use crate::office::Phone;
use crate::{linphone, office, reading, server, sipp, sipvicious, sprayer};
use patchcord_media::measure;
use std::f64::consts::TAU;
use std::net::{SocketAddr, UdpSocket};
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
        let mut telephone = Telephone::start(folder, &Lane::far_end(), speech);
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
        let mut telephone = linphone::Telephone::start(folder, &Lane::far_end(), speech, None);
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

/// Our scenarios of both sides meet without our server between.
#[test]
fn a_caller_of_sipp_reaches_a_callee_of_sipp() {
    lab::need("sipp");
    let _shared = MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (calling, called) = (lab::folder("sipp_calling"), lab::folder("sipp_called"));
    let patience = Duration::from_secs(30);
    let callee = sipp::Callee::start("callee_answers", &called, &Lane::far_end(), &[], patience);
    let run = sipp::Run {
        scenario: "invite_with_replaces",
        to: "callee",
        calls: 1,
        calls_per_second: 1,
        patience,
        keys: &[("replaces", "a;to-tag=b;from-tag=c")],
    };
    let counts = run.against(callee.address, &calling, &Lane::far_end());
    counts.unwrap_or_else(|error| panic!("{error}"));
    callee.finish().unwrap_or_else(|error| panic!("{error}"));
}

/// The whole day of an office with kamailio as its exchange: what the telephones cannot do with each other and a proxy,
/// nobody may expect of them with our server between.
#[test]
fn telephones_live_their_day_without_us() {
    for program in ["baresip", "linphonec", kamailio::PROGRAM] {
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

/// Both algorithms of digest, each by a telephone that speaks it: baresip 1.0 knows only MD5.
#[test]
fn linphone_registers_with_sha_256() {
    lab::need("linphonec");
    lab::need(kamailio::PROGRAM);
    let _shared = MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (folder, certificates) = office::prepared("sha_256");
    let kamailio = Kamailio::start(&folder, &certificates, Algorithm::Sha256, None);
    let account = office::Account {
        user: "anna".to_owned(),
        domain: office::DOMAIN.to_owned(),
        password: office::PASSWORD.to_owned(),
        registrar: kamailio.udp,
        transport: office::Transport::Udp,
        authority: None,
    };
    let mut telephone = linphone::Telephone::start(&folder, &Lane::take(), &[0], Some(&account));
    telephone.wait_registered();
    let log = std::fs::read_to_string(folder.join("linphone.log")).expect("it wrote its log");
    assert!(log.contains("algorithm=SHA-256"), "it was asked for SHA-256");
}

/// A scanner that finds nothing anywhere would find nothing of ours either.
#[test]
fn sipvicious_finds_who_shows_himself() {
    lab::need(kamailio::PROGRAM);
    lab::need("baresip");
    let _shared = MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (folder, certificates) = office::prepared("sipvicious_kamailio");
    let kamailio = Kamailio::start(&folder, &certificates, Algorithm::Md5, None);
    let found = sipvicious::devices(&folder, kamailio.udp);
    assert!(
        found.iter().any(|agent| agent.starts_with("kamailio")),
        "svmap found {found:?}"
    );
    let nobody = sipvicious::devices(&folder, SocketAddr::from(([127, 0, 0, 1], lab::free_port())));
    assert_eq!(nobody, Vec::<String>::new());
}

/// A registrar that speaks otherwise of the users it has gives them away, and is found to.
#[test]
fn sipvicious_finds_the_users_of_a_talkative_registrar() {
    let _shared = MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = lab::folder("sipvicious_talkative");
    for method in sipvicious::Method::ALL {
        let registrar = UdpSocket::bind("127.0.0.1:0").expect("the loopback interface has a free port");
        let address = registrar.local_addr().expect("a bound socket has an address");
        let patience = Some(Duration::from_secs(3));
        registrar
            .set_read_timeout(patience)
            .expect("a time-out above zero is accepted");
        let talking = std::thread::spawn(move || {
            let mut request = [0; 4096];
            while let Ok((count, from)) = registrar.recv_from(&mut request) {
                let text = String::from_utf8_lossy(&request[..count]).into_owned();
                registrar
                    .send_to(talkative(&text).as_bytes(), from)
                    .expect("the loopback interface takes it");
            }
        });
        let found = sipvicious::users(&folder, address, method, &["100", "anna", "101"]);
        talking.join().expect("it ends when nobody asks any more");
        assert_eq!(found, [("anna".to_owned(), "reqauth".to_owned())], "by {method:?}");
    }
}

/// 401 for anna, 404 for everybody else.
fn talkative(request: &str) -> String {
    let line = if request.contains("<sip:anna@") || request.contains(":anna@") {
        "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n"
    } else {
        "SIP/2.0 404 Not Found\r\n"
    };
    let copied = ["via:", "from:", "to:", "call-id:", "cseq:"];
    let lines = request.lines().filter(|line| {
        let line = line.to_lowercase();
        copied.iter().any(|name| line.starts_with(name))
    });
    let head: String = lines.map(|line| format!("{line}\r\n")).collect();
    format!("{line}{head}Content-Length: 0\r\n\r\n")
}

#[test]
fn a_table_of_sipvicious_is_read() {
    let said = "+---+---+\n| Extension | Authentication |\n+===+===+\n| 100 | reqauth |\n+---+---+\n| 101 | noauth |\n";
    let rows = sipvicious::table(said);
    assert_eq!(
        rows,
        [
            ("100".to_owned(), "reqauth".to_owned()),
            ("101".to_owned(), "noauth".to_owned())
        ]
    );
}

#[test]
fn a_sprayer_hears_who_answers_it() {
    let careless = UdpSocket::bind("127.0.0.1:0").expect("the loopback interface has a free port");
    let port = careless.local_addr().expect("a bound socket has an address").port();
    let answering = std::thread::spawn(move || {
        let mut packet = [0; 2048];
        let (count, from) = careless.recv_from(&mut packet).expect("it is sprayed at");
        careless
            .send_to(&packet[..count], from)
            .expect("the loopback interface takes it");
    });
    let heard = sprayer::spray(port..port + 1, Duration::from_millis(500));
    answering.join().expect("it answers once");
    assert_eq!(heard, 1);
}
