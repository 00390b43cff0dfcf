//! What a node says of itself as bytes. Not here: the message around it.

use super::facts::{CAPABILITIES_MAX, Duty, Facts, URL_BYTES, WORD_BYTES as OFFER_BYTES};
use crate::replica::{IP_BYTES, Input, Out, WORD_BYTES, Wire, WireError, text_bytes};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// Bytes of an address with its port, and what version 6 adds.
const ADDRESS_BYTES: usize = IP_BYTES + 3 * WORD_BYTES;

impl Wire for Facts {
    const KIND: u8 = b'n';
    const LARGEST: usize = 1
        + ADDRESS_BYTES
        + text_bytes(URL_BYTES)
        + WORD_BYTES
        + CAPABILITIES_MAX * (text_bytes(OFFER_BYTES) + 2 * WORD_BYTES);

    fn write(&self, _before: Option<&Self>, out: &mut Out) {
        let draining = self.duty() == Duty::Draining;
        out.byte(u8::from(self.sip().is_some()) | u8::from(self.api().is_some()) << 1 | u8::from(draining) << 2);
        if let Some(address) = self.sip() {
            write_address(address, out);
        }
        if let Some(url) = self.api() {
            out.text(url);
        }
        out.number(self.capabilities().len() as u64);
        for offered in self.capabilities() {
            out.text(offered.word());
            out.number(u64::from(offered.capacity()));
            out.number(u64::from(offered.load()));
        }
    }

    fn read(_before: Option<&Self>, input: &mut Input<'_>) -> Result<Self, WireError> {
        let bits = input.choice("what a node says", 0b111)?;
        let mut facts = Self::default();
        if bits & 1 != 0 {
            facts = facts.sip_at(read_address(input)?);
        }
        if bits & 2 != 0 {
            facts = input.value("the address of an API", URL_BYTES, |url| facts.api_at(url))?;
        }
        if bits & 4 != 0 {
            facts = facts.on_duty(Duty::Draining);
        }
        for _ in 0..input.number("how much a node offers", CAPABILITIES_MAX as u64)? {
            let word = input.text("what a node offers", OFFER_BYTES)?;
            let (capacity, load) = (input.word("a capacity")?, input.word("a load")?);
            let offering = facts.offering(word, capacity, load);
            facts = offering.map_err(|why| input.refused("what a node offers", why))?;
        }
        Ok(facts)
    }
}

fn write_address(address: SocketAddr, out: &mut Out) {
    out.ip(address.ip());
    out.number(u64::from(address.port()));
    if let SocketAddr::V6(address) = address {
        out.number(u64::from(address.flowinfo()));
        out.number(u64::from(address.scope_id()));
    }
}

fn read_address(input: &mut Input<'_>) -> Result<SocketAddr, WireError> {
    let ip = input.ip("an address")?;
    let port = input.number("a port", u64::from(u16::MAX))? as u16;
    Ok(match ip {
        IpAddr::V4(_) => SocketAddr::new(ip, port),
        IpAddr::V6(ip) => {
            let (flow, scope) = (input.word("a flow label")?, input.word("a scope")?);
            SocketAddrV6::new(ip, port, flow, scope).into()
        }
    })
}

#[cfg(test)]
mod tests;
