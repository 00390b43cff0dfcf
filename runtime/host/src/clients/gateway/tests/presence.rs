//! What a client says of itself and sees of others, as far as its token allows it.

use super::*;
use crate::clients::token::{PresenceGrant, Watch};
use patchcord_control::presence::{Availability, PresenceError, Reason, View};

fn watcher(whom: &[&str]) -> Token {
    let mut token = token("alice", true, None);
    token.grants.presence = PresenceGrant {
        publish: true,
        watch: Watch::Only(whom.iter().map(|name| (*name).to_owned()).collect()),
    };
    token
}

#[test]
fn presence_is_said_and_watched_as_far_as_the_token_allows_it() {
    let mut rig = Rig::with(watcher(&["bob", "carol"]));
    let away = json!({ "availability": "do-not-disturb", "reason": "away-short", "text": "at lunch" });
    let mut publish = away.clone();
    publish["type"] = "presence.publish".into();
    rig.say(publish);
    let wanted = Status {
        availability: Availability::DoNotDisturb,
        reason: Some(Reason::AwayShort),
        text: "at lunch".to_owned().into(),
    };
    assert_eq!(rig.published, [(Some(1), wanted.clone())]);
    assert_eq!(rig.core.instance(), "urn:patchcord:device:tab-1");
    rig.give(Input::Presented(Some(1), Ok(())));
    assert_eq!(rig.take("done")["of"], 1);

    rig.say(json!({ "type": "presence.watch", "identities": ["bob", "mallory"] }));
    assert_eq!(rig.take("error")["code"], "token-missing-grant");
    assert_eq!(rig.refused, [TokenError::MissingGrant(Grant::Watch)]);
    assert!(rig.watched.is_empty());
    rig.say(json!({ "type": "presence.watch", "identities": ["bob"] }));
    assert_eq!(rig.watched, [(Some(3), vec!["bob".to_owned()])]);
    let view = View {
        name: "bob".into(),
        status: wanted,
        calls: 0,
        ringing: 0,
        clients: Vec::new(),
    };
    rig.give(Input::Changed(&[Arc::new(view)]));
    let changed = rig.take("presence.changed");
    let mut seen = away;
    seen["identity"] = "bob".into();
    assert_eq!(changed["identities"], json!([seen]));
    rig.give(Input::Presented(Some(3), Err(PresenceError::Watchers)));
    assert_eq!(rig.take("error")["of"], 3);
}

#[test]
fn who_may_not_watch_any_more_does_not() {
    let mut rig = Rig::with(watcher(&["bob"]));
    rig.say(json!({ "type": "presence.watch", "identities": ["bob"] }));
    rig.say(json!({ "type": "token", "token": "narrower" }));
    let narrower = watcher(&["carol"]);
    let proven = narrower.proven(rig.now, 0);
    rig.give(Input::Checked(Ok((narrower, proven))));
    assert_eq!(
        rig.watched.last(),
        Some(&(None, Vec::new())),
        "the new token does not allow it"
    );

    let mut rig = Rig::with(watcher(&["bob"]));
    rig.say(json!({ "type": "presence.watch", "identities": ["bob"] }));
    let ends = rig.now + Duration::from_secs(LIFE as u64);
    while rig.now < ends {
        rig.now += Duration::from_secs(10);
        rig.say(json!({ "type": "ping" }));
        rig.give(Input::Deadline);
    }
    assert_eq!(rig.watched.last(), Some(&(None, Vec::new())), "the token has ended");
    rig.say(json!({ "type": "presence.watch", "identities": ["bob"] }));
    assert_eq!(rig.take("error")["code"], "token-expired");
}
