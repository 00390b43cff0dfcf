//! Doors and certificates: what a right section means, and the sentence for each that is wrong.

use super::super::Config;
use crate::doors::{Door, Sip};
use patchcord_sip::Transport;
use std::net::SocketAddr;
use std::path::Path;

fn parse(section: &str) -> Result<Sip, String> {
    let text = format!(
        "user = [{{ name = \"ann\", password = \"hush\" }}]\n[sip]\n{section}\n[media]\naddress = \"127.0.0.1\"\n[[handler]]\nname = \"menu\"\nmodule = \"menu.wasm\"\n\
         [[route]]\nto = \"*\"\nhandler = \"menu\"\n"
    );
    let config = Config::parse(Path::new("/etc/patchcord/patchcord.toml"), &text);
    config.map(|config| config.node.sip).map_err(|why| why.to_string())
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn door(transport: Transport, listen: &str, advertise: Option<&str>) -> Door {
    Door {
        transport,
        listen: at(listen),
        advertise: advertise.map(at),
    }
}

#[test]
fn each_transport_has_its_doors() {
    let sip = parse(
        "listen = [\"0.0.0.0:5060\", \"[::]:5060\", \"127.0.0.1:5070\"]\nadvertise = [\"203.0.113.5:5999\", \"2001:db8::5\"]\n\
         tcp = [\"0.0.0.0:5060\", \"[::]:5060\"]\ntls = \"192.0.2.10:5061\"\nws = \"127.0.0.1:8080\"\nwss = \"[::]:8443\"\n\
         certificate = \"chain.pem\"\nkey = \"/etc/keys/key.pem\"\nclient_ca = \"ca.pem\"\nroots = \"roots.pem\"",
    )
    .unwrap();
    assert_eq!(
        (sip.listen, sip.advertise),
        (at("0.0.0.0:5060"), Some(at("203.0.113.5:5999")))
    );
    let (v4, v6) = (Some("203.0.113.5:0"), Some("[2001:db8::5]:0"));
    assert_eq!(
        sip.doors,
        [
            door(Transport::Udp, "[::]:5060", v6),
            door(Transport::Udp, "127.0.0.1:5070", v4),
            door(Transport::Tcp, "0.0.0.0:5060", v4),
            door(Transport::Tcp, "[::]:5060", v6),
            door(Transport::Tls, "192.0.2.10:5061", v4),
            door(Transport::Ws, "127.0.0.1:8080", v4),
            door(Transport::Wss, "[::]:8443", v6),
        ]
    );
    let identity = sip.tls.identity.unwrap();
    assert_eq!(identity.certificate, Path::new("/etc/patchcord/chain.pem"));
    assert_eq!(identity.key, Path::new("/etc/keys/key.pem"));
    assert_eq!(sip.tls.client_ca.unwrap(), Path::new("/etc/patchcord/ca.pem"));
    assert_eq!(sip.tls.roots.unwrap(), Path::new("/etc/patchcord/roots.pem"));
}

#[test]
fn a_socket_with_an_address_of_its_own_tells_that() {
    let sip = parse("listen = \"192.0.2.10:5060\"\ntcp = \"[2001:db8::10]:5060\"").unwrap();
    assert_eq!(sip.advertise, None);
    assert_eq!(sip.doors, [door(Transport::Tcp, "[2001:db8::10]:5060", None)]);
}

#[test]
fn what_is_wrong_is_a_sentence() {
    let own = "listen = \"192.0.2.10:5060\"\n";
    let many = format!("tcp = [{}]", "\"192.0.2.10:1\", ".repeat(17));
    for (section, sentence) in [
        (
            "tls = \"192.0.2.10:5061\"",
            "[sip] tls: this needs a certificate: give files in certificate and key",
        ),
        (
            "wss = \"192.0.2.10:443\"",
            "[sip] wss: this needs a certificate: give files in certificate and key",
        ),
        (
            "certificate = \"a.pem\"",
            "[sip] certificate: its key is missing: give the file in key",
        ),
        (
            "key = \"a.pem\"",
            "[sip] key: its certificate is missing: give the file in certificate",
        ),
        (
            "key = \"\"",
            "[sip] key: \"\" is not possible here: give a PEM file such as \"chain.pem\"",
        ),
        (
            "client_ca = \"a.pem\"",
            "[sip] client_ca: nobody shows a certificate without tls or wss: give one of them",
        ),
        (
            "tcp = [\"192.0.2.10:5060\", 7]",
            "[sip] tcp: [\"192.0.2.10:5060\", 7] is not possible here: give an address and port such as \"192.0.2.10:5060\", or a list of them",
        ),
        (
            "tcp = []",
            "[sip] tcp: [] is not possible here: give an address and port such as \"192.0.2.10:5060\", or a list of them",
        ),
        (
            "tcp = \"[::]:5060\"",
            "[sip] advertise: phones cannot send to ::: give the address that reaches this machine, such as \"203.0.113.5\"",
        ),
        (
            "advertise = [\"203.0.113.5\", \"203.0.113.6\"]",
            "[sip] advertise: give one address, or one IPv4 and one IPv6",
        ),
        (&*many, "[sip] tcp: give at most 16 addresses"),
    ] {
        let error = parse(&format!("{own}{section}")).unwrap_err();
        assert!(error.ends_with(sentence), "instead of\n{sentence}\nit says\n{error}");
    }
}
