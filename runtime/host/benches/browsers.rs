//! What a browser costs that talks to a telephone: Opus over SRTP on one side, G.711 on the other, coded anew both ways in real time, end
//! to end through a handler that dials. Beside as many calls between two telephones, which are passed on as they are, in the same
//! run. `patchcord serve` in a process of its own, whose CPU alone counts; browsers and telephones are ours, on loopback. Prints a table;
//! only calls that are lost fail it.

#[path = "support/mod.rs"]
mod support;

use patchcord_host::KeyHash;
use patchcord_host::clients::public_key;
use patchcord_host::encoding::hex;
use std::path::Path;
use std::time::{Duration, Instant};
use support::browsers::Browsers;
use support::callers::{Callers, Then};
use support::listeners::{Heard, Listeners};
use support::server::{Cores, Plan, Reached, Server};
use support::standing;
use support::voice::Voice;
use support::{Pace, headline, line, ms, sockets};

const HANDLER: &str = "tests/load/bridger";
const TENANT: &str = "default";
/// Of the key that tokens are made with.
const KEY: &str = "pck_0000000000000000000000000000000000000000000000000000000000000042";
/// Calls a second at which they are placed.
const FILL_RATE: u32 = 25;
const PACKETS_A_SECOND: f64 = 50.0;
/// With fewer of the packets heard, the server did less than its work.
const WHOLE: f64 = 0.98;
/// How long the last browsers may take until they hear somebody.
const HEARD_WITHIN: Duration = Duration::from_secs(10);
/// Until what begins with a call is over.
const SETTLED: Duration = Duration::from_secs(2);
const LATE: &str = "patchcord_media_ticks_missed_total";
const DROPPED: &str = "patchcord_browser_datagrams_dropped_total";

/// What some calls cost and how they sounded.
struct Measured {
    calls: usize,
    /// CPU of the server, in cores.
    cores: f64,
    took: Duration,
    /// By telephones, and by browsers.
    heard: [Heard; 2],
    /// Slices of 5 ms that came late, of all media threads.
    late: f64,
}

fn main() {
    let pace = Pace::of_environment();
    sockets::allow_many();
    let cores = Cores::apart();
    headline(&format!(
        "Browsers that talk to telephones, Opus and G.711 coded anew both ways, server {}",
        cores.name()
    ));
    let steps: &[usize] = pace.pick(&[20], &[20, 40, 60]);
    let most = *steps.last().expect("there are steps");
    let folder = std::env::temp_dir().join(format!("patchcord-bench-browsers-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the database");
    let server = start(&folder, most as u16, cores);
    let voice = Voice::new();
    let time = pace.pick(Duration::from_secs(6), Duration::from_secs(20));
    for calls in steps {
        let plain = telephones(&server, &voice, *calls, time);
        report("calls between telephones", &plain);
        let browsers = browsers(&server, &voice, *calls, time);
        report("calls of browsers with telephones", &browsers);
        compare(&plain, &browsers);
    }
    let dropped = server.metric(DROPPED);
    line(
        "  datagrams dropped at the browsers' door",
        &format!("{dropped:.0}"),
        "",
    );
    server.stop();
    let _ = std::fs::remove_dir_all(&folder);
}

fn start(folder: &Path, calls: u16, cores: Cores) -> Server {
    let more = format!(
        "[api]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = \"sqlite:{}\"\n[[api_key]]\nname = \"bench\"\n\
         sha256 = \"{}\"\ntoken_key = \"{}\"\nscopes = [\"clients\"]\n\
         [[tenant]]\nname = \"{TENANT}\"\nhosts = [\"127.0.0.0/8\"]\ncalls = 30000\n\
         calls_per_second = 10000\ncalls_per_hour = 1000000\n",
        folder.join("patchcord.db").display(),
        KeyHash::of(KEY),
        hex(&public_key(KEY))
    );
    // Calls spread over the shards by chance, and each shard takes only its own share.
    Server::start_as(&Plan {
        handler: HANDLER,
        calls: 2 * calls,
        pairs: 4 * calls,
        more: &more,
        cores,
        reached: Reached::ByBrowsersToo,
    })
}

/// So many calls between two telephones.
fn telephones(server: &Server, voice: &Voice, calls: usize, time: Duration) -> Measured {
    let mut callers = Callers::new(server.sip, Then::Stay);
    let mut listeners = Listeners::saying(2 * calls, voice.mu_law.clone());
    let both = (&mut callers, &mut listeners);
    standing::fill(both, 2 * calls, FILL_RATE, |callers, listeners| {
        let (caller, callee) = (listeners.next(), listeners.next());
        callers.prepare_callee(callee);
        callers.call(caller);
    });
    standing::attend(&mut callers, &mut listeners, SETTLED);
    listeners.begin();
    let measured = measure(server, calls, || {
        standing::attend(&mut callers, &mut listeners, time);
        [listeners.heard(), Heard::default()]
    });
    assert_eq!(callers.failed, 0, "calls ended that should have stayed");
    callers.hang_up();
    callers.run_until(Instant::now() + SETTLED);
    measured
}

/// So many calls of browsers, each to a telephone.
fn browsers(server: &Server, voice: &Voice, calls: usize, time: Duration) -> Measured {
    let door = server.ws.expect("it has a door for clients");
    let mut far = FarEnd {
        callees: Callers::new(server.sip, Then::Stay),
        listeners: Listeners::saying(calls, voice.mu_law.clone()),
        browsers: Browsers::new(calls, (door, KEY, TENANT), voice.opus.clone()),
    };
    let number = far.callees.number();
    while far.browsers.calls() < calls {
        far.callees.prepare_callee(far.listeners.next());
        far.browsers.call(&number);
        far.attend(Duration::from_secs(1) / FILL_RATE);
    }
    let end = Instant::now() + HEARD_WITHIN;
    while far.browsers.connected() < calls && Instant::now() < end {
        far.attend(Duration::from_millis(20));
    }
    assert_eq!(far.browsers.failed, Vec::<String>::new(), "every call is answered");
    assert_eq!(far.browsers.connected(), calls, "every browser hears its telephone");
    far.attend(SETTLED);
    far.listeners.begin();
    far.browsers.begin();
    let measured = measure(server, calls, || {
        far.attend(time);
        [far.listeners.heard(), far.browsers.heard()]
    });
    assert_eq!(
        far.browsers.failed,
        Vec::<String>::new(),
        "calls ended that should have stayed"
    );
    far.browsers.leave();
    far.callees.run_until(Instant::now() + SETTLED);
    measured
}

/// Browsers, and the telephones that they talk to.
struct FarEnd {
    callees: Callers,
    listeners: Listeners,
    browsers: Browsers,
}

impl FarEnd {
    /// Lets calls go on for so long.
    fn attend(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.listeners.connect(&std::mem::take(&mut self.callees.connected));
            self.listeners.work(Instant::now());
            self.browsers.work(Instant::now());
            let due = self.listeners.due().min(self.browsers.due());
            self.callees.run_until(due.min(end));
        }
    }
}

fn measure(server: &Server, calls: usize, go_on: impl FnOnce() -> [Heard; 2]) -> Measured {
    let (late, before, begun) = (server.metric(LATE), server.usage(), Instant::now());
    let heard = go_on();
    let (after, took) = (server.usage(), begun.elapsed());
    Measured {
        calls,
        cores: (after.cpu - before.cpu).as_secs_f64() / took.as_secs_f64(),
        took,
        heard,
        late: server.metric(LATE) - late,
    }
}

fn report(what: &str, measured: &Measured) {
    let Measured { calls, cores, .. } = measured;
    line(
        &format!("{calls} {what}"),
        &format!(
            "{:.1} % of a core, {:.3} % a call",
            cores * 100.0,
            cores * 100.0 / *calls as f64
        ),
        &format!("{:.0} calls would fill a core", *calls as f64 / cores),
    );
    let [phones, browsers] = measured.heard;
    let Heard {
        packets, longest_gap, ..
    } = Heard::of_all(measured.heard.into_iter());
    let share = packets as f64 / (measured.took.as_secs_f64() * PACKETS_A_SECOND * 2.0 * *calls as f64);
    let verdict = match share < WHOLE {
        true => "INCOMPLETE: the CPU figure above is too low",
        false => "whole",
    };
    let figure = format!("{:.1} % of those expected", share * 100.0);
    line("  packets heard, both ways", &figure, verdict);
    line(
        "  lost to telephones, to browsers, longest gap",
        &format!("{}, {}, {}", phones.lost, browsers.lost, ms(longest_gap)),
        &format!("late slices of media: {:.0}", measured.late),
    );
}

fn compare(plain: &Measured, browsers: &Measured) {
    let each = |measured: &Measured| measured.cores / measured.calls as f64;
    line(
        "  browsers' legs a core, coded anew",
        &format!("{:.0}", 1.0 / each(browsers)),
        &format!(
            "a call costs {:.1} of those between telephones",
            each(browsers) / each(plain)
        ),
    );
}
