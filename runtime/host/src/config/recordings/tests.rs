//! The section about recordings: what it becomes, and what it refuses with which sentence.

use super::*;
use crate::config::Config;

fn read(section: &str) -> Result<(PathBuf, Option<StoreConfig>), String> {
    let text = format!(
        "[sip]\nlisten = \"127.0.0.1:5060\"\nstrangers = \"answer\"\n[recordings]\n{section}\n[[handler]]\nname = \"menu\"\nmodule = \"menu.wasm\"\n\
         [[route]]\nto = \"*\"\nhandler = \"menu\"\n"
    );
    let config = Config::parse(Path::new("/etc/patchcord/patchcord.toml"), &text).map_err(|error| error.to_string())?;
    let folder = config.node.recordings.expect("a server records");
    Ok((folder, config.node.recording_store))
}

const KEYS_OF_STORE: &str = "access_key = \"me\"\nsecret_key = \"hush\"\n";

fn store(section: &str) -> StoreConfig {
    read(&format!("{section}\n{KEYS_OF_STORE}")).unwrap().1.unwrap()
}

#[test]
fn a_store_has_a_bucket_a_prefix_and_defaults() {
    let least = store("store = \"s3://recordings\"");
    assert_eq!((least.bucket.as_str(), least.prefix.as_ref()), ("recordings", ""));
    assert_eq!((least.region.as_str(), least.waiting_bytes), ("us-east-1", 10 << 30));
    assert!(least.endpoint.is_none() && least.roots.is_none());
    let all = store(
        "folder = \"/var/lib/patchcord/voices\"\nstore = \"s3://recordings/office/east\"\nendpoint = \"https://s3.example.org/\"\n\
         region = \"eu-central-1\"\nroots = \"store.pem\"\nwaiting_mib = 1",
    );
    assert_eq!(
        (all.prefix.as_ref(), all.region.as_str()),
        ("office/east", "eu-central-1")
    );
    assert_eq!(all.endpoint.unwrap().stem(), "https://s3.example.org");
    assert_eq!(
        (all.roots, all.waiting_bytes),
        (Some("/etc/patchcord/store.pem".into()), 1 << 20)
    );
    assert_eq!(
        (all.access_key.reveal().as_str(), all.secret_key.reveal().as_str()),
        ("me", "hush")
    );
    assert_eq!(read("").unwrap().1.map(|store| store.bucket), None);
}

#[test]
fn its_keys_are_never_printed() {
    let store = store("store = \"s3://recordings/office\"");
    assert_eq!(store.to_string(), "s3://recordings/office");
    let printed = format!("{store:?}");
    assert!(!printed.contains("hush") && !printed.contains("\"me\""), "{printed}");
}

#[test]
fn what_could_not_work_is_refused_with_what_would() {
    let refused = |section: &str, sentence: &str| {
        let error = read(section).unwrap_err();
        assert!(error.ends_with(sentence), "{section}: {error}");
    };
    let right = "is not possible here: give a bucket and a prefix such as \"s3://recordings/office\"";
    for wrong in [
        "recordings",
        "https://s3.example.org/recordings",
        "s3://",
        "s3://UP/x",
        "s3://ok-ok/a//b",
        "s3://ok-ok/../b",
        "s3://ok-ok/ä",
    ] {
        refused(
            &format!("store = \"{wrong}\""),
            &format!("[recordings] store: \"{wrong}\" {right}"),
        );
    }
    refused(
        "store = \"s3://recordings\"\naccess_key = \"me\"",
        "[recordings] secret_key: it is missing: give it as \"env:NAME\" or as \"file:PATH\"",
    );
    refused(
        "secret_key = \"hush\"",
        "[recordings] secret_key: it means nothing without store = \"s3://bucket/prefix\"",
    );
    refused(
        &format!("store = \"s3://recordings\"\n{KEYS_OF_STORE}endpoint = \"s3.example.org\""),
        "give an address such as \"https://s3.example.org\", without a password in it",
    );
    refused(
        &format!("store = \"s3://recordings\"\n{KEYS_OF_STORE}secret = \"hush\""),
        "[recordings] has no key `secret`: there are folder, store, endpoint, region, access_key, secret_key, roots, waiting_mib",
    );
}
