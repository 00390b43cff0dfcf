//! Ways to carriers: `[[trunk]]`. Where each is, who may come in from there, whether we register, which numbers it
//! carries and how it wants them. Not what tenants may call.

use super::phones::domain;
use super::reader::{ConfigError, Table};
use super::{NAME, TENANT, name};
use crate::node::{NodeConfig, WatchedTrunk};
use patchcord_control::ids::Tenant;
use patchcord_control::ledger::TrunkLimits;
use patchcord_control::numbers::{E164, NumberFormat, Prefix, Style, TechPrefix};
use patchcord_control::policy::{Accepts, CallerRules, Trust};
use patchcord_control::trunks::{Codes, Owner, Trunk};
use patchcord_sip::identity::Attestation;
use patchcord_sip::{Credentials, NameAddr, Probe, Transport, TrunkConfig, TrustedPeer, Uri};
use patchcord_switch::{Signing, TrunkHost};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

const KEYS: &[&str] = &[
    "name",
    "tenants",
    "host",
    "port",
    "transport",
    "peers",
    "username",
    "password",
    "realm",
    "register_s",
    "options_s",
    "prefixes",
    "priority",
    "weight",
    "format",
    "country",
    "national_prefix",
    "international_prefix",
    "tech_prefix",
    "caller_ids",
    "substitute",
    "trust",
    "sign",
    "calls",
    "calls_per_second",
    "retry_on",
    "from_domain",
    "codes",
];
/// A carrier is not asked more often than this whether it lives.
const PROBE_S_MIN: u64 = 5;
/// What a number format needs where nothing is said.
const ABROAD: &str = "00";

/// One trunk, for everybody who has to know it.
#[derive(Debug, Clone)]
pub(super) struct Carrier {
    pub(super) choice: Trunk,
    pub(super) host: TrunkHost,
    pub(super) limits: TrunkLimits,
    pub(super) peers: Vec<TrustedPeer>,
    pub(super) watched: WatchedTrunk,
}

/// Reads all trunks. `own` is the domain of From; a registered trunk needs a door of the node.
pub(super) fn read(root: &Table<'_>, own: Option<&str>, node: &NodeConfig) -> Result<Vec<Carrier>, ConfigError> {
    let mut carriers: Vec<Carrier> = Vec::new();
    for table in root.sections("trunk", KEYS)? {
        let carrier = carrier(&table, own, node)?;
        if carriers.iter().any(|known| known.choice.name == carrier.choice.name) {
            return Err(table.wrong("name", "there is a trunk of this name above: give another name"));
        }
        let transport = carrier.watched.transport;
        let is_open = transport == Transport::Udp || node.sip.doors.iter().any(|door| door.transport == transport);
        if carrier.watched.registers.is_some() && !is_open {
            let token = transport.param();
            let sentence = format!("the carrier could not reach us: give [sip] {token} an address to listen on");
            return Err(table.wrong("register_s", &sentence));
        }
        carriers.push(carrier);
    }
    Ok(carriers)
}

fn carrier(table: &Table<'_>, own: Option<&str>, node: &NodeConfig) -> Result<Carrier, ConfigError> {
    let (calls, signer) = (node.calls, node.identity.sign.is_some().then_some(()));
    let name: Arc<str> = table.required("name", NAME, name)?.into();
    let host = table.required(
        "host",
        "the carrier's name or address such as \"sip.carrier.example\"",
        domain,
    )?;
    let transport = table
        .parsed("transport", "\"udp\", \"tcp\" or \"tls\"", transport)?
        .unwrap_or(Transport::Udp);
    let port = table.number("port", 1..=65_535)?;
    let place = place(&host, port, transport, table.has("transport").then_some(()));
    let wrong_host = |_| {
        table.wrong(
            "host",
            "this is no host: give a name or an address such as \"sip.carrier.example\"",
        )
    };
    let uri = Uri::parse(&format!("sip:{place}")).map_err(wrong_host)?;
    let credentials = credentials(table)?;
    let from = table.parsed("from_domain", "a host name such as \"office.example\"", domain)?;
    let user = credentials.as_ref().map_or("patchcord", |it| it.username.as_str());
    let identity_host = from.as_deref().unwrap_or(&host);
    let identity = Uri::parse(&format!("sip:{user}@{identity_host}")).map_err(|_| {
        table.wrong(
            "username",
            "it cannot stand in an address: give the user name the carrier gave",
        )
    })?;
    let choice = choice(table, name.clone())?;
    let mut machine = TrunkConfig::new(&name, &owner_name(&choice.owner), uri, NameAddr::new(identity));
    machine.credentials.clone_from(&credentials);
    machine.probe = probe(table)?;
    let registers = table.seconds("register_s", 60..=86_400)?;
    if registers.is_some() && credentials.is_none() {
        return Err(table.wrong(
            "username",
            "it is missing: a trunk that registers needs username, password and realm",
        ));
    }
    let per_second = table.number("calls_per_second", 1..=10_000)?.unwrap_or(10) as u32;
    let limits = TrunkLimits {
        trunk: name.clone(),
        concurrent: table.number("calls", 1..=super::CALLS_MAX)?.unwrap_or(calls as u64) as u32,
        per_second,
        burst: per_second,
    };
    let host = TrunkHost {
        host: place,
        targets: Vec::new(),
        credentials,
        from_domain: from.or(own.map(str::to_owned)),
        signing: signing(table, signer)?,
    };
    let peers = peers(table, &name)?;
    Ok(Carrier {
        choice,
        host,
        limits,
        peers,
        watched: WatchedTrunk {
            machine,
            transport,
            registers,
        },
    })
}

/// Whether calls over it are signed; that needs something to sign with.
fn signing(table: &Table<'_>, signer: Option<()>) -> Result<Signing, ConfigError> {
    let right = "\"no\", \"source\", \"a\", \"b\" or \"c\"";
    let signing = table.parsed("sign", right, |text| match text {
        "no" => Some(Signing::No),
        "source" => Some(Signing::BySource),
        "a" => Some(Signing::As(Attestation::Full)),
        "b" => Some(Signing::As(Attestation::Partial)),
        "c" => Some(Signing::As(Attestation::Gateway)),
        _ => None,
    })?;
    match signing.unwrap_or_default() {
        Signing::No => Ok(Signing::No),
        _ if signer.is_none() => Err(table.wrong(
            "sign",
            "there is nothing to sign with: give [identity] certificate, key and url",
        )),
        signing => Ok(signing),
    }
}

/// How often the carrier is asked whether it lives; 0: never.
fn probe(table: &Table<'_>) -> Result<Option<Probe>, ConfigError> {
    Ok(match table.number("options_s", 0..=3_600)? {
        Some(0) => None,
        Some(seconds) => Some(Probe {
            every: Duration::from_secs(seconds.max(PROBE_S_MIN)),
            ..Probe::default()
        }),
        None => Some(Probe::default()),
    })
}

fn place(host: &str, port: Option<u64>, transport: Transport, asked: Option<()>) -> String {
    let host = match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => host.to_owned(),
    };
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let token = match transport {
        Transport::Tcp => ";transport=tcp",
        Transport::Tls => ";transport=tls",
        _ if asked.is_some() => ";transport=udp",
        _ => "",
    };
    format!("{host}{port}{token}")
}

fn credentials(table: &Table<'_>) -> Result<Option<Credentials>, ConfigError> {
    let right = "the user name the carrier gave";
    let plain = |text: &str| (!text.is_empty() && text.len() <= 128).then(|| text.to_owned());
    let username = table.parsed("username", right, plain)?;
    let password = table.secret("password")?;
    let realm = table.parsed("realm", "the realm of the carrier's challenges", plain)?;
    match (username, password, realm) {
        (None, None, None) => Ok(None),
        (Some(username), Some(password), Some(realm)) => Ok(Some(Credentials {
            username,
            password,
            realm: Some(realm),
        })),
        (username, password, _) => {
            let key = if username.is_none() {
                "username"
            } else if password.is_none() {
                "password"
            } else {
                "realm"
            };
            Err(table.wrong(key, "it is missing: username, password and realm go together"))
        }
    }
}

fn choice(table: &Table<'_>, name: Arc<str>) -> Result<Trunk, ConfigError> {
    let called = format(table)?;
    let caller = CallerRules {
        accepts: table
            .parsed("caller_ids", "\"own\", \"verified\" or \"any\"", |text| match text {
                "own" => Some(Accepts::Own),
                "verified" => Some(Accepts::OwnAndVerified),
                "any" => Some(Accepts::Any),
                _ => None,
            })?
            .unwrap_or(Accepts::OwnAndVerified),
        substitute: table.parsed("substitute", "a number such as \"+4930123456\"", |text| {
            E164::parse(text).ok()
        })?,
        trust: table
            .parsed("trust", "\"trusted\" or \"untrusted\"", |text| match text {
                "trusted" => Some(Trust::Trusted),
                "untrusted" => Some(Trust::Untrusted),
                _ => None,
            })?
            .unwrap_or(Trust::Untrusted),
        format: NumberFormat {
            tech_prefix: None,
            ..called.clone()
        },
    };
    Ok(Trunk {
        name,
        owner: owner(table)?,
        prefixes: table.list("prefixes", "the beginning of numbers such as \"+49\"", Prefix::new)?,
        codes: table
            .parsed("codes", "\"none\", \"emergency\" or \"all\"", |text| match text {
                "none" => Some(Codes::Neither),
                "emergency" => Some(Codes::Emergency),
                "all" => Some(Codes::Both),
                _ => None,
            })?
            .unwrap_or(Codes::Neither),
        priority: table.number("priority", 0..=65_535)?.unwrap_or(1) as u16,
        weight: table.number("weight", 0..=65_535)?.unwrap_or(1) as u16,
        called,
        caller,
        retry_on: table.list("retry_on", "a status from 300 to 699", |text| {
            text.parse().ok().filter(|status| (300..700).contains(status))
        })?,
    })
}

fn owner(table: &Table<'_>) -> Result<Owner, ConfigError> {
    let right = "the name of a tenant, or \"*\" for all";
    let names: Vec<String> = table.list("tenants", right, |text| {
        (text == "*").then(|| text.to_owned()).or_else(|| name(text))
    })?;
    Ok(if names.is_empty() {
        Owner::Tenants([Tenant(TENANT.to_owned())].into())
    } else if names.iter().any(|name| name == "*") {
        Owner::Shared
    } else {
        Owner::Tenants(names.into_iter().map(Tenant).collect())
    })
}

fn owner_name(owner: &Owner) -> String {
    match owner {
        Owner::Shared => TENANT.to_owned(),
        Owner::Tenants(tenants) => tenants.first().map_or(TENANT, |tenant| &tenant.0).to_owned(),
    }
}

fn format(table: &Table<'_>) -> Result<NumberFormat, ConfigError> {
    let text = |key| table.parsed(key, "digits", |text| Some(text.to_owned()));
    let (country_code, national_prefix) = (text("country")?, text("national_prefix")?);
    let abroad = text("international_prefix")?.unwrap_or_else(|| ABROAD.to_owned());
    let right = "\"plus\", \"digits\", \"international\" or \"national\"";
    let style = table.parsed("format", right, |text| match text {
        "plus" => Some(Style::Plus),
        "digits" => Some(Style::Digits),
        "international" => Some(Style::International { prefix: abroad.clone() }),
        "national" => Some(Style::National {
            country_code: country_code.clone().unwrap_or_default(),
            national_prefix: national_prefix.clone().unwrap_or_default(),
            international_prefix: abroad.clone(),
        }),
        _ => None,
    })?;
    let tech_prefix = table.secret("tech_prefix")?;
    let tech_prefix = tech_prefix.map(|text| TechPrefix::new(&text)).transpose();
    let format = NumberFormat {
        style: style.unwrap_or_default(),
        tech_prefix: tech_prefix.map_err(|why| table.wrong("tech_prefix", &format!("give {}", why.right)))?,
    };
    match format.check() {
        Ok(()) => Ok(format),
        Err(why) => {
            let key = if why.setting == "country_code" {
                "country"
            } else {
                why.setting
            };
            Err(table.wrong(key, &format!("give {}", why.right)))
        }
    }
}

fn peers(table: &Table<'_>, trunk: &Arc<str>) -> Result<Vec<TrustedPeer>, ConfigError> {
    let right = "an address or a network such as \"192.0.2.0/24\"";
    let networks = table.list("peers", right, network)?;
    let peer = |(network, prefix)| TrustedPeer {
        trunk: trunk.clone(),
        network,
        prefix,
        port: None,
        transport: None,
    };
    Ok(networks.into_iter().map(peer).collect())
}

/// An address, or a network with its leading bits.
pub(super) fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(most);
    // A network of all addresses would let in everybody.
    (1..=most).contains(&bits).then_some((address, bits))
}

fn transport(text: &str) -> Option<Transport> {
    match text {
        "udp" => Some(Transport::Udp),
        "tcp" => Some(Transport::Tcp),
        "tls" => Some(Transport::Tls),
        _ => None,
    }
}
