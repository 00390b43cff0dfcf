//! The Date header of SIP (RFC 3261 20.17, an RFC 1123 date in GMT) as seconds since 1970, and back.

use der::DateTime;
use std::time::Duration;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Sat, 13 Nov 2010 23:29:00 GMT` as unix seconds. The day of the week is not checked. `None` for any other form, and
/// for a date that is none.
pub fn unix_seconds_of_date(value: &str) -> Option<u64> {
    let (_, rest) = value.split_once(',')?;
    let mut words = rest.split_ascii_whitespace();
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let (time, zone) = (words.next()?, words.next()?);
    if words.next().is_some() || !zone.eq_ignore_ascii_case("GMT") {
        return None;
    }
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
    let mut clock = time.split(':');
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next()?);
    if clock.next().is_some() || year.len() != 4 {
        return None;
    }
    let date = DateTime::new(
        u16::try_from(digits(year)?).ok()?,
        u8::try_from(month).ok()?,
        digits(day)?.try_into().ok()?,
        digits(hour)?.try_into().ok()?,
        digits(minute)?.try_into().ok()?,
        digits(second)?.try_into().ok()?,
    );
    Some(date.ok()?.unix_duration().as_secs())
}

/// Unix seconds as the value of a Date header. `None` after the year 9999.
pub fn date_of_unix_seconds(seconds: u64) -> Option<String> {
    let date = DateTime::from_unix_duration(Duration::from_secs(seconds)).ok()?;
    // 1 January 1970 was a Thursday.
    let day = DAYS[(seconds / 86_400 % 7) as usize];
    let month = MONTHS[usize::from(date.month()) - 1];
    Some(format!(
        "{day}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
        date.day(),
        date.year(),
        date.hour(),
        date.minutes(),
        date.seconds()
    ))
}

/// One to four digits, no sign.
fn digits(text: &str) -> Option<u32> {
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
