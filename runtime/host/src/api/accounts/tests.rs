//! Days of usage.

use super::*;

#[test]
fn a_day_is_read_as_it_is_written() {
    for (text, number) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-27", 20_784)] {
        assert_eq!(read_day(text), Some(number), "{text}");
        assert_eq!(day(number), text);
    }
    for wrong in [
        "",
        "2026",
        "2026-13-01",
        "2026-02-30",
        "2026-1-1",
        "1969-12-31",
        "2026-11-27-1",
        "x026-11-27",
    ] {
        assert_eq!(read_day(wrong), None, "{wrong}");
    }
}
