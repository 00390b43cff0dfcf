//! Tokens: what is written is read again, and nothing else is.

use super::*;
use crate::tests::{Dice, address};

fn mint(secret: u8, node: &str) -> Mint {
    Mint::new(&[secret; 32], NodeName::new(node).expect("a name"))
}

fn tokens() -> Vec<Token> {
    let flow = |transport, peer: &str, connection| Flow {
        transport,
        peer: address(peer),
        connection,
    };
    let flows = [
        flow(Transport::Udp, "192.0.2.1:5062", None),
        flow(Transport::Tcp, "[2001:db8::1]:5060", Some(ConnectionId(u64::MAX))),
        flow(Transport::Tls, "192.0.2.1:1", Some(ConnectionId(0))),
        flow(Transport::Ws, "[::1]:65535", None),
        flow(Transport::Wss, "192.0.2.1:443", Some(ConnectionId(0x0100))),
    ];
    let node = NodeName::new(&"n".repeat(super::super::NODE_BYTES)).expect("the longest name");
    let owner = Mark(0x0123_4567_89ab_cdef);
    let trace = Trace {
        transaction: u64::MAX,
        round: 7,
    };
    let mut tokens: Vec<Token> = flows
        .into_iter()
        .flat_map(|flow| {
            let hop = Hop::Flow(flow);
            [
                Token::Path { owner, flow },
                Token::ToDevice { flow },
                Token::Back { trace, hop },
            ]
        })
        .collect();
    tokens.push(Token::ToNode {
        owner,
        node: node.clone(),
    });
    let hop = Hop::Node(node);
    tokens.push(Token::Back { trace, hop });
    tokens
}

#[test]
fn every_token_is_read_as_it_was_written() {
    let mint = mint(1, "b");
    let mut texts = std::collections::BTreeSet::new();
    for token in tokens() {
        let text = mint.write(&token, "call");
        assert!(text.len() <= PREFIX.len() + TEXT, "{text}");
        let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        assert!(text.bytes().all(may_stand), "{text}: in a user part and in a branch");
        assert_eq!(mint.read(&text, "call"), Some(token));
        assert!(texts.insert(text), "two tokens look alike");
    }
}

#[test]
fn a_token_is_good_for_its_node_its_call_and_its_secret() {
    let mint1 = mint(1, "b");
    for token in tokens() {
        let text = mint1.write(&token, "call");
        assert_eq!(mint(2, "b").read(&text, "call"), None, "another secret");
        assert_eq!(mint(1, "c").read(&text, "call"), None, "another node");
        let is_path = matches!(token, Token::Path { .. });
        assert_eq!(mint1.read(&text, "call2").is_some(), is_path, "another call");
    }
}

#[test]
fn no_altered_token_is_one() {
    let mint = mint(1, "b");
    for token in tokens() {
        let text = mint.write(&token, "call");
        for at in 0..text.len() {
            for other in ["A", "b", "_", "", "="] {
                let altered = format!("{}{other}{}", &text[..at], &text[at + 1..]);
                if altered != text {
                    assert_eq!(mint.read(&altered, "call"), None, "{text} as {altered}");
                }
            }
        }
        assert_eq!(mint.read(&format!("{text}A"), "call"), None);
    }
    for text in [
        "",
        "pcb1.",
        "pcb1.AAAA",
        "pcb1.%%%%",
        &format!("pcb1.{}", "A".repeat(60_000)),
    ] {
        assert_eq!(mint.read(text, "call"), None);
    }
}

#[test]
fn whatever_content_is_under_a_seal_is_read_without_a_panic() {
    let mint = mint(1, "b");
    let mut dice = Dice::new(3);
    for _ in 0..20_000 {
        let len = dice.below(70) as usize;
        let mut content: Vec<u8> = (0..len).map(|_| dice.roll() as u8).collect();
        if let Some(kind) = content.first_mut() {
            *kind %= 7;
        }
        let seal = mint.seal(&content, "call");
        content.extend_from_slice(&seal);
        let text = format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&content));
        // What it says can be said again.
        if let Some(token) = mint.read(&text, "call") {
            assert_eq!(mint.read(&mint.write(&token, "call"), "call"), Some(token));
        }
    }
}

#[test]
fn owners_have_marks_of_their_own() {
    let mint1 = mint(1, "b");
    assert_eq!(mint1.mark(Some("acme/alice")), mint1.mark(Some("acme/alice")));
    assert_ne!(mint1.mark(Some("acme/alice")), mint1.mark(Some("acme/bob")));
    assert_ne!(mint1.mark(Some("acme/alice")), mint(2, "b").mark(Some("acme/alice")));
    assert_eq!(mint1.mark(None), Mark::NOBODY);
}
