//! Whether certificates and keys can be read, and how long they hold. Of a certificate no more is read than its period of
//! validity (RFC 5280 section 4.1.2.5); who believes it is for peers.

use super::{Finding, Verdict};
use patchcord_host::TlsFiles;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// With less left, somebody should renew it.
const SOON_DAYS: i64 = 14;
const DAY: i64 = 86_400;
/// Certificates of one file that are looked at.
const CHAIN_MAX: usize = 10;

pub(super) fn look(files: &TlsFiles) -> Vec<Finding> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let mut findings = Vec::new();
    if let Some(identity) = &files.identity {
        findings.push(chain(&identity.certificate, now));
        findings.push(key(&identity.key));
    }
    let authorities = [&files.client_ca, &files.roots];
    findings.extend(authorities.into_iter().flatten().map(|file| chain(file, now)));
    findings
}

fn key(file: &Path) -> Finding {
    let what = format!("key {}", file.display());
    match PrivateKeyDer::from_pem_file(file) {
        Ok(_) => Finding::new(what, Verdict::Fine),
        Err(why) => Finding::wrong(
            what,
            format!("it cannot be read: {why}; give a PEM file with a private key, readable for the node's user"),
        ),
    }
}

/// All certificates of a file; the one that ends first counts.
fn chain(file: &Path, now: i64) -> Finding {
    let what = format!("certificate {}", file.display());
    let right = "give a PEM file with the certificate first, then those that signed it";
    let read = CertificateDer::pem_file_iter(file).and_then(|all| all.take(CHAIN_MAX).collect::<Result<Vec<_>, _>>());
    let certificates = match read {
        Ok(certificates) if certificates.is_empty() => {
            return Finding::wrong(what, format!("there is none in it; {right}"));
        }
        Ok(certificates) => certificates,
        Err(why) => return Finding::wrong(what, format!("it cannot be read: {why}; {right}")),
    };
    let periods: Option<Vec<Period>> = certificates.iter().map(|certificate| period(certificate)).collect();
    match periods {
        None => Finding::wrong(what, format!("it is no certificate; {right}")),
        Some(periods) => Finding::new(what, holds(&periods, now)),
    }
}

/// From when to when a certificate holds, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    from: i64,
    until: i64,
}

fn holds(periods: &[Period], now: i64) -> Verdict {
    let from = periods.iter().map(|period| period.from).max().unwrap_or(i64::MIN);
    let until = periods.iter().map(|period| period.until).min().unwrap_or(i64::MAX);
    let days = (until - now).div_euclid(DAY);
    if now > until {
        Verdict::Wrong(format!(
            "it ended {} days ago: renew it; a node that runs takes the new one by itself, or on SIGHUP",
            -days
        ))
    } else if now < from {
        Verdict::Wrong("it does not hold yet: the clock is wrong, or wait".to_owned())
    } else if days < SOON_DAYS {
        Verdict::Note(format!("it ends in {days} days: renew it"))
    } else {
        Verdict::Fine
    }
}

/// A value of DER (X.690): its tag, its content, and what comes after it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (
                bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
                rest,
            )
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The period of a certificate: after its version, which may be missing, its number, algorithm and issuer.
fn period(certificate: &[u8]) -> Option<Period> {
    const VERSION: u8 = 0xa0;
    let (_, certificate, _) = value(certificate)?;
    let (_, mut fields, _) = value(certificate)?;
    if fields.first() == Some(&VERSION) {
        fields = value(fields)?.2;
    }
    for _ in ["number", "algorithm", "issuer"] {
        fields = value(fields)?.2;
    }
    let (_, validity, _) = value(fields)?;
    let (from_tag, from, rest) = value(validity)?;
    let (until_tag, until, _) = value(rest)?;
    Some(Period {
        from: time(from_tag, from)?,
        until: time(until_tag, until)?,
    })
}

/// A UTCTime or GeneralizedTime, both of whole seconds in UTC.
fn time(tag: u8, text: &[u8]) -> Option<i64> {
    const UTC_TIME: u8 = 0x17;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let year: i64 = text.get(..2)?.parse().ok()?;
            (if year < 50 { 2_000 + year } else { 1_900 + year }, text.get(2..)?)
        }
        _ => (text.get(..4)?.parse().ok()?, text.get(4..)?),
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i64>().ok();
    let (month, day) = (part(0)?, part(2)?);
    Some(days_to(year, month, day) * DAY + part(4)? * 3_600 + part(6)? * 60 + part(8)?)
}

/// Days from 1970-01-01 to a date, by years that begin in March, so that the leap day comes last.
fn days_to(year: i64, month: i64, day: i64) -> i64 {
    const DAYS_TO_1970: i64 = 719_468;
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - DAYS_TO_1970
}

#[cfg(test)]
mod tests;
