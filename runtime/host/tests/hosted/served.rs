//! A node as its operator starts it: the binary, a configuration file and a database; and a phone that is its carrier. For any database.

use super::database::database;
use super::handlers::{call_module, wasm};
use super::http::{Answer, Client};
use super::support::phone::{Outcome, TestPhone};
use patchcord_host::KeyHash;
use patchcord_sim::phone::{Action, Event};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

pub const PATIENCE: Duration = Duration::from_secs(30);
pub const KEY: &str = "pck_0000000000000000000000000000000000000000000000000000000000000021";
pub const OPERATOR: &str = "pck_0000000000000000000000000000000000000000000000000000000000000022";
pub const STRANGER: &str = "pck_0000000000000000000000000000000000000000000000000000000000000023";
/// A number that the tenant is given.
pub const OWN: &str = "+4930111111";
/// Who is called to see what is shown.
pub const FRIEND: &str = "+4930333333";

/// What all nodes here are told, after the parts that differ.
const REST: &str = r#"
[sip]
listen = "127.0.0.1:0"
strangers = "answer"
[limits]
calls = 64
[log]
level = "debug"
[api]
listen = "127.0.0.1:0"
[journal]
folder = "journals"
[trace]
folder = "traces"
[recordings]
folder = "recordings"
[[handler]]
name = "caller-id"
module = "caller-id.wasm"
[[handler]]
name = "tone"
module = "tone.wasm"
[[tenant]]
name = "default"
country = "49"
bare = "international"
calls_per_second = 1000
calls = 200
spend_per_day = 50
[[tenant.destination]]
name = "Germany"
prefix = "+49"
price = 0
[[tenant.destination]]
name = "Austria"
prefix = "+43"
price = 0
[[tenant.destination]]
name = "United Kingdom"
prefix = "+44"
price = 60
[[tenant]]
name = "stranger"
"#;

/// A running node, in a folder that is gone with it.
pub struct Served {
    child: Child,
    folder: PathBuf,
    api: SocketAddr,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Served {
    /// A node whose carrier for all numbers but Austria's is a phone, with more in its file.
    pub fn start(name: &str, phone: SocketAddr, more: &str) -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("patchcord-served-{}-{name}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("caller-id.wasm"), wasm("caller-id")).unwrap();
        std::fs::write(folder.join("tone.wasm"), call_module("endless_tone")).unwrap();
        // Below those that the system gives to others, and apart from those of other tests.
        let first = 10_000 + (std::process::id() % 4) as u16 * 1_024 + number * 128;
        let mut text = format!(
            "[media]\nports = \"{first}-{}\"\n[database]\nurl = \"{}\"\n",
            first + 127,
            database(name).url
        );
        let all = "\"read\", \"write\", \"admin\"";
        for (key, tenant, scopes) in [
            (KEY, "default", all.to_owned()),
            (OPERATOR, "default", format!("{all}, \"operator\"")),
            (STRANGER, "stranger", all.to_owned()),
        ] {
            text += &format!(
                "[[api_key]]\nname = \"test\"\ntenant = \"{tenant}\"\nsha256 = \"{}\"\nscopes = [{scopes}]\n",
                KeyHash::of(key)
            );
        }
        text += &trunk("carrier", phone, "\"+49\", \"+44\"");
        std::fs::write(folder.join("patchcord.toml"), text + REST + more).unwrap();
        let (child, api) = spawn(&folder);
        Self { child, folder, api }
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends it without a warning, and starts it again.
    pub fn restart(&mut self) {
        self.kill();
        (self.child, self.api) = spawn(&self.folder);
    }

    pub fn client(&self, key: &str) -> Client {
        Client::new(self.api, key)
    }

    /// What it has written of calls beside its database: log, end records, journals and traces.
    pub fn written(&self) -> Vec<u8> {
        let mut files = vec![self.folder.join("log"), self.folder.join("calls.jsonl")];
        for folder in ["journals", "traces"] {
            let entries = std::fs::read_dir(self.folder.join(folder)).unwrap();
            files.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
        }
        files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
    }

    /// Sets a quota of the tenant.
    pub fn limit(&self, metric: &str, most: u64) {
        let path = format!("/v1/tenants/default/quotas/{metric}");
        let set = self
            .client(OPERATOR)
            .ask("PUT", &path, &[], Some(json!({ "most": most })));
        assert_eq!(set.status, 200, "{}", set.text);
    }

    /// Gives the tenant its number.
    pub fn give_number(&self) {
        let path = format!("/v1/tenants/default/numbers/{}", OWN.replace('+', "%2B"));
        let given = self
            .client(OPERATOR)
            .ask("PUT", &path, &[], Some(json!({ "handler": null })));
        assert_eq!(given.status, 201, "{}", given.text);
    }
}

/// A trunk to a phone.
pub fn trunk(name: &str, phone: SocketAddr, prefixes: &str) -> String {
    format!(
        "[[trunk]]\nname = \"{name}\"\nhost = \"127.0.0.1\"\nport = {}\nprefixes = [{prefixes}]\ncalls = 200\n\
         calls_per_second = 1000\n",
        phone.port()
    )
}

fn spawn(folder: &Path) -> (Child, SocketAddr) {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_patchcord"))
        .args(["serve", "--config"])
        .arg(folder.join("patchcord.toml"))
        .stdout(Stdio::piped())
        .stderr(log.unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next().map(Result::unwrap).unwrap_or_default();
    // Its log may go on there.
    std::thread::spawn(move || lines.for_each(drop));
    let api = line.split(' ').find_map(|word| word.strip_prefix("api="));
    let Some(api) = api else {
        panic!("{line} {}", std::fs::read_to_string(folder.join("log")).unwrap());
    };
    (child, api.parse().unwrap())
}

/// A phone in a thread of its own that takes one call.
pub struct Rung {
    phone: std::thread::JoinHandle<(TestPhone, Outcome)>,
    script: SyncSender<Vec<(Duration, Action)>>,
}

impl Rung {
    /// It answers once it knows what it is to do.
    pub fn waits(mut phone: TestPhone) -> Self {
        let (script, told): (_, Receiver<Vec<(Duration, Action)>>) = sync_channel(1);
        let phone = std::thread::spawn(move || {
            let outcome = phone.take_call(|| told.recv_timeout(PATIENCE).unwrap());
            (phone, outcome)
        });
        Self { phone, script }
    }

    /// It answers, and does all this.
    pub fn told(phone: TestPhone, script: Vec<(Duration, Action)>) -> Self {
        let rung = Self::waits(phone);
        rung.script.send(script).unwrap();
        rung
    }

    pub fn does(self, script: Vec<(Duration, Action)>) -> (TestPhone, Outcome) {
        self.script.send(script).unwrap();
        self.over()
    }

    pub fn over(self) -> (TestPhone, Outcome) {
        self.phone.join().unwrap()
    }
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn until(client: &Client, path: &str, right: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let Answer { status, body, .. } = client.get(path);
        if status == 200 && right(&body) {
            return body;
        }
        assert!(Instant::now() < deadline, "{path}: {status} {body}");
        std::thread::sleep(ms(20));
    }
}

/// Status and code of a refusal.
pub fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap_or(&answer.text))
}

/// Places a call of the tone; its path.
pub fn place(client: &Client, to: &str, from: Option<&str>) -> String {
    let mut wanted = json!({ "to": { "number": to }, "handler": "tone" });
    if let Some(from) = from {
        wanted["from"] = json!(from);
    }
    let placed = client.post("/v1/calls", Some(wanted));
    assert_eq!(placed.status, 201, "{}", placed.text);
    format!("/v1/calls/{}", placed.body["call"].as_str().unwrap())
}

/// Places a call; which number the phone sees, or why there is no call.
pub fn shows(client: &Client, phone: TestPhone, to: &str, from: Option<&str>) -> (TestPhone, Result<String, String>) {
    let rung = Rung::told(phone, vec![(ms(100), Action::HangUp)]);
    let call = place(client, to, from);
    let over = |call: &Value| matches!(call["status"].as_str(), Some("failed" | "completed"));
    let seen = until(client, &call, over);
    if seen["status"] == "completed" {
        let (phone, outcome) = rung.over();
        return (phone, Ok(shown_to(&outcome)));
    }
    // The phone waits still: a call with the tenant's own number is always allowed.
    place(client, FRIEND, Some(OWN));
    let refusal = seen["refusal"].as_str().unwrap_or_default().to_owned();
    (rung.over().0, Err(refusal))
}

/// Who called, as the phone saw it.
pub fn shown_to(outcome: &Outcome) -> String {
    let user = outcome.events.iter().find_map(|event| match event {
        Event::Incoming(caller) => Some(caller.user.clone()),
        _ => None,
    });
    user.expect("a call came")
}
