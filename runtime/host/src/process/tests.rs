//! Reading /proc, and the limit of open files.

use super::*;

#[test]
fn fields_are_found_behind_any_process_name() {
    assert_eq!(status_field("Name:\tx\nVmRSS:\t  123 kB\nThreads:\t7\n", "VmRSS:"), 123);
    assert_eq!(status_field("Name:\tx\n", "VmRSS:"), 0);
    assert_eq!(cpu_ticks("1 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 40 2 0 0"), 42);
    assert_eq!(cpu_ticks(""), 0);
}

#[test]
fn this_process_uses_something() {
    let used = usage();
    assert!(
        used.resident_bytes > 100_000 && used.threads >= 1 && used.open_files >= 3,
        "{used:?}"
    );
}

#[test]
fn more_sockets_than_the_system_allows_is_a_sentence() {
    let error = allow_sockets(u64::MAX - OTHER_FILES).unwrap_err();
    assert!(error.to_string().contains("open files are needed"), "{error}");
    allow_sockets(1).expect("one socket is always allowed");
}
