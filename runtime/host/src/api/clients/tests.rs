//! What a token that is asked for allows, and what is refused by which field.

use super::*;
use crate::clients::token::{AllWord, Watch};
use serde_json::json;
use std::net::SocketAddr;

fn wanted(body: serde_json::Value) -> Result<Grants, Problem> {
    let body: MakeToken = serde_json::from_value(body).unwrap();
    let grants = grants(body)?;
    grants.check().map_err(refused)?;
    Ok(grants)
}

fn field(body: serde_json::Value) -> (Code, Option<String>) {
    let problem = wanted(body).unwrap_err();
    (problem.code, problem.field)
}

#[test]
fn a_token_allows_what_is_asked_for_and_nothing_else() {
    let least = wanted(json!({ "identity": "alice" })).unwrap();
    assert!(least.call.is_none() && !least.incoming && !least.presence.publish);
    assert_eq!(least.presence.watch, Watch::Only(Vec::new()));
    let most =
        json!({ "identity": "alice", "dial": true, "incoming": true, "presence": { "publish": true, "watch": "all" } });
    let most = wanted(most).unwrap();
    assert!(most.call == Some(CallGrant::Any(AnyWord::Any)) && most.incoming && most.presence.publish);
    assert_eq!(most.presence.watch, Watch::All(AllWord::All));
    let one = json!({ "identity": "alice", "call": { "handler": "reception", "params": { "queue": "sales" } },
                      "presence": { "watch": ["bob"] } });
    let one = wanted(one).unwrap();
    let params = [("queue".to_owned(), "sales".to_owned())].into();
    assert!(
        one.call
            == Some(CallGrant::Handler {
                handler: "reception".to_owned(),
                params
            })
    );
    assert_eq!(one.presence.watch, Watch::Only(vec!["bob".to_owned()]));
}

#[test]
fn what_no_token_can_say_is_refused_by_its_field() {
    let refused = |name: &str| (Code::Refused, Some(name.to_owned()));
    assert_eq!(field(json!({ "identity": "alice smith" })), refused("identity"));
    let both = json!({ "identity": "alice", "dial": true, "call": { "handler": "reception" } });
    assert_eq!(field(both), refused("dial"));
    let line = json!({ "identity": "alice", "call": { "handler": "reception", "params": { "a b": "c" } } });
    assert_eq!(field(line), refused("call.params"));
    let nobody = json!({ "identity": "alice", "call": { "handler": "" } });
    assert_eq!(field(nobody), refused("call.handler"));
    let watch = json!({ "identity": "alice", "presence": { "watch": [""] } });
    assert_eq!(field(watch), refused("presence.watch"));
    for seconds in [0, -1, LIFE_MAX + 1] {
        assert_eq!(life(seconds).unwrap_err().field.as_deref(), Some("ttl_s"));
    }
    assert_eq!(life(LIFE_MAX).unwrap(), LIFE_MAX);
}

#[test]
fn a_key_that_can_make_no_tokens_is_told_so() {
    assert_eq!(refused(TokenError::KeyWithoutTokens).code, Code::KeyWithoutTokens);
    assert_eq!(refused(TokenError::KeyRevoked).code, Code::NotAuthenticated);
    assert_eq!(refused(TokenError::Unavailable).code, Code::Unavailable);
}

#[test]
fn doors_for_websockets_are_told_and_no_others() {
    let at = |transport, port| Listener {
        transport,
        address: SocketAddr::from(([192, 0, 2, 1], port)),
    };
    let told = [
        at(Transport::Udp, 5060),
        at(Transport::Tls, 5061),
        at(Transport::Ws, 7080),
        at(Transport::Wss, 7443),
    ];
    let doors = ClientDoors::new(&told, Some(7000));
    let right = json!({ "doors": [{ "transport": "ws", "port": 7080, "path": "/client" }, { "transport": "wss", "port": 7443, "path": "/client" }],
                        "media_port": 7000 });
    assert_eq!(serde_json::to_value(&doors).unwrap(), right);
    assert_eq!(doors.sources(), " ws://*:7080 wss://*:7443");
    assert_eq!(ClientDoors::default().sources(), "");
}
