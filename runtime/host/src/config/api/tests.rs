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
            "\"admin\" or \"operator\"",
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
