//! Limits of tenants as the file says them, and what is wrong with some.

use crate::config::Config;
use patchcord_control::ids::Tenant;
use patchcord_control::tenancy::Limits;
use std::path::Path;

const MIB: u64 = 1024 * 1024;

fn read(more: &str) -> Result<Config, String> {
    let text = format!(
        "[sip]\nlisten = \"127.0.0.1:0\"\nstrangers = \"answer\"\n[media]\nports = \"20000-22001\"\n{more}\n\
         [[handler]]\nname = \"menu\"\nmodule = \"menu.wasm\"\n[[route]]\nto = \"*\"\nhandler = \"menu\"\n"
    );
    Config::parse(Path::new("patchcord.toml"), &text).map_err(|error| error.to_string())
}

fn limits(config: &Config, tenant: &str) -> Limits {
    let share = config.node.tenancy.share(&Tenant(tenant.to_owned())).unwrap();
    share.limits()
}

#[test]
fn a_tenant_has_its_own_limits_and_for_the_rest_those_of_all() {
    let config = read(
        "[tenants]\ncalls_at_once = 100\nnew_calls_per_second = 10\nfuel_per_minute = 60_000_000_000\n\
         memory_mib = 1024\n[[tenant]]\nname = \"acme\"\ncalls_at_once = 7\nhttp_per_minute = 5\nhttp_mib_per_minute = 3\nrecordings_mib = 2",
    )
    .unwrap();
    let usual = Limits {
        calls_at_once: Some(100),
        new_calls_per_second: Some(10),
        fuel_per_minute: Some(60_000_000_000),
        memory_bytes: Some(1024 * MIB),
        http_per_minute: None,
        http_bytes_per_minute: None,
        recording_bytes: None,
    };
    let own = Limits {
        calls_at_once: Some(7),
        http_per_minute: Some(5),
        http_bytes_per_minute: Some(3 * MIB),
        recording_bytes: Some(2 * MIB),
        ..usual
    };
    assert_eq!((limits(&config, "acme"), limits(&config, "default")), (own, usual));
    assert_eq!(
        limits(&read("").unwrap(), "default"),
        Limits::default(),
        "nothing is limited unasked"
    );
}

#[test]
fn values_that_could_not_work_are_refused_with_what_would() {
    for (more, said) in [
        ("[tenants]\ncalls_at_once = 0", "calls_at_once"),
        ("[tenants]\nfuel_per_minute = 1000", "100000000"),
        ("[tenants]\nmemory_mib = 16", "at least that"),
        ("[tenants]\ncalls_at_onec = 5", "did you mean"),
        ("[[tenant]]\nname = \"acme\"\nhttp_per_minute = -1", "http_per_minute"),
    ] {
        let refused = read(more).unwrap_err();
        assert!(refused.contains(said), "{more}: {refused}");
    }
}
