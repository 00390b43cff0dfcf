//! Requests that come twice: done once, answered twice; another one under the same key is refused.

use super::*;

fn name(key: &str) -> Name {
    (Tenant("t".to_owned()), key.to_owned())
}

#[tokio::test]
async fn what_was_done_is_answered_and_not_done_again() {
    let (repeats, now) = (Repeats::default(), Instant::now());
    assert!(matches!(repeats.look(now, &name("a"), &[b"1"]), Ok(Repeat::New)));
    let early = repeats.look(now, &name("a"), &[b"1"]).err().expect("it is worked on");
    assert_eq!(early.code, Code::WrongState);
    let reply = Reply::json(StatusCode::CREATED, &7);
    assert!(repeats.keep(&name("a"), Ok(reply)).await.is_ok());
    let Ok(Repeat::Again(again)) = repeats.look(now, &name("a"), &[b"1"]) else {
        panic!("it is known");
    };
    assert_eq!(again.status, StatusCode::CREATED);
    assert_eq!(again.body.collect().await.expect("a body").to_bytes(), "7");
    let other = repeats.look(now, &name("a"), &[b"2"]).err().expect("another request");
    assert_eq!(other.code, Code::KeyReused);
    let tenant = (Tenant("other".to_owned()), "a".to_owned());
    assert!(matches!(repeats.look(now, &tenant, &[b"2"]), Ok(Repeat::New)));
}

#[tokio::test]
async fn what_failed_may_be_tried_again_and_what_is_old_is_forgotten() {
    let (repeats, now) = (Repeats::default(), Instant::now());
    assert!(matches!(repeats.look(now, &name("a"), &[b"1"]), Ok(Repeat::New)));
    let failed = repeats.keep(&name("a"), Err(Problem::not_found("call"))).await;
    assert!(failed.is_err());
    assert!(matches!(repeats.look(now, &name("a"), &[b"2"]), Ok(Repeat::New)));
    let tomorrow = now + KEEP + Duration::from_secs(1);
    assert!(matches!(repeats.look(tomorrow, &name("a"), &[b"3"]), Ok(Repeat::New)));
    assert_eq!(repeats.lock().order.len(), 1);
}

#[test]
fn the_oldest_makes_room() {
    let (repeats, now) = (Repeats::default(), Instant::now());
    for number in 0..=KEPT {
        assert!(matches!(
            repeats.look(now, &name(&number.to_string()), &[]),
            Ok(Repeat::New)
        ));
    }
    assert_eq!(repeats.lock().known.len(), KEPT);
    assert!(
        matches!(repeats.look(now, &name("0"), &[]), Ok(Repeat::New)),
        "it was forgotten"
    );
}
