//! A table of files: what a right one means, and the sentence for each that is wrong.

use super::*;
use crate::clients::IceServers;
use crate::journals::JournalFolder;
use patchcord_switch::PrivateValues;
use std::net::{IpAddr, Ipv4Addr};

const LEAST: &str = r#"user = [{ name = "ann", password = "not to be shown" }]
[sip]
listen = "127.0.0.1:5060"
[[handler]]
name = "menu"
module = "menu.wasm"
[[route]]
to = "*"
handler = "menu"
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("/etc/patchcord/patchcord.toml"), text)
}

/// A file with all it needs and one section more.
pub(super) fn with(name: &str, section: &str) -> String {
    format!(
        "[sip]\nlisten = \"127.0.0.1:5060\"\nstrangers = \"answer\"\n[[handler]]\nname = \"menu\"\nmodule = \"menu.wasm\"\n[[route]]\nto = \"*\"\nhandler = \"menu\"\n[{name}]\n{section}"
    )
}

#[test]
fn a_handler_has_a_version_that_is_tried_or_none() {
    let tried = |candidate: &str| {
        let text = LEAST.replace("\"menu.wasm\"\n", &format!("\"menu.wasm\"\n{candidate}\n"));
        parse(&text).unwrap().handlers[0].candidate.clone()
    };
    assert_eq!(tried(""), None);
    let module = PathBuf::from("/etc/patchcord/two.wasm");
    let shadow = Some(Version {
        module: module.clone(),
        trial: Trial::Shadow,
    });
    assert_eq!(tried("candidate = { module = \"two.wasm\" }"), shadow);
    let take_out = TakeOut {
        failing_percent: 25,
        calls: 20,
    };
    let trial = Trial::Share { percent: 5, take_out };
    let text = "candidate = { module = \"two.wasm\", percent = 5, failing_percent = 25 }";
    assert_eq!(tried(text), Some(Version { module, trial }));
}

#[test]
fn the_least_file_has_the_defaults() {
    let config = parse(LEAST).unwrap();
    let node = &config.node;
    assert_eq!(node.sip.listen, "127.0.0.1:5060".parse().unwrap());
    assert_eq!(node.media.advertise, IpAddr::V4(Ipv4Addr::LOCALHOST));
    assert_eq!((node.media.ports.clone(), node.calls), (20_000..=23_999, 1_000));
    assert_eq!(node.media.timeout, Some(Duration::from_secs(30)));
    assert_eq!((node.http, node.dns, &node.traces), (None, None, &None));
    assert_eq!(node.journals, None, "nothing is kept unless a folder is named");
    assert_eq!(node.records, RecordsTo::File("/etc/patchcord/calls.jsonl".into()));
    assert_eq!(node.recordings, Some("/etc/patchcord/recordings".into()));
    assert_eq!(node.streams.allow, StreamAllow::default());
    assert_eq!(config.drain, Duration::from_secs(60));
    assert_eq!(config.handlers[0].module, Path::new("/etc/patchcord/menu.wasm"));
    assert_eq!(config.handlers[0].tenant, Tenant("default".to_owned()));
    assert_eq!(config.routes[0].to, Pattern::Any);
}

const EVERYTHING: &str = r#"user = [{ name = "ann", password = "not to be shown", tenant = "acme" }]
[sip]
listen = "0.0.0.0:5070"
advertise = "203.0.113.5"
threads = 3
[http]
listen = "127.0.0.1:9060"
[media]
ports = "30000-30199"
address = "0.0.0.0"
threads = 2
timeout_s = 0
[records]
cdr = "stdout"
[recordings]
folder = "/var/lib/patchcord/voices"
[streams]
allow = ["wss://agents.example/talk/", "ws://127.0.0.1:8765/agent"]
roots = "agents.pem"
[dns]
server = "127.0.0.1:5353"
[trace]
folder = "traces"
keep = 10
mib = 5
[journal]
folder = "/var/lib/patchcord/journals"
private = "hide"
keep_days = 3
mib = 7
[limits]
calls = 100
memory_mib = 16
turn_cpu_ms = 50
call_s = 600
drain_s = 5
[log]
format = "json"
level = "debug"
[[handler]]
name = "sales"
module = "/opt/sales.wasm"
tenant = "acme"
[[route]]
to = "100"
handler = "sales"
tenant = "acme"
"#;

#[test]
fn every_key_has_its_effect() {
    let config = parse(EVERYTHING).unwrap();
    let node = &config.node;
    assert_eq!(node.sip.advertise, Some("203.0.113.5:0".parse().unwrap()));
    assert_eq!(node.media.advertise, "203.0.113.5".parse::<IpAddr>().unwrap());
    assert_eq!(node.http, Some("127.0.0.1:9060".parse().unwrap()));
    assert_eq!((node.shards, node.media.threads, node.calls), (3, 2, 100));
    assert_eq!((node.media.ports.clone(), node.media.timeout), (30_000..=30_199, None));
    assert_eq!(node.records, RecordsTo::Stdout);
    assert_eq!(node.recordings, Some("/var/lib/patchcord/voices".into()));
    let allows = |url| node.streams.allow.allows(&StreamUrl::parse(url).unwrap());
    assert!(allows("wss://agents.example/talk/de?x=1") && allows("ws://127.0.0.1:8765/agent"));
    assert!(!allows("wss://agents.example/") && !allows("ws://127.0.0.1:8765/agent/more"));
    assert_eq!(node.streams.roots, Some("/etc/patchcord/agents.pem".into()));
    assert_eq!(node.dns, Some("127.0.0.1:5353".parse().unwrap()));
    let traces = TraceFolder {
        folder: "/etc/patchcord/traces".into(),
        keep: 10,
        bytes: 5 * 1024 * 1024,
    };
    assert_eq!(node.traces, Some(traces));
    let journals = JournalFolder {
        folder: "/var/lib/patchcord/journals".into(),
        private: PrivateValues::Hide,
        keep: Duration::from_secs(3 * 86_400),
        bytes: 7 * 1024 * 1024,
    };
    assert_eq!(node.journals, Some(journals));
    assert_eq!(node.instance.memory_bytes, 16 * 1024 * 1024);
    let default = patchcord_guest::Limits::default();
    assert_eq!(node.instance.turn_cpu_ms, 50);
    assert_eq!(
        node.instance.turn_fuel,
        default.turn_fuel * 50 / u64::from(default.turn_cpu_ms)
    );
    assert_eq!(node.call.call_duration, Duration::from_secs(600));
    assert_eq!(config.drain, Duration::from_secs(5));
    assert_eq!(
        (config.log_format, config.log_level),
        (Format::Json, LevelFilter::DEBUG)
    );
    assert_eq!(config.handlers[0].module, Path::new("/opt/sales.wasm"));
    assert_eq!(config.routes[0].to, Pattern::User("100".to_owned()));
    assert_eq!(config.routes[0].tenant, Tenant("acme".to_owned()));
}

/// What is wrong, as a change to the least file (or another file), and the sentence.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "listen",
        "lissten",
        ":3: [sip] has no key `lissten`: did you mean `listen`?",
    ),
    (
        "listen",
        "host",
        ":3: [sip] has no key `host`: there are listen, advertise, threads, tcp, tls, ws, wss, certificate, key, client_ca, roots, domain, strangers, registered, digest",
    ),
    ("[sip]", "[spi]", ":2: the file has no key `spi`: did you mean `sip`?"),
    (
        "127.0.0.1:5060",
        "localhost",
        ":3: [sip] listen: \"localhost\" is not possible here: give an address and port such as \"192.0.2.10:5060\", or a list of them",
    ),
    (
        "127.0.0.1:5060",
        "0.0.0.0:5060",
        ":2: [sip] advertise: phones cannot send to 0.0.0.0: give the address that reaches this machine, such as \"203.0.113.5\"",
    ),
    (
        "\"127.0.0.1:5060\"",
        "5060",
        ":3: [sip] listen: 5060 is not possible here: give an address and port such as \"192.0.2.10:5060\", or a list of them",
    ),
    (
        "[[handler]]",
        "[handler]",
        ":4: handler: there may be several of these: write each as [[handler]]",
    ),
    (
        "name = \"menu\"",
        "",
        ":4: [[handler]] name: it is missing: give a name of letters, digits, `-` and `_`, at most 64 of them",
    ),
    (
        "name = \"menu\"",
        "name = \"m nu\"",
        ":5: [[handler]] name: \"m nu\" is not possible here: give a name of letters, digits, `-` and `_`, at most 64 of them",
    ),
    (
        "handler = \"menu\"",
        "handler = \"mneu\"",
        ":9: [[route]] handler: tenant \"default\" has no handler \"mneu\": did you mean \"menu\"?",
    ),
    (
        "handler = \"menu\"",
        "handler = \"sales\"",
        ":9: [[route]] handler: tenant \"default\" has no handler \"sales\": add a [[handler]] of that name",
    ),
    (
        "handler = \"menu\"",
        "handler = \"menu\"\nfallback = [{ handler = \"mneu\" }]",
        ":10: [[route]] fallback: tenant \"default\" has no handler \"mneu\": did you mean \"menu\"?",
    ),
    (
        "handler = \"menu\"",
        "handler = \"menu\"\nfallback = [{ handler = \"menu\", on = \"death\" }]",
        ":10: [[fallback]] on: \"death\" is not possible here: give \"trap\", \"budget\", \"start\" or \"returned\", or a list of them",
    ),
    (
        "handler = \"menu\"",
        "handler = \"menu\"\nfallback = [{handler=\"menu\"}, {handler=\"menu\"}, {handler=\"menu\"}, {handler=\"menu\"}, {handler=\"menu\"}, {handler=\"menu\"}, {handler=\"menu\"}, {handler=\"menu\"}, {handler=\"menu\"}]",
        ":10: [[route]] fallback: a route has at most 8 of them",
    ),
    (
        "module = \"menu.wasm\"",
        "module = \"menu.wasm\"\ncandidate = { module = \"two.wasm\", percent = 101 }",
        ":7: [candidate] percent: 101 is not possible here: give a whole number from 1 to 100",
    ),
    (
        "module = \"menu.wasm\"",
        "module = \"menu.wasm\"\ncandidate = { percent = 10 }",
        ":7: [candidate] module: it is missing: give the file that `patchcord build` wrote",
    ),
    (
        "handler = \"menu\"",
        "handler = \"menu\"\nfallback = \"menu\"",
        ":10: [[route]] fallback: there may be several of these: write each as [[fallback]]",
    ),
    (
        "to = \"*\"",
        "to = \"a@b\"",
        ":8: [[route]] to: \"a@b\" is not possible here: give \"*\" for every call, or the user part of the called address such as \"100\"",
    ),
    (
        "[[route]]\nto = \"*\"\nhandler = \"menu\"",
        "",
        ":1: route: there is none, so no call would be taken: add a [[route]] with to = \"*\"",
    ),
    ("[sip]", "[sip", ":2: this is not TOML: "),
];

#[test]
fn what_is_wrong_is_said_with_its_line_and_what_would_be_right() {
    for (right, wrong, sentence) in WRONG {
        assert!(LEAST.contains(right), "{right}");
        let error = parse(&LEAST.replacen(right, wrong, 1)).unwrap_err().to_string();
        let expected = format!("/etc/patchcord/patchcord.toml{sentence}");
        let same = if sentence.ends_with(": ") {
            error.starts_with(&expected)
        } else {
            error == expected
        };
        assert!(same, "instead of\n{expected}\nit says\n{error}");
    }
}

#[test]
fn numbers_ranges_and_parts_that_do_not_go_together() {
    for (more, sentence) in [
        (
            "[limits]\ncalls = 0",
            "[limits] calls: 0 is not possible here: give a whole number from 1 to 32767",
        ),
        (
            "[limits]\ncalls = -1",
            "[limits] calls: -1 is not possible here: give a whole number from 1 to 32767",
        ),
        (
            "[limits]\ncalls = \"9\"",
            "[limits] calls: \"9\" is not possible here: give a whole number from 1 to 32767",
        ),
        (
            "[media]\ncodecs = [\"opus\", \"gsm\"]",
            "[media] codecs: [\"opus\", \"gsm\"] is not possible here: give \"opus\", \"G722\", \"PCMU\", \"PCMA\", \"L16/16000\" or \"L16/8000\", or a list of them",
        ),
        (
            "[media]\ncodecs = [\"opus\", \"OPUS\"]",
            "[media] codecs: one stands there twice: give each once",
        ),
        (
            "[media]\nports = \"20001-20100\"",
            "[media] ports: \"20001-20100\" is not possible here: give two ports such as \"20000-23999\", the first even and below the second",
        ),
        (
            "[limits]\ncalls = 3000",
            "[limits] calls: 3000 calls need as many port pairs and 20000-23999 has 2000: lower [limits] calls, or give more [media] ports",
        ),
        (
            "[media]\naddress = \"::1\"\nadvertise = \"203.0.113.5\"",
            "[media] advertise: 203.0.113.5 and the socket's ::1 are not both IPv4 or both IPv6: give two of a kind",
        ),
        (
            "[dns]\nserver = \"ns.example\"",
            "[dns] server: \"ns.example\" is not possible here: give an address and port such as \"192.0.2.10:5060\"",
        ),
        (
            "[streams]\nallow = \"https://agents.example\"",
            "[streams] allow: \"https://agents.example\" is not possible here: give an address such as \"wss://agents.example.com/talk/\", which allows all below it, or a list of them",
        ),
        (
            "[trace]\nkeep = 5",
            "[trace] folder: it is missing: give the folder that traces are written to",
        ),
        (
            "[log]\nlevel = \"loud\"",
            "[log] level: \"loud\" is not possible here: give \"error\", \"warn\", \"info\" or \"debug\"",
        ),
        (
            "[[route]]\nto = \"100\"\nhandler = \"menu\"",
            "[[route]] to: a route above takes all of these calls: put this one before it, or remove it",
        ),
        (
            "[[handler]]\nname = \"menu\"\nmodule = \"x\"",
            "[[handler]] name: there is a handler \"menu\" above: give another name",
        ),
    ] {
        let error = parse(&format!("{LEAST}{more}")).unwrap_err().to_string();
        assert!(error.ends_with(sentence), "instead of\n{sentence}\nit says\n{error}");
        let line: usize = error.split(':').nth(1).unwrap().parse().unwrap();
        assert!((10..=13).contains(&line), "{error}");
    }
}

#[test]
fn without_a_word_there_are_as_many_calls_as_ports_allow() {
    let few = parse(&with("media", "ports = \"20000-20009\"")).unwrap();
    assert_eq!(few.node.calls, 5);
}

#[test]
fn who_deploys_by_the_api_needs_no_handler_in_the_file() {
    let key = format!("[[api_key]]\nname = \"ci\"\nsha256 = \"{}\"\n", "ab".repeat(32));
    let text = format!(
        "[sip]\nlisten = \"127.0.0.1:5060\"\nstrangers = \"answer\"\n[api]\nlisten = \"127.0.0.1:8080\"\n{key}"
    );
    let config = parse(&text).unwrap();
    assert!(config.handlers.is_empty() && config.routes.is_empty());
    let user = format!("{text}[[user]]\nname = \"alice\"\npassword = \"long enough\"\n");
    assert!(parse(&user).is_ok(), "a user of the tenant that deploys");
}

#[test]
fn packets_are_asked_for_in_tens_of_milliseconds() {
    let read = |more: &str| parse(&format!("{LEAST}{more}"));
    assert_eq!(read("").unwrap().node.media.ptime_ms, 20);
    assert_eq!(read("[media]\nptime_ms = 40").unwrap().node.media.ptime_ms, 40);
    for (ms, sentence) in [
        (25, "it has to be 10, 20, 30, 40, 50 or 60"),
        (70, "70 is not possible here: give a whole number from 10 to 60"),
    ] {
        let error = read(&format!("[media]\nptime_ms = {ms}")).unwrap_err().to_string();
        assert!(error.ends_with(&format!("[media] ptime_ms: {sentence}")), "{error}");
    }
}

#[test]
fn a_file_that_is_not_there_is_a_sentence() {
    let error = Config::read(Path::new("/nowhere/patchcord.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("/nowhere/patchcord.toml: cannot be read: "),
        "{error}"
    );
}

#[test]
fn calls_in_and_out_are_said_in_sentences_that_show_no_secret() {
    let nobody = LEAST.split_once('\n').unwrap().1;
    let strangers = nobody.replacen("[sip]", "[sip]\nstrangers = \"answer\"", 1);
    for (more, sentence) in [
        (
            "[[user]]\nname = \"bob\"",
            "[[user]] password: it is missing: give a text, \"env:NAME\" or \"file:PATH\", or a ha1 instead",
        ),
        (
            "[[user]]\nname = \"bob\"\npassword = \"x\"\ntenant = \"acme\"",
            "user: there is no tenant \"acme\": add a [[tenant]] or a [[handler]] of it",
        ),
        (
            "[[trunk]]\nname = \"t\"\nhost = \"c.example\"\npassword = \"hush\"",
            "[[trunk]] username: it is missing: username, password and realm go together",
        ),
        (
            "[[tenant]]\nname = \"default\"\n[[tenant.destination]]\nname = \"x\"\nprefix = \"+49\"",
            "price: it is missing: give what a minute costs, such as 0.02, or 0",
        ),
    ] {
        let error = parse(&format!("{strangers}{more}")).unwrap_err().to_string();
        assert!(error.ends_with(sentence), "instead of\n{sentence}\nit says\n{error}");
        assert!(!error.contains("hush"), "{error}");
    }
    let error = parse(nobody).unwrap_err().to_string();
    assert!(error.contains("[sip] strangers: nobody could call"), "{error}");
}

/// The file that shows everything is right as it stands.
#[test]
fn the_example_of_an_office_is_a_right_one() {
    let text = include_str!("../../../../examples/patchcord.toml");
    // Where its secrets are is the business of the machine it runs on.
    let text = text
        .replace("env:ALICE_PASSWORD", "hush")
        .replace("file:carrier.password", "hush");
    let config = parse(&text).unwrap();
    assert_eq!(config.calling.gate.users.len(), 2);
    assert_eq!(config.node.domain.as_deref(), Some("office.example"));
    assert_eq!(config.node.trunks.len(), 1);
    assert_eq!(config.node.trunks[0].registers, Some(Duration::from_secs(600)));
    assert_eq!(config.routes.len(), 3);
    let [fallback] = &config.routes[1].fallbacks[..] else {
        panic!("one fallback");
    };
    assert_eq!(fallback.handler, "outside-line");
    assert_eq!(fallback.on, [Breakage::Trap, Breakage::Budget]);
    assert_eq!(config.routes[2].fallbacks.len(), 0);
}

#[test]
fn servers_for_the_sound_of_clients_are_named_with_the_secret_of_a_relay() {
    let read = |media: &str, turn: &str| parse(&format!("{LEAST}[media]\n{media}\n[turn]\n{turn}"));
    let door = "browser_port = 7000";
    let all = "urls = [\"stun:turn.example.com\", \"turns:turn.example.com:443?transport=tcp\"]\nsecret = \"hush\"";
    let servers = read(door, all).unwrap().node.media.ice_servers;
    assert!(
        servers != IceServers::default() && !format!("{servers:?}").contains("hush"),
        "{servers:?}"
    );
    assert_eq!(read("", "").unwrap().node.media.ice_servers, IceServers::default());
    for (media, turn, sentence) in [
        (
            "",
            all,
            "[turn] urls: it says nothing without [media] browser_port: give that too",
        ),
        (
            door,
            "urls = \"turn.example.com\"",
            "give addresses such as \"turn:turn.example.com\" or \"turns:turn.example.com:443?transport=tcp\", or a list of them",
        ),
        (
            door,
            "urls = \"turn:turn.example.com\"",
            "[turn] secret: it is missing: give what the TURN server has as static-auth-secret",
        ),
        (
            door,
            "secret = \"hush\"",
            "[turn] secret: it is for a TURN server: name one in urls, such as \"turn:turn.example.com\"",
        ),
    ] {
        let error = read(media, turn).unwrap_err().to_string();
        assert!(error.ends_with(sentence), "instead of\n{sentence}\nit says\n{error}");
        assert!(!error.contains("hush"), "{error}");
    }
}
