//! The API beside live calls: reads, changes of a route and changes of a call a second, with 200 calls that hear a prompt and speak,
//! and what the calls notice: slices of the media threads that came late, packets that are missing, the longest gap. `patchcord
//! serve` in its own process. Prints a table and fails on nothing.

#[path = "support/mod.rs"]
mod support;

use hyper::Method;
use patchcord_host::KeyHash;
use patchcord_host::api_client::{ApiClient, Sent};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::callers::{Callers, Then};
use support::listeners::Listeners;
use support::server::{Cores, Plan, Reached, Server};
use support::standing::{attend, fill};
use support::{Pace, headline, line, ms, quantile, sockets};

const CALLS: u16 = 200;
/// Calls a second at which they are placed.
const FILL_RATE: u32 = 50;
const PACKETS_A_SECOND: f64 = 50.0;
const KEY: &str = "pck_0000000000000000000000000000000000000000000000000000000000000041";
const LATE: &str = "patchcord_media_ticks_missed_total";

/// What one client did in a while.
struct Asked {
    took: Vec<Duration>,
    lasted: Duration,
}

fn main() {
    let pace = Pace::of_environment();
    sockets::allow_many();
    headline(&format!(
        "The API beside {CALLS} live calls with sound both ways, one client without a pause"
    ));
    let folder = std::env::temp_dir().join(format!("patchcord-bench-api-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the database");
    let server = start(&folder);
    let mut callers = Callers::new(server.sip, Then::Stay);
    let mut listeners = Listeners::new(usize::from(CALLS));
    let both = (&mut callers, &mut listeners);
    fill(both, usize::from(CALLS), FILL_RATE, |callers, listeners| {
        callers.call(listeners.next());
    });
    attend(&mut callers, &mut listeners, Duration::from_secs(2));
    let client = client(&server);
    let call = first_call(&client);
    deploy(&client);
    let time = pace.pick(Duration::from_secs(4), Duration::from_secs(20));

    let mut during = |what: &str, ask: Option<&(dyn Fn(u64) + Sync)>| {
        listeners.begin();
        let late = server.metric(LATE);
        let asked = beside(&mut callers, &mut listeners, time, ask);
        report(what, &asked, server.metric(LATE) - late, &listeners, time);
    };
    during("nobody asks", None);
    let live = format!("/v1/calls/{call}");
    during(
        "reads of a live call",
        Some(&|_| drop(ask(&client, Method::GET, &live, Sent::Nothing))),
    );
    during(
        "lists of live calls",
        Some(&|_| {
            drop(ask(&client, Method::GET, "/v1/calls?status=in-progress", Sent::Nothing));
        }),
    );
    during(
        "messages to a live call",
        Some(&|number| {
            let body = json!({ "name": "tick", "data": number.to_string() });
            // Once its inbox is full the call refuses more, which costs the same.
            let _ = client.ask(Method::POST, &format!("{live}/messages"), Sent::Json(body));
        }),
    );
    during(
        "changes of a route",
        Some(&|number| {
            let path = format!("/v1/routes/{}", 100 + number % 2);
            drop(ask(
                &client,
                Method::PUT,
                &path,
                Sent::Json(json!({ "handler": "deployed" })),
            ));
        }),
    );
    assert_eq!(callers.failed, 0, "calls ended that should have stayed");
    callers.hang_up();
    callers.run_until(Instant::now() + Duration::from_secs(1));
    server.stop();
    let _ = std::fs::remove_dir_all(&folder);
}

fn start(folder: &std::path::Path) -> Server {
    let more = format!(
        "[api]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = \"sqlite:{}\"\n[[api_key]]\nname = \"bench\"\n\
         sha256 = \"{}\"\nscopes = [\"read\", \"write\", \"admin\"]\n",
        folder.join("patchcord.db").display(),
        KeyHash::of(KEY)
    );
    // Calls spread over the shards by chance, and each shard takes only its own share.
    Server::start_as(&Plan {
        handler: "tests/load/player",
        calls: 2 * CALLS,
        pairs: 2 * CALLS,
        more: &more,
        cores: Cores::All,
        reached: Reached::ByPhones,
    })
}

fn client(server: &Server) -> ApiClient {
    let address = server.api.expect("it has an API");
    ApiClient::new(&format!("http://{address}"), KEY, None).expect("an address and a key")
}

fn ask(client: &ApiClient, method: Method, path: &str, sent: Sent) -> Value {
    client.ask(method, path, sent).expect("the node does it")
}

/// A handler that routes can lead to.
fn deploy(client: &ApiClient) {
    let module = std::fs::read(support::server::build("tests/load/player")).expect("what was just built");
    let sent = Sent::Bytes("application/wasm", module);
    let uploaded = ask(client, Method::POST, "/v1/modules", sent);
    let version = json!({ "module": uploaded["hash"] });
    ask(
        client,
        Method::POST,
        "/v1/handlers/deployed/versions",
        Sent::Json(version),
    );
    let all = json!({ "version": 1 });
    ask(client, Method::PUT, "/v1/handlers/deployed/rollout", Sent::Json(all));
}

fn first_call(client: &ApiClient) -> String {
    let list = ask(client, Method::GET, "/v1/calls?status=in-progress", Sent::Nothing);
    let id = list["calls"][0]["id"].as_str().expect("there are calls");
    id.to_owned()
}

/// Lets calls go on for so long, while somebody asks one thing after the other.
fn beside(
    callers: &mut Callers,
    listeners: &mut Listeners,
    time: Duration,
    ask: Option<&(dyn Fn(u64) + Sync)>,
) -> Asked {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let (began, mut took) = (Instant::now(), Vec::new());
            while let Some(ask) = ask
                && !stop.load(Ordering::Relaxed)
            {
                let asked = Instant::now();
                ask(took.len() as u64);
                took.push(asked.elapsed());
            }
            took.sort_unstable();
            let lasted = began.elapsed();
            Asked { took, lasted }
        });
        attend(callers, listeners, time);
        stop.store(true, Ordering::Relaxed);
        asking.join().expect("the client ends when told")
    })
}

fn report(what: &str, asked: &Asked, late: f64, listeners: &Listeners, time: Duration) {
    let figure = match asked.took.is_empty() {
        true => String::new(),
        false => {
            let rate = asked.took.len() as f64 / asked.lasted.as_secs_f64();
            format!("{rate:.0} a second, p99 {}", ms(quantile(&asked.took, 0.99)))
        }
    };
    line(what, &figure, "");
    let slices = time.as_secs_f64() * 200.0;
    let heard = listeners.heard();
    let share = heard.packets as f64 / (time.as_secs_f64() * PACKETS_A_SECOND * f64::from(CALLS));
    line(
        "  late slices of media, packets heard",
        &format!("{late:.0} of {slices:.0} a thread, {:.1} %", 100.0 * share),
        &format!("{} lost, longest gap {}", heard.lost, ms(heard.longest_gap)),
    );
}
