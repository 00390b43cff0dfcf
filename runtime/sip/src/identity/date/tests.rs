//! Dates of SIP: good ones against `date -u`, and what is none.

use super::*;

#[test]
fn dates_are_seconds() {
    assert_eq!(
        unix_seconds_of_date("Sat, 13 Nov 2010 23:29:00 GMT"),
        Some(1_289_690_940)
    );
    assert_eq!(unix_seconds_of_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    assert_eq!(
        unix_seconds_of_date("Fri, 15 Jan 2027 08:00:00 gmt"),
        Some(1_800_000_000)
    );
    assert_eq!(
        unix_seconds_of_date("Thu, 29 Feb 2024 00:00:00 GMT"),
        Some(1_709_164_800)
    );
}

#[test]
fn other_forms_are_none() {
    for text in [
        "",
        "13 Nov 2010 23:29:00 GMT",
        "Sat, 13 Nov 2010 23:29:00 EST",
        "Sat, 13 Nov 2010 23:29:00 +0000",
        "Sat, 13 Nov 10 23:29:00 GMT",
        "Sat, 32 Nov 2010 23:29:00 GMT",
        "Sat, 29 Feb 2023 23:29:00 GMT",
        "Sat, 13 Foo 2010 23:29:00 GMT",
        "Sat, 13 Nov 2010 24:29:00 GMT",
        "Sat, 13 Nov 2010 23:29 GMT",
        "Sat, 13 Nov 2010 23:29:00:00 GMT",
        "Sat, +3 Nov 2010 23:29:00 GMT",
        "Sat, 13 Nov 99999999999999999999 23:29:00 GMT",
        "Sat, 13 Nov 2010 23:29:00 GMT again",
    ] {
        assert_eq!(unix_seconds_of_date(text), None, "{text}");
    }
}

#[test]
fn seconds_are_dates_that_read_back() {
    for (seconds, date) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        // The example of RFC 3261 20.17.
        (1_289_690_940, "Sat, 13 Nov 2010 23:29:00 GMT"),
        (1_800_000_000, "Fri, 15 Jan 2027 08:00:00 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
    ] {
        assert_eq!(date_of_unix_seconds(seconds).as_deref(), Some(date));
        assert_eq!(unix_seconds_of_date(date), Some(seconds));
    }
    assert_eq!(date_of_unix_seconds(u64::MAX), None);
}
