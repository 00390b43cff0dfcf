//! A process that writes is killed: whatever it said was written is there. It is this test binary again, told what to do by
//! its environment.

use super::{block_on, id, life};
use crate::{Database, Paging, calls, tenants};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

const URL: &str = "PATCHCORD_DATABASE_WRITER";
/// The writer is killed after so many.
const ACKNOWLEDGED: usize = 60;
const SAYS: &str = "written ";

#[test]
#[ignore = "the process that the suite starts and kills; alone it has nowhere to write"]
fn the_writer_that_is_killed() {
    let url = std::env::var(URL).expect("the suite says where");
    block_on(async {
        let database = Database::open(&url).await.expect("opened");
        for number in 0.. {
            let name = format!("c{number}");
            let batch = calls::Batch {
                calls: vec![life::call(&name, number)],
                events: vec![life::event(&name, 1), life::event(&name, 2)],
                journal: vec![life::part(&name, 0)],
                ..calls::Batch::default()
            };
            calls::write(&database, &id("a"), &batch).await.expect("written");
            let mut out = std::io::stdout().lock();
            writeln!(out, "{SAYS}{name}").and_then(|()| out.flush()).expect("said");
        }
    });
}

pub(super) async fn a_killed_writer_loses_nothing_it_acknowledged(url: &str) {
    let database = Database::open(url).await.expect("opened");
    let tenant = id("a");
    tenants::create(&database, &tenant, "A", 1).await.expect("a tenant");
    database.close().await;
    let mut writer = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--ignored",
            "--exact",
            "tests::killed::the_writer_that_is_killed",
            "--nocapture",
        ])
        .env(URL, url)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the writer");
    let mut said = Vec::new();
    let output = BufReader::new(writer.stdout.take().expect("its output"));
    for line in output.lines() {
        let line = line.expect("a line");
        if let Some((_, name)) = line.split_once(SAYS) {
            said.push(name.to_owned());
            if said.len() == ACKNOWLEDGED {
                // SIGKILL. What it says until it is dead is read to the end, and counts.
                writer.kill().expect("killed");
            }
        }
    }
    let ended = writer.wait().expect("its end");
    assert!(
        !ended.success() && said.len() >= ACKNOWLEDGED,
        "{ended}, {}",
        said.len()
    );

    let database = Database::open(url).await.expect("opened again");
    for name in &said {
        calls::get(&database, &tenant, name).await.expect("the call");
        let events = calls::events(&database, &tenant, name, &Paging::default())
            .await
            .expect("events");
        assert_eq!(events.items.len(), 2, "{name}");
        assert_eq!(
            calls::journal_part(&database, &tenant, name, 0).await,
            Ok(vec![0, 1, 2])
        );
    }
    database.close().await;
}
