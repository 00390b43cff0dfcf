//! Number ranges that pay whoever is called, or that hide a foreign country behind a domestic number. They are what
//! stolen accounts call first. A fixed table of public facts, not a complete list: the default of every tenant is to
//! allow nothing, and this table only keeps a short rule like `+44` from opening more than its author meant.
//!
//! Sources: ITU-T Recommendation E.164 Annex, List of assigned country codes (codes shared by services and networks);
//! NANPA (900 and 5XX area codes, 976 central-office code, countries within +1); for national ranges the numbering plans
//! of the regulators, notified to the ITU (Ofcom, BNetzA, ARCEP, CNMC, AGCOM, BAKOM, RTR, ACM, BIPT, PTS, UKE, Traficom,
//! ComReg, ANACOM, SPRK, ACMA).

use crate::numbers::E164;

/// Why a range is risky.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Risk {
    /// The called party is paid by the minute or the call.
    PremiumRate,
    /// The caller pays more than for a plain call, and some of it reaches the called party.
    SharedCost,
    /// Follows a person anywhere, at a price that depends on where.
    PersonalNumber,
    /// A satellite.
    Satellite,
    /// A network without a country: ships, aircraft, machines, resellers.
    GlobalNetwork,
    /// Another country, dialled like a domestic call.
    ForeignInside,
    /// Not assigned to anybody, on trial, or given back.
    Unassigned,
}

/// A risky range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Risky {
    /// How its numbers begin, without `+`. For 976 within +1 the place of the area code is written `nnn`.
    pub prefix: &'static str,
    /// Why.
    pub risk: Risk,
    /// What it is.
    pub name: &'static str,
}

const fn range(prefix: &'static str, risk: Risk, name: &'static str) -> Risky {
    Risky { prefix, risk, name }
}

/// 976 as central-office code in any area code (NANPA: information delivery services).
const ANY_AREA_976: Risky = range("1nnn976", Risk::PremiumRate, "North America 976");
/// Digits of `1nnn976`.
const ANY_AREA_976_LENGTH: usize = 7;

/// The risky range of a number and how many of its digits name it; the longest if there are two.
pub(super) fn find(number: &E164) -> Option<(&'static Risky, usize)> {
    let digits = number.digits();
    let listed = RISKY
        .iter()
        .filter(|range| digits.starts_with(range.prefix))
        .map(|range| (range, range.prefix.len()))
        .max_by_key(|(_, length)| *length);
    match listed {
        Some(_) => listed,
        None if digits.starts_with('1') && digits.get(4..ANY_AREA_976_LENGTH) == Some("976") => {
            Some((&ANY_AREA_976, ANY_AREA_976_LENGTH))
        }
        None => None,
    }
}

/// The table. Short enough to be walked for each call.
const RISKY: &[Risky] = &[
    // Codes shared by services and networks (ITU).
    range("808", Risk::SharedCost, "International shared cost"),
    range("870", Risk::Satellite, "Inmarsat"),
    range("871", Risk::Unassigned, "Inmarsat Atlantic East, given back"),
    range("872", Risk::Unassigned, "Inmarsat Pacific, given back"),
    range("873", Risk::Unassigned, "Inmarsat Indian Ocean, given back"),
    range("874", Risk::Unassigned, "Inmarsat Atlantic West, given back"),
    range("878", Risk::PersonalNumber, "Universal personal numbers"),
    range("881", Risk::Satellite, "Global mobile satellite systems"),
    range("882", Risk::GlobalNetwork, "International networks 882"),
    range("883", Risk::GlobalNetwork, "International networks 883"),
    range("888", Risk::Unassigned, "Disaster relief, given back"),
    range("979", Risk::PremiumRate, "International premium rate"),
    range("991", Risk::Unassigned, "Trials of international services"),
    range("999", Risk::Unassigned, "Reserved 999"),
    // Within +1 (NANPA).
    range("1900", Risk::PremiumRate, "North America 900"),
    range("1976", Risk::PremiumRate, "North America 976 as area code"),
    range("1500", Risk::PersonalNumber, "North America personal 500"),
    range("1521", Risk::PersonalNumber, "North America personal 521"),
    range("1522", Risk::PersonalNumber, "North America personal 522"),
    range("1523", Risk::PersonalNumber, "North America personal 523"),
    range("1524", Risk::PersonalNumber, "North America personal 524"),
    range("1525", Risk::PersonalNumber, "North America personal 525"),
    range("1526", Risk::PersonalNumber, "North America personal 526"),
    range("1527", Risk::PersonalNumber, "North America personal 527"),
    range("1528", Risk::PersonalNumber, "North America personal 528"),
    range("1529", Risk::PersonalNumber, "North America personal 529"),
    range("1533", Risk::PersonalNumber, "North America personal 533"),
    range("1544", Risk::PersonalNumber, "North America personal 544"),
    range("1566", Risk::PersonalNumber, "North America personal 566"),
    range("1577", Risk::PersonalNumber, "North America personal 577"),
    range("1588", Risk::PersonalNumber, "North America personal 588"),
    range("1700", Risk::PremiumRate, "North America carrier services 700"),
    range("1242", Risk::ForeignInside, "Bahamas"),
    range("1246", Risk::ForeignInside, "Barbados"),
    range("1264", Risk::ForeignInside, "Anguilla"),
    range("1268", Risk::ForeignInside, "Antigua and Barbuda"),
    range("1284", Risk::ForeignInside, "British Virgin Islands"),
    range("1345", Risk::ForeignInside, "Cayman Islands"),
    range("1441", Risk::ForeignInside, "Bermuda"),
    range("1473", Risk::ForeignInside, "Grenada"),
    range("1649", Risk::ForeignInside, "Turks and Caicos Islands"),
    range("1658", Risk::ForeignInside, "Jamaica 658"),
    range("1664", Risk::ForeignInside, "Montserrat"),
    range("1721", Risk::ForeignInside, "Sint Maarten"),
    range("1758", Risk::ForeignInside, "Saint Lucia"),
    range("1767", Risk::ForeignInside, "Dominica"),
    range("1784", Risk::ForeignInside, "Saint Vincent and the Grenadines"),
    range("1809", Risk::ForeignInside, "Dominican Republic 809"),
    range("1829", Risk::ForeignInside, "Dominican Republic 829"),
    range("1849", Risk::ForeignInside, "Dominican Republic 849"),
    range("1868", Risk::ForeignInside, "Trinidad and Tobago"),
    range("1869", Risk::ForeignInside, "Saint Kitts and Nevis"),
    range("1876", Risk::ForeignInside, "Jamaica 876"),
    // Within +7 and +39 a second country shares the code.
    range("76", Risk::ForeignInside, "Kazakhstan 6"),
    range("77", Risk::ForeignInside, "Kazakhstan 7"),
    range("3906698", Risk::ForeignInside, "Vatican City"),
    // National ranges of high price.
    range("7803", Risk::PremiumRate, "Russia 803"),
    range("7809", Risk::PremiumRate, "Russia 809"),
    range("3190", Risk::PremiumRate, "Netherlands 090"),
    range("3290", Risk::PremiumRate, "Belgium 090"),
    range("3389", Risk::PremiumRate, "France 089"),
    range("3381", Risk::PremiumRate, "France 081"),
    range("3382", Risk::PremiumRate, "France 082"),
    range("34803", Risk::PremiumRate, "Spain 803"),
    range("34806", Risk::PremiumRate, "Spain 806"),
    range("34807", Risk::PremiumRate, "Spain 807"),
    range("34905", Risk::PremiumRate, "Spain 905"),
    range("34907", Risk::PremiumRate, "Spain 907"),
    range("34901", Risk::SharedCost, "Spain 901"),
    range("34902", Risk::SharedCost, "Spain 902"),
    range("3470", Risk::PersonalNumber, "Spain 70"),
    range("3690", Risk::PremiumRate, "Hungary 90"),
    range("3691", Risk::PremiumRate, "Hungary 91"),
    range("3989", Risk::PremiumRate, "Italy 89"),
    range("39144", Risk::PremiumRate, "Italy 144"),
    range("39166", Risk::PremiumRate, "Italy 166"),
    range("39199", Risk::PersonalNumber, "Italy 199"),
    range("39178", Risk::PersonalNumber, "Italy 178"),
    range("40900", Risk::PremiumRate, "Romania 900"),
    range("40903", Risk::PremiumRate, "Romania 903"),
    range("40906", Risk::PremiumRate, "Romania 906"),
    range("4190", Risk::PremiumRate, "Switzerland 090"),
    range("41878", Risk::PersonalNumber, "Switzerland 0878"),
    range("43900", Risk::PremiumRate, "Austria 0900"),
    range("43901", Risk::PremiumRate, "Austria 0901"),
    range("43930", Risk::PremiumRate, "Austria 0930"),
    range("43931", Risk::PremiumRate, "Austria 0931"),
    range("43939", Risk::PremiumRate, "Austria 0939"),
    range("4470", Risk::PersonalNumber, "United Kingdom 070"),
    range("4484", Risk::SharedCost, "United Kingdom 084"),
    range("4487", Risk::SharedCost, "United Kingdom 087"),
    range("449", Risk::PremiumRate, "United Kingdom 09"),
    range("4590", Risk::PremiumRate, "Denmark 90"),
    range("46900", Risk::PremiumRate, "Sweden 0900"),
    range("46939", Risk::PremiumRate, "Sweden 0939"),
    range("46944", Risk::PremiumRate, "Sweden 0944"),
    range("47820", Risk::PremiumRate, "Norway 820"),
    range("47829", Risk::PremiumRate, "Norway 829"),
    range("4870", Risk::PremiumRate, "Poland 70"),
    range("49137", Risk::PremiumRate, "Germany 0137"),
    range("49180", Risk::SharedCost, "Germany 0180"),
    range("49700", Risk::PersonalNumber, "Germany 0700"),
    range("49900", Risk::PremiumRate, "Germany 0900"),
    range("61190", Risk::PremiumRate, "Australia 190"),
    range("64900", Risk::PremiumRate, "New Zealand 0900"),
    range("351601", Risk::PremiumRate, "Portugal 601"),
    range("351607", Risk::PremiumRate, "Portugal 607"),
    range("351608", Risk::PremiumRate, "Portugal 608"),
    range("351646", Risk::PremiumRate, "Portugal 646"),
    range("351648", Risk::PremiumRate, "Portugal 648"),
    range("35176", Risk::PremiumRate, "Portugal 76"),
    range("353700", Risk::PersonalNumber, "Ireland 0700"),
    range("358600", Risk::PremiumRate, "Finland 0600"),
    range("358700", Risk::PremiumRate, "Finland 0700"),
    range("35990", Risk::PremiumRate, "Bulgaria 90"),
    range("37090", Risk::PremiumRate, "Lithuania 90"),
    range("37190", Risk::PremiumRate, "Latvia 90"),
    range("37181", Risk::SharedCost, "Latvia 81"),
    range("372900", Risk::PremiumRate, "Estonia 900"),
    range("37240", Risk::PremiumRate, "Estonia 40"),
    range("38190", Risk::PremiumRate, "Serbia 90"),
    range("38690", Risk::PremiumRate, "Slovenia 90"),
    range("420900", Risk::PremiumRate, "Czechia 900"),
    range("420906", Risk::PremiumRate, "Czechia 906"),
    range("420909", Risk::PremiumRate, "Czechia 909"),
    range("420976", Risk::PremiumRate, "Czechia 976"),
    range("421900", Risk::PremiumRate, "Slovakia 0900"),
];

/// The whole table, for its tests.
#[cfg(test)]
pub(super) fn table() -> &'static [Risky] {
    RISKY
}
