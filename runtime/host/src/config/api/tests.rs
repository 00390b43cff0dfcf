//! Keys and ports of the API, good and bad.

use crate::api::{KeyHash, Scope};
use crate::config::Config;
use patchcord_control::ids::Tenant;
use std::path::Path;

const BASE: &str = "[sip]\nlisten = \"127.0.0.1:5060\"\nstrangers = \"answer\"\n[[handler]]\nname = \"menu\"\nmodule = \"menu.wasm\"\n\
                    [[route]]\nto = \"*\"\nhandler = \"menu\"\n";

fn read(more: &str) -> Result<Config, String> {
    Config::parse(Path::new("/etc/p.toml"), &format!("{BASE}{more}")).map_err(|error| error.to_string())
}

#[test]
fn a_key_is_known_by_its_hash_alone() {
    let hash = KeyHash::of("pck_1").to_string();
    let config = read(&format!(
        "[api]\nlisten = \"127.0.0.1:8080\"\n[[api_key]]\nname = \"ci\"\ntenant = \"acme\"\nsha256 = \"{hash}\"\nscopes = [\"read\"]\n"
    ))
    .expect("it can be read");
    let api = config.node.api.expect("there is one");
    assert_eq!(api.keys[0].hash, KeyHash::of("pck_1"));
    assert_eq!(api.keys[0].scopes, [Scope::Read]);
    let [readers] = &config.subscriptions[..] else {
        panic!("{:?}", config.subscriptions);
    };
    assert!(
        readers.is_for(&Tenant("acme".to_owned()), "any") && !readers.is_for(&Tenant("default".to_owned()), "menu")
    );
}

#[test]
fn what_cannot_be_is_refused_with_what_would_be_right() {
    let hash = KeyHash::of("pck_1").to_string();
    let key = format!("[[api_key]]\nname = \"ci\"\nsha256 = \"{hash}\"\n");
    for (more, said) in [
        ("[api]\nlisten = \"127.0.0.1:8080\"\n".to_owned(), "patchcord key"),
        (key.clone(), "without [api] listen"),
        (format!("[api]\nlisten = \"here\"\n{key}"), "an address and port"),
        (format!("[api]\nlisten = \"127.0.0.1:1\"\n{key}{key}"), "the same key"),
        (
            format!("[api]\nlisten = \"127.0.0.1:1\"\n{key}scopes = [\"root\"]\n"),
            "\"clients\" or \"operator\"",
        ),
        (
            "[api]\nlisten = \"127.0.0.1:1\"\n[[api_key]]\nname = \"a\"\nsha256 = \"12\"\n".to_owned(),
            "SHA-256",
        ),
    ] {
        let error = read(&more).expect_err(&more);
        assert!(error.contains(said), "{error}");
    }
}

const API: &str = "[api]\nlisten = \"127.0.0.1:1\"\n[[api_key]]\nname = \"a\"\nsha256 = \"";

fn with_api(more: &str) -> Result<Config, String> {
    read(&format!("{API}{}\"\n{more}", KeyHash::of("pck_1")))
}

#[test]
fn a_trunk_has_a_pace_of_its_own_and_one_that_does_not_exist_is_named() {
    let trunk = "[[trunk]]\nname = \"carrier\"\nhost = \"192.0.2.1\"\n";
    let pace = |name: &str| format!("{trunk}[[outbound.trunk]]\nname = \"{name}\"\ncalls_per_second = 2\n");
    let config = with_api(&pace("carrier")).expect("it can be read");
    let trunks = config.node.api.expect("there is one").outbound.trunks;
    assert_eq!(trunks["carrier"].per_second, 2);
    let unknown = with_api(&pace("carier")).expect_err("a slip of the fingers");
    assert!(
        unknown.contains("no trunk \"carier\"") && unknown.contains("\"carrier\"?"),
        "{unknown}"
    );
    let twice = format!(
        "{}[[outbound.trunk]]\nname = \"carrier\"\ncalls_per_second = 3\n",
        pace("carrier")
    );
    assert!(with_api(&twice).expect_err("twice").contains("above"));
    let nothing = format!("{trunk}[[outbound.trunk]]\nname = \"carrier\"\n");
    assert!(with_api(&nothing).expect_err("no pace").contains("calls_per_second"));
}

#[test]
fn the_handler_of_proofs_is_one_of_the_file() {
    let config = with_api("[caller_ids]\nhandler = \"menu\"\n").expect("it can be read");
    let proof = config
        .node
        .api
        .expect("there is one")
        .caller_ids
        .expect("there is one, too");
    assert_eq!((proof.tenant.0.as_str(), proof.handler.as_str()), ("default", "menu"));
    let unknown = with_api("[caller_ids]\nhandler = \"menus\"\n").expect_err("there is none");
    assert!(
        unknown.contains("no handler \"menus\"") && unknown.contains("\"menu\"?"),
        "{unknown}"
    );
    let theirs = with_api("[caller_ids]\nhandler = \"menu\"\ntenant = \"acme\"\n").expect_err("of another");
    assert!(theirs.contains("\"acme\""), "{theirs}");
    let alone = read("[caller_ids]\nhandler = \"menu\"\n").expect_err("nobody could ask");
    assert!(alone.contains("without [api] listen"), "{alone}");
}

#[test]
fn handlers_need_no_route_where_there_is_an_api() {
    let text = BASE.split("[[route]]").next().expect("there is a beginning");
    let text = format!("{text}{API}{}\"\n", KeyHash::of("pck_1"));
    Config::parse(Path::new("/etc/p.toml"), &text).expect("others may lead to it");
}
