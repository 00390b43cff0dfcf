//! `[media]`: where sound comes in, and how it is coded.

use super::reader::{ConfigError, Table};
use super::{HOST, SECONDS_MAX, THREADS_MAX, check, turn};
use crate::browsers::{BrowserDoor, Ice};
use crate::doors::Sip;
use crate::node::Media;
use patchcord_sip::sdp::{Codec, Srtp};
use std::time::Duration;

pub(super) const KEYS: &[&str] = &[
    "ports",
    "address",
    "advertise",
    "threads",
    "timeout_s",
    "codecs",
    "ptime_ms",
    "srtp",
    "browser_port",
    "browser_ice",
];

/// Reads it.
pub(super) fn read(section: &Table<'_>, turn: &Table<'_>, sip: &Sip) -> Result<Media, ConfigError> {
    let listen = section
        .parsed("address", HOST, |text| text.parse().ok())?
        .unwrap_or(sip.listen.ip());
    let advertise = section.parsed("advertise", HOST, |text| text.parse().ok())?;
    let phones_know = sip.advertise.map_or(listen, |address| address.ip());
    let advertise = advertise.unwrap_or(if listen.is_unspecified() { phones_know } else { listen });
    check::reachable(section, listen, Some(advertise))?;
    let right = "two ports such as \"20000-23999\", the first even and below the second";
    let timeout = section
        .seconds("timeout_s", 0..=SECONDS_MAX)?
        .unwrap_or(Duration::from_secs(30));
    let threads = section.number("threads", 1..=THREADS_MAX)?;
    let names = "\"opus\", \"G722\", \"PCMU\", \"PCMA\", \"L16/16000\" or \"L16/8000\"";
    let codecs = section.parsed_list("codecs", names, Codec::named)?;
    if has_twins(&codecs) {
        return Err(section.wrong("codecs", "one stands there twice: give each once"));
    }
    let ptime_ms = section.number("ptime_ms", 10..=60)?.unwrap_or(20);
    if ptime_ms % 10 != 0 {
        return Err(section.wrong("ptime_ms", "it has to be 10, 20, 30, 40, 50 or 60"));
    }
    let srtp = section
        .parsed("srtp", "\"accept\" or \"require\"", srtp)?
        .unwrap_or_default();
    let browsers = browser_door(section)?;
    let ice_servers = turn::read(turn, browsers.is_some())?;
    Ok(Media {
        browsers,
        ice_servers,
        ports: section.parsed("ports", right, ports)?.unwrap_or(20_000..=23_999),
        listen,
        advertise,
        codecs: if codecs.is_empty() {
            Codec::USUAL.to_vec()
        } else {
            codecs
        },
        ptime_ms: ptime_ms as u16,
        srtp,
        threads: threads.map_or_else(|| cores().div_ceil(2), |threads| threads as usize),
        timeout: (!timeout.is_zero()).then_some(timeout),
    })
}

fn ports(text: &str) -> Option<std::ops::RangeInclusive<u16>> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.trim().parse::<u16>().ok()?, last.trim().parse::<u16>().ok()?);
    (first >= 1_024 && first % 2 == 0 && first < last).then_some(first..=last)
}

/// Where browsers' audio is taken, and how.
fn browser_door(section: &Table<'_>) -> Result<Option<BrowserDoor>, ConfigError> {
    let port = section.number("browser_port", 1_024..=65_535)?;
    let ice = section.parsed("browser_ice", "\"lite\" or \"full\"", |text| match text {
        "lite" => Some(Ice::Lite),
        "full" => Some(Ice::Full),
        _ => None,
    })?;
    match (port, ice) {
        (None, Some(_)) => Err(section.wrong("browser_ice", "it says nothing without browser_port: give that too")),
        (None, None) => Ok(None),
        (Some(port), ice) => Ok(Some(BrowserDoor {
            port: port as u16,
            ice: ice.unwrap_or_default(),
        })),
    }
}

fn srtp(text: &str) -> Option<Srtp> {
    match text {
        "accept" => Some(Srtp::Accept),
        "require" => Some(Srtp::Require),
        _ => None,
    }
}

fn has_twins(codecs: &[Codec]) -> bool {
    codecs.iter().enumerate().any(|(n, codec)| codecs[..n].contains(codec))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
