//! Requests that come twice: done once, answered twice; another one under the same key is refused. In SQLite.

use super::*;
use std::path::PathBuf;

const NOW: i64 = 1_795_741_200_000;
const TOMORROW: i64 = NOW + KEEP_MS + 1;

/// A database of its own with a tenant; its folder is gone with it.
struct Bench {
    repeats: Repeats,
    folder: PathBuf,
}

impl Bench {
    async fn open(name: &str, sealing: Option<SealingKey>) -> Self {
        let folder = std::env::temp_dir().join(format!("patchcord-repeats-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let url = format!("sqlite:{}", folder.join("patchcord.db").display());
        let database = Database::open(&url).await.expect("a database");
        crate::database::with_tenants(&database, &[Tenant("t".to_owned()), Tenant("other".to_owned())], NOW)
            .await
            .expect("tenants");
        Self {
            repeats: Repeats::new(database, sealing),
            folder,
        }
    }

    async fn look(&self, now: i64, key: &str, request: &[u8]) -> Result<Repeat, Code> {
        let found = self.repeats.look(now, &name(key), &[request]).await;
        found.map_err(|problem| problem.code)
    }

    async fn keep(&self, key: &str, secrecy: Secrecy, outcome: Result<Reply, Problem>) -> Result<Reply, Problem> {
        self.repeats.keep((&name(key), NOW), secrecy, outcome).await
    }

    /// Whether a text stands in any file of the database.
    fn has_on_disk(&self, text: &str) -> bool {
        let files = std::fs::read_dir(&self.folder).expect("a folder");
        files.flatten().any(|file| {
            let bytes = std::fs::read(file.path()).expect("a file");
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn name(key: &str) -> Name {
    (Tenant("t".to_owned()), key.to_owned())
}

fn sealing() -> Option<SealingKey> {
    SealingKey::parse(&"5a".repeat(32))
}

fn reply(text: &str) -> Result<Reply, Problem> {
    Ok(Reply::json(StatusCode::CREATED, &text).with(hyper::header::LOCATION, "/v1/x".to_owned()))
}

/// Status, place and body of an answer that is given again.
async fn again(found: Result<Repeat, Code>) -> (u16, String, String) {
    let Ok(Repeat::Again(again)) = found else {
        panic!("it is known");
    };
    let place = again.headers.iter().find(|(name, _)| *name == hyper::header::LOCATION);
    let place = place.map(|(_, value)| value.clone()).unwrap_or_default();
    let body = again.body.collect().await.expect("a body").to_bytes().to_vec();
    (again.status.as_u16(), place, String::from_utf8(body).expect("a text"))
}

#[tokio::test]
async fn what_was_done_is_answered_and_not_done_again() {
    let bench = Bench::open("done", None).await;
    assert!(matches!(bench.look(NOW, "a", b"1").await, Ok(Repeat::New)));
    assert_eq!(
        bench.look(NOW, "a", b"1").await.err(),
        Some(Code::WrongState),
        "it is worked on"
    );
    assert!(bench.keep("a", Secrecy::Open, reply("seven")).await.is_ok());
    let answer = (201, "/v1/x".to_owned(), "\"seven\"".to_owned());
    assert_eq!(again(bench.look(NOW, "a", b"1").await).await, answer);
    assert_eq!(bench.look(NOW, "a", b"2").await.err(), Some(Code::KeyReused));
    let theirs = (Tenant("other".to_owned()), "a".to_owned());
    assert!(matches!(
        bench.repeats.look(NOW, &theirs, &[b"2"]).await,
        Ok(Repeat::New)
    ));
    assert!(
        matches!(bench.look(TOMORROW, "a", b"3").await, Ok(Repeat::New)),
        "it is old"
    );
}

#[tokio::test]
async fn what_failed_may_be_tried_again_and_what_nobody_finished_too_after_a_while() {
    let bench = Bench::open("failed", None).await;
    assert!(matches!(bench.look(NOW, "a", b"1").await, Ok(Repeat::New)));
    let failed = bench.keep("a", Secrecy::Open, Err(Problem::not_found("call"))).await;
    assert!(failed.is_err());
    assert!(matches!(bench.look(NOW, "a", b"2").await, Ok(Repeat::New)));
    assert_eq!(
        bench.look(NOW + WORK_MS - 1, "a", b"2").await.err(),
        Some(Code::WrongState)
    );
    assert!(matches!(bench.look(NOW + WORK_MS, "a", b"2").await, Ok(Repeat::New)));
}

#[tokio::test]
async fn a_secret_is_sealed_or_not_kept() {
    let sealed = Bench::open("sealed", sealing()).await;
    assert!(matches!(sealed.look(NOW, "a", b"1").await, Ok(Repeat::New)));
    assert!(sealed.keep("a", Secrecy::Secret, reply("whs_5555")).await.is_ok());
    assert!(!sealed.has_on_disk("whs_5555"));
    assert!(again(sealed.look(NOW, "a", b"1").await).await.2.contains("whs_5555"));
    let others = Repeats::new(sealed.repeats.database.clone(), SealingKey::parse(&"5b".repeat(32)));
    let elsewhere = others.look(NOW, &name("a"), &[b"1"]).await;
    assert_eq!(elsewhere.err().expect("it cannot be opened").code, Code::WrongState);

    let open = Bench::open("open", None).await;
    assert!(matches!(open.look(NOW, "a", b"1").await, Ok(Repeat::New)));
    assert!(open.keep("a", Secrecy::Secret, reply("whs_5555")).await.is_ok());
    assert!(!open.has_on_disk("whs_5555"));
    assert_eq!(
        open.look(NOW, "a", b"1").await.err(),
        Some(Code::WrongState),
        "done, and not told again"
    );
    assert!(matches!(open.look(NOW, "b", b"1").await, Ok(Repeat::New)));
    assert!(open.keep("b", Secrecy::Open, reply("call_17")).await.is_ok());
    assert!(open.has_on_disk("call_17"), "what is searched for would be found");
}

#[tokio::test]
async fn of_a_long_answer_only_that_it_was_given_is_kept() {
    let bench = Bench::open("long", sealing()).await;
    assert!(matches!(bench.look(NOW, "a", b"1").await, Ok(Repeat::New)));
    let long = "x".repeat(BODY_BYTES);
    let Ok(answered) = bench.keep("a", Secrecy::Open, reply(&long)).await else {
        panic!("it is answered");
    };
    let body = answered.body.collect().await.expect("a body").to_bytes();
    assert_eq!(body.len(), BODY_BYTES + 2, "whole, the first time");
    assert_eq!(bench.look(NOW, "a", b"1").await.err(), Some(Code::WrongState));
}
