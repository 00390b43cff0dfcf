//! The section of the cluster: what a right one means, and the sentence for each that is wrong.

use super::super::Config;
use super::{ClusterConfig, NodeDoor};
use crate::api::KeyHash;
use crate::certificates::Identity;
use patchcord_cluster::Credentials;
use std::path::Path;
use std::time::Duration;

const API: &str = "[api]\nlisten = \"127.0.0.1:8080\"\n";
const CERTIFIED: &str = "certificate = \"node.pem\"\nkey = \"/etc/keys/node.key\"\n";

/// A file with this section and all else that a node needs.
fn file(section: &str) -> String {
    let hash = KeyHash::of("pck_1");
    format!(
        "[sip]\nlisten = \"127.0.0.1:5060\"\nstrangers = \"answer\"\n[[handler]]\nname = \"menu\"\nmodule = \"menu.wasm\"\n\
         [[route]]\nto = \"*\"\nhandler = \"menu\"\n{API}[[api_key]]\nname = \"ci\"\nsha256 = \"{hash}\"\n[cluster]\n{section}"
    )
}

fn parse(text: &str) -> Result<Option<ClusterConfig>, String> {
    let config = Config::parse(Path::new("/etc/patchcord/patchcord.toml"), text);
    config.map(|config| config.node.cluster).map_err(|why| why.to_string())
}

/// A section that is right, with these lines in place of those of the same keys.
fn section(lines: &str) -> String {
    let usual = [
        "servers = [\"nats1.example.com:4222\"]",
        "roots = \"authority.pem\"",
        "node = \"eu1-a\"",
        "region = \"eu1\"",
        "password = \"hush\"",
    ];
    let key = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    let replaced: Vec<_> = lines.lines().map(key).collect();
    let kept = usual.iter().filter(|line| !replaced.contains(&key(line)));
    kept.fold(lines.to_owned(), |text, line| text + line + "\n")
}

fn right(lines: &str) -> ClusterConfig {
    parse(&file(&section(lines))).unwrap().unwrap()
}

#[track_caller]
fn wrong(lines: &str) -> String {
    parse(&file(&section(lines))).unwrap_err()
}

#[test]
fn without_the_section_a_node_is_alone_and_without_sip_it_has_no_door() {
    let alone = file("").replace("[cluster]\n", "");
    assert!(parse(&alone).unwrap().is_none());
    let config = right("");
    assert!(config.door.is_none());
    let joins = config.membership;
    assert_eq!((joins.node.as_str(), joins.region.as_str()), ("eu1-a", "eu1"));
    assert_eq!((joins.cluster.as_str(), joins.replicas), ("patchcord", 1));
    assert_eq!(joins.lease, Duration::from_secs(10));
    assert_eq!(
        joins.credentials,
        Credentials::Password {
            user: "eu1-a".to_owned(),
            password: "hush".to_owned(),
        }
    );
    assert_eq!(joins.tls.roots, Path::new("/etc/patchcord/authority.pem"));
    assert!(joins.tls.certificate.is_none());
}

#[test]
fn a_certificate_takes_the_place_of_a_password() {
    let with = section(CERTIFIED).replace("password = \"hush\"\n", "");
    let config = parse(&file(&with)).unwrap().unwrap();
    assert_eq!(config.membership.credentials, Credentials::Certificate);
    let without = section("").replace("password = \"hush\"\n", "");
    let said = parse(&file(&without)).unwrap_err();
    assert!(said.contains("[cluster] password: it is missing"), "{said}");
}

#[test]
fn the_door_for_other_nodes_has_an_address_and_a_certificate() {
    let door = |lines: &str| right(&format!("{CERTIFIED}{lines}")).door.unwrap();
    let here = "10.0.0.5:5071".parse().unwrap();
    let expected = NodeDoor {
        listen: here,
        advertise: here,
        identity: Identity {
            certificate: "/etc/patchcord/node.pem".into(),
            key: "/etc/keys/node.key".into(),
        },
        roots: "/etc/patchcord/authority.pem".into(),
    };
    assert_eq!(door("sip = \"10.0.0.5:5071\"\n"), expected);
    let elsewhere = door("sip = \"[2001:db8::5]:5071\"\nsip_listen = \"[::]:6071\"\n");
    assert_eq!(elsewhere.advertise, "[2001:db8::5]:5071".parse().unwrap());
    assert_eq!(elsewhere.listen, "[::]:6071".parse().unwrap());
}

#[test]
fn a_door_that_could_not_work_is_refused_with_what_would_be_right() {
    for (lines, said) in [
        (
            "sip = \"10.0.0.5\"\n",
            "[cluster] sip: \"10.0.0.5\" is not possible here: give the IP address and port",
        ),
        ("sip = 5071\n", "[cluster] sip: 5071 is not possible here"),
        (
            "sip = \"node.example.com:5071\"\n",
            "is not possible here: give the IP address and port",
        ),
        (
            "sip = \"0.0.0.0:5071\"\n",
            "[cluster] sip: no node can connect to this address",
        ),
        (
            "sip_listen = \"0.0.0.0:5071\"\n",
            "[cluster] sip_listen: it goes with sip",
        ),
        (
            "sip = \"10.0.0.5:5071\"\nsip_listen = \"all\"\n",
            "[cluster] sip_listen: \"all\" is not possible here",
        ),
        (
            "sip = \"10.0.0.5:5071\"\nsip_listen = \"[::]:5071\"\n",
            "two IPv4 addresses or two IPv6 addresses",
        ),
        (
            "sip = \"10.0.0.5:5071\"\nnode = \"eu1-\"\n",
            "[cluster] node: with sip, it stands in the node's certificate",
        ),
    ] {
        let found = wrong(&format!("{CERTIFIED}{lines}"));
        assert!(found.contains(said), "{lines}: {found}");
    }
    let found = wrong("sip = \"10.0.0.5:5071\"\n");
    assert!(
        found.contains(
            "[cluster] sip: nodes prove to each other who they are: give certificate and key, in the name eu1-a"
        ),
        "{found}"
    );
}

#[test]
fn other_keys_that_are_wrong_are_named_with_what_would_be_right() {
    for (lines, said) in [
        ("servers = []\n", "[cluster] servers"),
        ("servers = [\"\"]\n", "[cluster] servers"),
        (
            "node = \"EU1\"\n",
            "[cluster] node: \"EU1\" is not possible here: give a name such as \"eu1-a\"",
        ),
        ("region = \"1eu\"\n", "[cluster] region: \"1eu\" is not possible here"),
        ("roots = \"\"\n", "[cluster] roots"),
        (
            "certificate = \"node.pem\"\n",
            "[cluster] certificate: its key is missing",
        ),
        ("key = \"node.key\"\n", "[cluster] key: its certificate is missing"),
        ("name = \"\"\n", "[cluster] name"),
        ("user = \"\"\n", "[cluster] user"),
        (
            "lease_s = 0\n",
            "[cluster] lease_s: 0 is not possible here: give a whole number from 1 to 60",
        ),
        ("lease_s = 61\n", "from 1 to 60"),
        ("replicas = 6\n", "from 1 to 5"),
        ("replica = 3\n", "did you mean `replicas`?"),
        ("password = \"\"\n", "[cluster] password: it is empty"),
    ] {
        let found = wrong(lines);
        assert!(found.contains(said), "{lines}: {found}");
        assert!(!found.contains("hush"), "{found}");
    }
    for key in ["node", "region", "roots", "servers"] {
        let without: String = section("")
            .lines()
            .filter(|line| !line.starts_with(key))
            .map(|line| format!("{line}\n"))
            .collect();
        let found = parse(&file(&without)).unwrap_err();
        assert!(
            found.contains(&format!("[cluster] {key}: ")) && found.contains("missing"),
            "{found}"
        );
    }
    let without_api = file(&section("")).split_once(API).map(|(before, after)| {
        let section = after.split_once("[cluster]").unwrap().1;
        format!("{before}[cluster]{section}")
    });
    let found = parse(&without_api.unwrap()).unwrap_err();
    assert!(found.contains("give [api] listen"), "{found}");
}
