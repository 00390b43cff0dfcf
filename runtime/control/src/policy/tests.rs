//! Whose number may be shown, and what each kind of trunk is told of it.

use super::*;

const OWN: &str = "+4930111111";
const VERIFIED: &str = "+4930222222";
const CALLER: &str = "+442079460000";
const STRANGER: &str = "+33123456789";
const TRUNKS: &str = "+4930999999";

fn number(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

fn ids(default: Option<&str>) -> CallerIds {
    CallerIds::new(vec![number(OWN)], vec![number(VERIFIED)], default.map(number)).expect("good ids")
}

fn party(text: Option<&str>, privacy: Privacy) -> Party {
    Party {
        number: text.map(number),
        privacy,
    }
}

fn rules(accepts: Accepts, trust: Trust, substitute: Option<&str>) -> CallerRules {
    CallerRules {
        accepts,
        substitute: substitute.map(number),
        trust,
        format: NumberFormat::default(),
    }
}

/// Shown number, vouched number, source, privacy.
type Seen = (Option<&'static str>, Option<&'static str>, Source, Privacy);

fn expect(wanted: Wanted, default: Option<&str>, parties: &[Party], expected: Result<Seen, CallerIdRefused>) {
    let expected = expected.map(|(shown, vouched, source, privacy)| CallerId {
        number: shown.map(number),
        vouched: vouched.map(number),
        source,
        privacy,
    });
    assert_eq!(
        ids(default).permit(wanted, parties),
        expected,
        "{wanted:?} {expected:?}"
    );
}

#[test]
fn a_number_is_shown_only_if_it_is_own_verified_or_a_partys() {
    use Privacy::{Shown, Withheld};
    let shown = [party(Some(CALLER), Shown), party(Some(VERIFIED), Withheld)];
    let hidden = [party(Some(CALLER), Withheld)];
    let unknown = [party(None, Shown)];
    let named = |text: &str| Wanted::Number(number(text));
    let d = Some(OWN);
    expect(Wanted::Default, d, &[], Ok((d, d, Source::Own, Shown)));
    expect(Wanted::Default, None, &shown, Err(CallerIdRefused::NoDefault));
    expect(
        named(VERIFIED),
        d,
        &[],
        Ok((Some(VERIFIED), Some(VERIFIED), Source::Verified, Shown)),
    );
    expect(named(STRANGER), d, &shown, Err(CallerIdRefused::NotAllowed));
    expect(named(CALLER), d, &[], Err(CallerIdRefused::NotAllowed));
    expect(named(CALLER), d, &shown, Ok((Some(CALLER), d, Source::Party, Shown)));
    expect(
        named(CALLER),
        d,
        &hidden,
        Ok((Some(CALLER), d, Source::Party, Withheld)),
    );
    expect(
        named(VERIFIED),
        d,
        &shown,
        Ok((Some(VERIFIED), Some(VERIFIED), Source::Verified, Shown)),
    );
    expect(Wanted::Callers, d, &shown, Ok((Some(CALLER), d, Source::Party, Shown)));
    expect(
        Wanted::Callers,
        None,
        &shown,
        Ok((Some(CALLER), None, Source::Party, Shown)),
    );
    expect(
        Wanted::Callers,
        d,
        &hidden,
        Ok((Some(CALLER), d, Source::Party, Withheld)),
    );
    expect(Wanted::Callers, d, &unknown, Ok((d, d, Source::Own, Withheld)));
    expect(Wanted::Callers, d, &[], Err(CallerIdRefused::NoCaller));
    expect(Wanted::Anonymous, d, &shown, Ok((d, d, Source::Own, Withheld)));
    expect(
        Wanted::Anonymous,
        None,
        &shown,
        Ok((None, None, Source::Nobody, Withheld)),
    );
}

#[test]
fn a_default_must_be_the_tenants() {
    let made = CallerIds::new(vec![number(OWN)], Vec::new(), Some(number(STRANGER)));
    assert_eq!(made.err(), Some(CallerIdsError::Default));
}

/// From, P-Asserted-Identity, privacy and source; `-` where there is none.
type Told<'a> = Option<(&'a str, &'a str, Privacy, Source)>;

fn tell(rules: &CallerRules, wanted: Wanted, parties: &[Party], expected: Told<'_>) {
    let caller = ids(Some(OWN)).permit(wanted, parties).expect("permitted");
    let presented = rules.present(&caller);
    let text = |user: &Option<Private<String>>| user.clone().map_or("-".to_owned(), Private::into_inner);
    let users = presented.as_ref().map(|p| (text(&p.from), text(&p.asserted)));
    let told = presented.as_ref().zip(users.as_ref());
    let told = told.map(|(p, (from, asserted))| (from.as_str(), asserted.as_str(), p.privacy, p.source));
    assert_eq!(told, expected, "{rules:?} {wanted:?} {parties:?}");
    // What may be signed is what somebody is told anyway.
    let signable = presented
        .as_ref()
        .and_then(|p| p.signable)
        .map(|number| number.reveal().to_owned());
    let told = users.filter(|(from, asserted)| from != "-" || asserted != "-");
    assert_eq!(
        signable,
        told.map(|(from, asserted)| if from == "-" { asserted } else { from })
    );
}

#[test]
fn each_trunk_is_told_of_a_tenants_number_what_its_trust_and_rules_allow() {
    use Accepts::{Own, OwnAndVerified};
    use Privacy::{Shown, Withheld};
    use Trust::{Trusted, Untrusted};
    let (own, verified) = (Wanted::Number(number(OWN)), Wanted::Number(number(VERIFIED)));
    let seen = Some((OWN, OWN, Shown, Source::Own));
    tell(&rules(Own, Trusted, None), own, &[], seen);
    let seen = Some((OWN, "-", Shown, Source::Own));
    tell(&rules(Own, Untrusted, None), own, &[], seen);
    tell(&rules(Own, Trusted, None), verified, &[], None);
    let seen = Some((TRUNKS, TRUNKS, Shown, Source::Trunk));
    tell(&rules(Own, Trusted, Some(TRUNKS)), verified, &[], seen);
    let seen = Some((VERIFIED, VERIFIED, Shown, Source::Verified));
    tell(&rules(OwnAndVerified, Trusted, None), verified, &[], seen);
    let seen = Some(("-", OWN, Withheld, Source::Own));
    tell(&rules(Own, Trusted, None), Wanted::Anonymous, &[], seen);
    let seen = Some(("-", "-", Withheld, Source::Own));
    tell(&rules(Own, Untrusted, None), Wanted::Anonymous, &[], seen);
}

#[test]
fn each_trunk_is_told_of_a_party_what_its_trust_and_the_partys_wish_allow() {
    use Accepts::{Any, Own, OwnAndVerified};
    use Privacy::{Shown, Withheld};
    use Trust::{Trusted, Untrusted};
    let shown = [party(Some(CALLER), Shown)];
    let hidden = [party(Some(CALLER), Withheld)];
    tell(&rules(OwnAndVerified, Trusted, None), Wanted::Callers, &shown, None);
    let seen = Some((CALLER, OWN, Shown, Source::Party));
    tell(&rules(Any, Trusted, None), Wanted::Callers, &shown, seen);
    let seen = Some((CALLER, "-", Shown, Source::Party));
    tell(&rules(Any, Untrusted, None), Wanted::Callers, &shown, seen);
    let seen = Some(("-", OWN, Withheld, Source::Party));
    tell(&rules(Any, Trusted, None), Wanted::Callers, &hidden, seen);
    let seen = Some(("-", "-", Withheld, Source::Party));
    tell(&rules(Any, Untrusted, None), Wanted::Callers, &hidden, seen);
    let seen = Some(("-", "-", Withheld, Source::Trunk));
    tell(&rules(Own, Untrusted, Some(TRUNKS)), Wanted::Callers, &hidden, seen);
}

#[test]
fn an_emergency_call_shows_a_number_whenever_there_is_one() {
    let table = [
        (
            Wanted::Anonymous,
            Some(OWN),
            rules(Accepts::Own, Trust::Untrusted, None),
            Some(OWN),
        ),
        (
            Wanted::Anonymous,
            None,
            rules(Accepts::Own, Trust::Untrusted, Some(TRUNKS)),
            Some(TRUNKS),
        ),
        (
            Wanted::Anonymous,
            None,
            rules(Accepts::Own, Trust::Untrusted, None),
            None,
        ),
        (
            Wanted::Callers,
            Some(OWN),
            rules(Accepts::Any, Trust::Untrusted, None),
            Some(CALLER),
        ),
        (
            Wanted::Callers,
            Some(OWN),
            rules(Accepts::Own, Trust::Untrusted, Some(TRUNKS)),
            Some(TRUNKS),
        ),
        (
            Wanted::Callers,
            Some(OWN),
            rules(Accepts::Own, Trust::Untrusted, None),
            Some(CALLER),
        ),
    ];
    for (row, (wanted, default, rules, expected)) in table.into_iter().enumerate() {
        let parties = [party(Some(CALLER), Privacy::Withheld)];
        let caller = ids(default).permit(wanted, &parties).expect("permitted");
        let presented = rules.present_in_emergency(&caller);
        assert_eq!(
            presented.from.map(Private::into_inner).as_deref(),
            expected,
            "row {row}"
        );
    }
}

#[test]
fn no_number_is_printed() {
    let parties = [party(Some(CALLER), Privacy::Shown)];
    let ids = ids(Some(OWN));
    let caller = ids.permit(Wanted::Callers, &parties).expect("permitted");
    let presented = rules(Accepts::Any, Trust::Trusted, Some(TRUNKS)).present(&caller);
    let printed = format!(
        "{ids:?} {parties:?} {caller:?} {presented:?} {:?}",
        Wanted::Number(number(OWN))
    );
    for text in [OWN, VERIFIED, CALLER, TRUNKS] {
        assert!(!printed.contains(&text[4..]), "{printed}");
    }
}

#[test]
fn more_numbers_are_own_or_verified_and_the_default_may_be_among_them() {
    let base = ids(Some(OWN));
    let more = base.with([number(STRANGER)], [number(CALLER)], None).expect("good ids");
    assert!(more.has(&number(STRANGER)) && more.has(&number(OWN)) && more.has(&number(VERIFIED)));
    assert_eq!(more.default_number(), Some(number(OWN)));
    let shown = |wanted| more.permit(Wanted::Number(number(wanted)), &[]).map(|id| id.source);
    assert_eq!(
        (shown(STRANGER), shown(CALLER)),
        (Ok(Source::Own), Ok(Source::Verified))
    );
    let chosen = base.with([], [number(CALLER)], Some(number(CALLER))).expect("good ids");
    assert_eq!(chosen.default_number(), Some(number(CALLER)));
    assert!(matches!(
        base.with([], [], Some(number(CALLER))),
        Err(CallerIdsError::Default)
    ));
}
