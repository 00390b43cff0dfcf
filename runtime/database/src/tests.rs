//! One suite for both databases: each case gets an empty database of its own, in SQLite and in PostgreSQL. The server is
//! started for the suite and ends with it, however that ends (`tests/server.rs`).

#![allow(clippy::disallowed_methods, reason = "these tests start processes and make folders")]

mod answers;
mod isolation;
mod killed;
mod life;
mod lists;
mod proofs;
mod races;
mod receivers;
mod schema;
mod server;

use crate::{Database, TenantId, handlers, modules, tenants, versions};

macro_rules! suite {
    ($($case:path),+ $(,)?) => {
        async fn run_all(url: impl Fn(usize) -> String) {
            let mut number = 0;
            $(
                number += 1;
                println!("{}", stringify!($case));
                $case(&url(number)).await;
            )+
            assert!(number > 0);
        }
    };
}

suite![
    schema::an_older_schema_is_brought_up_to_date_with_its_rows,
    schema::a_newer_schema_is_refused,
    schema::nodes_that_start_together_migrate_once,
    life::tenants_and_their_sub_accounts,
    life::keys_count_until_they_are_revoked_or_expire,
    life::keys_are_known_by_name_to_whoever_checks_what_they_signed,
    life::modules_handlers_and_versions,
    life::rollouts_go_forward_and_back,
    life::routes_and_numbers,
    proofs::caller_ids_are_proved_by_their_code,
    proofs::a_phone_is_not_rung_too_often,
    proofs::a_number_is_shown_by_default_until_it_is_gone,
    receivers::webhooks_and_event_sinks,
    life::secrets_and_quotas,
    life::records_of_calls,
    life::recordings_and_their_calls,
    life::a_batch_is_written_whole_or_not_at_all,
    life::usage_audit_and_idempotency,
    answers::old_idempotency_keys_make_room,
    lists::pages_neither_repeat_nor_skip_while_rows_come_and_go,
    lists::filters_choose_calls,
    lists::wrong_cursors_and_limits_are_refused,
    isolation::nothing_of_another_tenant_is_seen_or_changed,
    races::of_two_changes_from_one_revision_one_wins,
    races::numbers_of_versions_and_audit_have_no_gap_and_no_twin,
    races::one_idempotency_key_is_new_once,
    killed::a_killed_writer_loses_nothing_it_acknowledged,
];

fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future);
}

#[test]
fn the_suite_on_sqlite() {
    let folder = server::Folder::new("sqlite");
    block_on(run_all(|number| format!("sqlite:{}/{number}.db", folder.path())));
}

#[test]
fn the_suite_on_postgresql() {
    let server = server::Server::start();
    block_on(run_all(|number| server.create_database(number)));
}

#[test]
fn other_addresses_are_refused() {
    block_on(async {
        for url in [
            "",
            "mysql://x",
            "sqlite::memory:",
            "sqlite://x?mode=memory",
            "/tmp/x.db",
        ] {
            let refused = Database::open(url).await;
            assert!(matches!(refused, Err(crate::Error::Invalid("database", _))), "{url}");
        }
    });
}

fn id(name: &str) -> TenantId {
    TenantId::new(name).expect("a tenant's name")
}

/// An open database with the tenants `a` and `b`.
async fn two_tenants(url: &str) -> (Database, TenantId, TenantId) {
    let database = Database::open(url).await.expect("opened");
    let (a, b) = (id("a"), id("b"));
    for tenant in [&a, &b] {
        tenants::create(&database, tenant, "Tenant", 1).await.expect("a tenant");
    }
    (database, a, b)
}

fn hash(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn module(digit: char) -> modules::Module {
    modules::Module {
        hash: hash(digit),
        kind: "call-handler".to_owned(),
        imports: vec!["patchcord:call/play".to_owned(), "patchcord:call/http".to_owned()],
        size: 4,
        created_at: 2,
    }
}

fn new_version(digit: char, held: &[&str]) -> versions::NewVersion {
    versions::NewVersion {
        module: hash(digit),
        note: "first".to_owned(),
        granted: vec!["patchcord:call/play".to_owned()],
        held: held.iter().map(|&import| import.to_owned()).collect(),
        created_by: "key-1".to_owned(),
    }
}

/// A handler with versions 1 and 2, both granted.
async fn handler(database: &Database, tenant: &TenantId, name: &str) {
    modules::put(database, tenant, &module('a'), b"wasm")
        .await
        .expect("a module");
    handlers::create(database, tenant, name, 3).await.expect("a handler");
    for number in [1, 2] {
        let published = versions::publish(database, tenant, name, &new_version('a', &[]), 4).await;
        assert_eq!(published, Ok(number));
    }
}
