//! What a file grants handlers, where the store is, and the sentence for each that is wrong.

use crate::config::Config;
use patchcord_control::http_urls::HttpUrl;
use patchcord_sip::identity::LiteralRule;
use std::path::{Path, PathBuf};

/// A file with one handler that has these keys more, and these sections.
fn parse(handler: &str, sections: &str) -> Result<Config, String> {
    let text = format!(
        "[sip]\nlisten = \"127.0.0.1:5060\"\nstrangers = \"answer\"\n[[handler]]\nname = \"menu\"\nmodule = \"menu.wasm\"\n\
         {handler}\n[[route]]\nto = \"*\"\nhandler = \"menu\"\n{sections}"
    );
    Config::parse(Path::new("/etc/patchcord/patchcord.toml"), &text).map_err(|error| error.to_string())
}

const SECRET: &str = "[[secret]]\nname = \"crm\"\nvalue = \"sk-12345678\"\n";

#[test]
fn a_handler_has_what_its_table_names_and_nothing_else() {
    let config = parse("secrets = [\"crm\"]\nhttp = \"https://crm.example.com/api/\"", SECRET).unwrap();
    let grants = &config.handlers[0].grants;
    assert_eq!(
        grants.secret("crm").map(|secret| secret.reveal().as_str()),
        Some("sk-12345678")
    );
    let allows = |url: &str| grants.http().allows(&HttpUrl::parse(url).unwrap());
    assert!(allows("https://crm.example.com/api/customers"));
    assert!(!allows("https://crm.example.com/admin") && !allows("http://127.0.0.1/"));
    let config = parse("", SECRET).unwrap();
    let grants = &config.handlers[0].grants;
    assert_eq!(grants.secret("crm"), None, "it is not given to who does not name it");
    assert!(
        !grants
            .http()
            .allows(&HttpUrl::parse("https://crm.example.com/api/").unwrap())
    );
}

#[test]
fn what_cannot_be_granted_is_told_and_no_secret_with_it() {
    let of_another = "[[secret]]\nname = \"crm\"\ntenant = \"acme\"\nvalue = \"sk-12345678\"\n";
    let wrong = [
        ("secrets = [\"crm\"]", "", "secrets"),
        ("secrets = [\"crm\"]", of_another, "secrets"),
        ("", "[[secret]]\nname = \"crm\"\nvalue = \"1234567\"\n", "8 signs"),
        ("", "[[secret]]\nname = \"crm\"\n", "missing"),
        ("", &format!("{SECRET}{SECRET}"), "one secret of each name"),
        ("http = \"ftp://a/\"", "", "http"),
        ("", "[web_requests]\nnetworks = \"some\"", "\"public\" or \"any\""),
        ("", "[store]\nentries = 0", "whole number"),
        ("", "[store]\nfolder = \"\"", "folder"),
    ];
    for (handler, sections, part) in wrong {
        let told = parse(handler, sections).unwrap_err();
        assert!(told.contains(part), "{part}: {told}");
        assert!(!told.contains("1234567"), "{told}");
    }
}

#[test]
fn the_store_and_web_requests_are_as_the_file_says() {
    let usual = parse("", "").unwrap().node;
    assert_eq!(usual.store.folder, None, "in memory unless a folder is named");
    assert_eq!(usual.web_requests.networks, LiteralRule::Public);
    let sections = "[store]\nfolder = \"kept\"\nentries = 5\nmib = 2\n[web_requests]\nnetworks = \"any\"\nat_once = 7\n\
                    at_once_of_tenant = 3\nroots = \"servers.pem\"";
    let node = parse("", sections).unwrap().node;
    assert_eq!(node.store.folder, Some(PathBuf::from("/etc/patchcord/kept")));
    assert_eq!(
        (node.store.limits.entries, node.store.limits.bytes),
        (5, 2 * 1024 * 1024)
    );
    let web = node.web_requests;
    assert_eq!(
        (web.networks, web.at_once, web.at_once_of_tenant),
        (LiteralRule::Any, 7, 3)
    );
    assert_eq!(web.roots, Some(PathBuf::from("/etc/patchcord/servers.pem")));
}
