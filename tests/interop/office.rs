//! What an office does with its telephones, whoever their exchange is: register, call, hold, resume, transfer blindly and
//! after asking, and at each step hear who should be heard. Not here: how a telephone is driven (`baresip.rs`,
//! `linphone.rs`) or what the exchange is (our server, or kamailio in `helper_tests.rs`).

use crate::certificates::Certificates;
use crate::lab::{self, Lane};
use crate::{baresip, linphone, reading, sipjs};
use std::f64::consts::TAU;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Everybody's domain; nobody has to resolve it, since each telephone is told where its exchange is.
pub const DOMAIN: &str = "office.test";
/// Everybody's password.
pub const PASSWORD: &str = "secret-of-the-tests";
/// How long a registration holds.
pub const EXPIRES_S: u32 = 300;
/// A tone has to be there, or gone, within this time.
const SOUND_MAX: Duration = Duration::from_secs(8);
/// Long enough to tell a tone, and to tell silence from a gap.
const LOOK: Duration = Duration::from_millis(900);

/// Who a telephone is and where it registers.
#[derive(Clone)]
pub struct Account {
    pub user: String,
    pub domain: String,
    pub password: String,
    pub registrar: SocketAddr,
    pub transport: Transport,
    /// Whose signature on the exchange's certificate it believes.
    pub authority: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// As in a SIP URI.
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// A telephone on a desk.
pub trait Phone {
    fn wait_registered(&mut self);
    /// Calls a user of its own exchange.
    fn call(&mut self, user: &str);
    /// Waits for it to ring and answers.
    fn answer(&mut self);
    fn wait_talking(&mut self);
    fn hold(&mut self);
    fn resume(&mut self);
    /// Sends the far end of its one call to another user, without asking there (REFER, RFC 5589 section 6).
    fn transfer(&mut self, user: &str);
    fn hang_up(&mut self);
    fn wait_hung_up(&mut self);
    /// All samples heard so far, at 8 kHz.
    fn heard(&self) -> Vec<i16>;
}

/// Where the telephones of an office register.
pub struct Exchange {
    pub udp: SocketAddr,
    pub tcp: SocketAddr,
    pub tls: SocketAddr,
    pub referrals: Referrals,
}

/// What the exchange does with a REFER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referrals {
    /// Passes it on to the far telephone. baresip 1.0 misreads a Refer-To with Replaces in it and then calls nobody.
    PassedOn,
    /// Carries it out itself, so that the far telephone need not understand it.
    CarriedOut,
}

/// What each of them speaks, in Hz.
const TONES_HZ: [u16; 5] = [440, 620, 880, 1150, 1500];
/// Everybody.
pub const USERS: [&str; 5] = ["anna", "bert", "clara", "dora", "emil"];
const ANNA_HZ: u16 = TONES_HZ[0];
const BERT_HZ: u16 = TONES_HZ[1];
const CLARA_HZ: u16 = TONES_HZ[2];
const DORA_HZ: u16 = TONES_HZ[3];

/// Everybody at their desks.
struct Office {
    anna: baresip::Telephone,
    bert: linphone::Telephone,
    clara: baresip::Telephone,
    dora: linphone::Telephone,
    emil: linphone::Telephone,
}

/// Two baresip and three linphone telephones live through everything that an office does.
pub fn a_day(name: &str, exchange: &Exchange, certificates: &Certificates) {
    let mut office = open(name, exchange, certificates);
    talk_and_hold(&mut office.anna, &mut office.bert);
    transfer_blindly(&mut office);
    let Office {
        anna, bert, dora, emil, ..
    } = &mut office;
    transfer_after_asking(bert, ("emil", emil, TONES_HZ[4]), dora);
    if exchange.referrals == Referrals::CarriedOut {
        transfer_after_asking(bert, ("anna", anna, ANNA_HZ), dora);
    }
}

/// Anna calls bert; each holds the other for a while. In the end they talk.
fn talk_and_hold(anna: &mut impl Phone, bert: &mut impl Phone) {
    let (anna_hz, bert_hz) = (ANNA_HZ, BERT_HZ);
    anna.call("bert");
    bert.answer();
    anna.wait_talking();
    bert.wait_talking();
    hears("anna", anna, Some(bert_hz), "after bert answered");
    hears("bert", bert, Some(anna_hz), "after he answered");

    bert.hold();
    hears("bert", bert, None, "while he holds");
    lacks("anna", anna, bert_hz, "while bert holds");
    bert.resume();
    hears("anna", anna, Some(bert_hz), "after bert resumed");
    hears("bert", bert, Some(anna_hz), "after he resumed");

    anna.hold();
    lacks("bert", bert, anna_hz, "while anna holds");
    lacks("anna", anna, bert_hz, "while she holds");
    anna.resume();
    hears("bert", bert, Some(anna_hz), "after anna resumed");
    hears("anna", anna, Some(bert_hz), "after she resumed");
}

/// A browser calls a telephone and is called by it, holds and is held; its way changes in the middle of a conversation; and it sends
/// the telephone to another browser.
pub fn browsers_among_telephones(name: &str, exchange: &Exchange, door: SocketAddr) {
    let account = |number: usize| Account {
        user: USERS[number].to_owned(),
        domain: DOMAIN.to_owned(),
        password: PASSWORD.to_owned(),
        registrar: exchange.udp,
        transport: Transport::Udp,
        authority: None,
    };
    let folder = |number: usize| lab::folder(&format!("{name}_{}", USERS[number]));
    let browser = |number: usize| sipjs::Telephone::start(folder(number), &account(number), door, TONES_HZ[number]);
    let (mut anna, mut clara) = (browser(0), browser(2));
    let mut bert = baresip::Telephone::registered(&folder(1), &Lane::take(), &tone(BERT_HZ), &account(1));
    anna.wait_registered();
    bert.wait_registered();
    clara.wait_registered();
    talk_and_hold(&mut anna, &mut bert);

    let before = anna.stats();
    anna.restart_ice();
    let restarted = |now: &serde_json::Value| now["pair"] != before["pair"] && now["ufrag"] != before["ufrag"];
    let end = Instant::now() + SOUND_MAX;
    let mut now = anna.stats();
    while !restarted(&now) {
        assert!(Instant::now() < end, "no other way is taken: {before} and then {now}");
        std::thread::sleep(Duration::from_millis(100));
        now = anna.stats();
    }
    hears("anna", &anna, Some(BERT_HZ), "after she looked for another way");
    hears("bert", &bert, Some(ANNA_HZ), "after anna looked for another way");

    anna.transfer("clara");
    clara.answer();
    clara.wait_talking();
    hears("clara", &clara, Some(BERT_HZ), "after anna sent bert to her");
    hears("bert", &bert, Some(CLARA_HZ), "after anna sent him to clara");
    anna.wait_hung_up();
    bert.hang_up();
    clara.wait_hung_up();

    bert.call("anna");
    anna.answer();
    bert.wait_talking();
    hears("anna", &anna, Some(BERT_HZ), "when bert calls her");
    hears("bert", &bert, Some(ANNA_HZ), "when he calls anna");
    anna.hang_up();
    bert.wait_hung_up();

    anna.call("clara");
    clara.answer();
    anna.wait_talking();
    hears("anna", &anna, Some(CLARA_HZ), "when she calls clara");
    hears("clara", &clara, Some(ANNA_HZ), "when anna calls her");
    clara.hang_up();
    anna.wait_hung_up();
}

/// Anna, who still talks to bert, sends him to clara.
fn transfer_blindly(office: &mut Office) {
    office.anna.transfer("clara");
    office.clara.answer();
    office.clara.wait_talking();
    hears("clara", &office.clara, Some(BERT_HZ), "after anna sent bert to her");
    hears("bert", &office.bert, Some(CLARA_HZ), "after anna sent him to clara");
    office.anna.wait_hung_up();
    office.clara.hang_up();
    office.clara.wait_hung_up();
    office.bert.wait_idle();
}

/// Bert calls somebody, holds, asks dora, and joins the two.
fn transfer_after_asking(
    bert: &mut linphone::Telephone,
    (who, somebody, their_hz): (&str, &mut impl Phone, u16),
    dora: &mut linphone::Telephone,
) {
    bert.call(who);
    let first = bert.last_call();
    somebody.answer();
    somebody.wait_talking();
    hears(who, somebody, Some(BERT_HZ), "after bert called");
    bert.hold();
    bert.call("dora");
    dora.answer();
    dora.wait_talking();
    hears("dora", dora, Some(BERT_HZ), "when bert asks her");
    bert.join(first, bert.last_call());
    hears(who, somebody, Some(DORA_HZ), "after bert joined them with dora");
    hears("dora", dora, Some(their_hz), "after bert joined her with another");
    bert.wait_idle();
    somebody.hang_up();
    dora.wait_idle();
    somebody.wait_hung_up();
}

fn open(name: &str, exchange: &Exchange, certificates: &Certificates) -> Office {
    let desk = |number: usize, transport: Transport| {
        let user = USERS[number];
        let folder = lab::folder(&format!("{name}_{user}"));
        let account = Account {
            user: user.to_owned(),
            domain: DOMAIN.to_owned(),
            password: PASSWORD.to_owned(),
            registrar: match transport {
                Transport::Udp => exchange.udp,
                Transport::Tcp => exchange.tcp,
                Transport::Tls => exchange.tls,
            },
            transport,
            authority: Some(certificates.authority.clone()),
        };
        (folder, tone(TONES_HZ[number]), account)
    };
    let by_baresip = |(folder, speech, account): (PathBuf, Vec<i16>, Account)| {
        baresip::Telephone::registered(&folder, &Lane::take(), &speech, &account)
    };
    let by_linphone = |(folder, speech, account): (PathBuf, Vec<i16>, Account)| {
        linphone::Telephone::start(&folder, &Lane::take(), &speech, Some(&account))
    };
    let mut office = Office {
        anna: by_baresip(desk(0, Transport::Udp)),
        bert: by_linphone(desk(1, Transport::Tcp)),
        clara: by_baresip(desk(2, Transport::Tls)),
        dora: by_linphone(desk(3, Transport::Tls)),
        emil: by_linphone(desk(4, Transport::Udp)),
    };
    office.anna.wait_registered();
    office.bert.wait_registered();
    office.clara.wait_registered();
    office.dora.wait_registered();
    office.emil.wait_registered();
    office
}

/// A minute of a sine at -10 dBFS, as long as a telephone needs in one call.
pub fn tone(hz: u16) -> Vec<i16> {
    let wave = |n: u32| (10_000.0 * (TAU * f64::from(hz) * f64::from(n) / f64::from(baresip::RATE)).sin()) as i16;
    (0..60 * baresip::RATE).map(wave).collect()
}

/// Waits until a telephone hears this tone alone, or, with `None`, nothing at all.
fn hears(who: &str, phone: &impl Phone, hz: Option<u16>, when: &str) {
    let end = Instant::now() + SOUND_MAX;
    loop {
        let heard = just_now(phone);
        let found = reading::tone(&heard, baresip::RATE, &TONES_HZ);
        let is_quiet = reading::level_dbfs(&heard) < -55.0;
        match hz {
            Some(_) if found == hz => return,
            None if is_quiet => return,
            _ => assert!(
                Instant::now() < end,
                "{when}: {who} hears {found:?} at {:.0} dBFS instead of {hz:?}",
                reading::level_dbfs(&heard)
            ),
        }
    }
}

/// Waits until a telephone does not hear this tone any more; music or silence may be there instead.
fn lacks(who: &str, phone: &impl Phone, hz: u16, when: &str) {
    let end = Instant::now() + SOUND_MAX;
    while reading::tone(&just_now(phone), baresip::RATE, &TONES_HZ) == Some(hz) {
        assert!(Instant::now() < end, "{when}: {who} still hears {hz} Hz");
    }
}

/// What comes in during the next moment; nothing if no packet does.
fn just_now(phone: &impl Phone) -> Vec<i16> {
    let before = phone.heard().len();
    std::thread::sleep(LOOK);
    let now = phone.heard();
    // A recording that was begun anew is shorter than before.
    let start = if now.len() < before { 0 } else { before };
    now[start..].to_vec()
}

/// Whether something answers OPTIONS there, tried once.
pub fn answers_options(exchange: SocketAddr) -> bool {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("the loopback interface has a free port");
    let here = socket.local_addr().expect("a bound socket has an address");
    let wait = Some(Duration::from_millis(300));
    socket
        .set_read_timeout(wait)
        .expect("a time-out above zero is accepted");
    let request = format!(
        "OPTIONS sip:{exchange} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKalive;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:lab@{here}>;tag=1\r\nTo: <sip:{exchange}>\r\nCall-ID: alive@{here}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
    let mut answer = [0; 2048];
    socket.send_to(request.as_bytes(), exchange).is_ok()
        && socket
            .recv(&mut answer)
            .is_ok_and(|count| answer[..count].starts_with(b"SIP/2.0 "))
}

/// The folder's own certificates and an empty place for everything else.
pub fn prepared(name: &str) -> (PathBuf, Certificates) {
    let folder = lab::folder(name);
    let certificates = Certificates::make(&folder);
    (folder, certificates)
}
