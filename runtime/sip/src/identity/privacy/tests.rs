//! Which identity is believed of whom, and what each kind of peer is told.

use super::*;

fn headers(fields: &[(&str, &str)]) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in fields {
        headers.push(name, value);
    }
    headers
}

fn name(text: &str) -> NameAddr {
    NameAddr::parse(text).unwrap()
}

fn best(fields: &[(&str, &str)], peer: Trust) -> Option<String> {
    believe(&headers(fields), peer).asserted.best().map(ToString::to_string)
}

const ASSERTED: (&str, &str) = (
    "P-Asserted-Identity",
    "\"Bob\" <sip:bob@a.example>;x=1, <tel:+12155551212>",
);

#[test]
fn only_a_trusted_peer_asserts() {
    let fields = [
        ASSERTED,
        ("P-Preferred-Identity", "<tel:+1900>"),
        ("Remote-Party-ID", "<sip:rpid@a.example>"),
    ];
    let trusted = believe(&headers(&fields), Trust::Trusted);
    assert_eq!(trusted.asserted.sip, Some(name("\"Bob\" <sip:bob@a.example>")));
    assert_eq!(trusted.asserted.tel, Some(name("<tel:+12155551212>")));
    assert!(trusted.preferred.is_empty());
    let untrusted = believe(&headers(&fields), Trust::Untrusted);
    assert!(untrusted.asserted.is_empty());
    assert_eq!(untrusted.preferred.tel, Some(name("<tel:+1900>")));
}

#[test]
fn the_first_of_each_kind_counts() {
    let fields = [
        ("P-Asserted-Identity", "nonsense"),
        ("P-Asserted-Identity", "<urn:x:y>, <tel:+1>"),
        ("P-Asserted-Identity", "<tel:+2>"),
    ];
    assert_eq!(best(&fields, Trust::Trusted).as_deref(), Some("<tel:+1>"));
    let many = vec![("P-Asserted-Identity", "<mailto:a>"); VALUES]
        .into_iter()
        .chain([ASSERTED])
        .collect::<Vec<_>>();
    assert_eq!(best(&many, Trust::Trusted), None);
}

#[test]
fn remote_party_id_where_nothing_is_asserted() {
    let rpid = |value| best(&[("Remote-Party-ID", value)], Trust::Trusted);
    assert_eq!(
        rpid("\"B\" <tel:+1>;party=calling;screen=yes").as_deref(),
        Some("\"B\" <tel:+1>")
    );
    assert_eq!(rpid("<tel:+1>").as_deref(), Some("<tel:+1>"));
    assert_eq!(rpid("<tel:+1>;party=called"), None);
    assert_eq!(rpid("<tel:+1>;screen=no"), None);
    assert_eq!(
        best(&[("Remote-Party-ID", "<tel:+1>;screen=yes")], Trust::Untrusted),
        None
    );
    let both = [ASSERTED, ("Remote-Party-ID", "<tel:+1>;privacy=full")];
    assert!(!believe(&headers(&both), Trust::Trusted).privacy.hides_caller());
    let hidden = [("Remote-Party-ID", "<tel:+1>;privacy=FULL")];
    assert!(believe(&headers(&hidden), Trust::Trusted).privacy.hides_caller());
}

#[test]
fn privacy_is_read_and_written() {
    let privacy = |value| Privacy::read(&headers(&[("Privacy", value)]));
    assert_eq!(privacy("id;user , Header;x").to_string(), "header;user;id");
    assert!(privacy("id").hides_caller() && privacy("user;critical").hides_caller());
    assert!(!privacy("none;id").hides_caller() && !privacy("header;session").hides_caller());
    assert_eq!(privacy(&"x;".repeat(100)), Privacy::default());
}

#[test]
fn a_trusted_peer_is_told_everything_and_the_wish() {
    let believed = believe(&headers(&[ASSERTED, ("Privacy", "id")]), Trust::Trusted);
    let told = tell(
        &name("<sip:bob@b.example>;tag=1"),
        &believed.asserted,
        believed.privacy,
        Trust::Trusted,
    );
    assert_eq!(told.from.to_string(), "<sip:bob@b.example>");
    let expected = [
        ("P-Asserted-Identity", "\"Bob\" <sip:bob@a.example>".to_owned()),
        ("P-Asserted-Identity", "<tel:+12155551212>".to_owned()),
        ("Privacy", "id".to_owned()),
    ];
    assert_eq!(told.headers, expected);
}

#[test]
fn an_untrusted_peer_learns_nothing_of_a_hidden_caller() {
    for wish in ["id", "user", "user;critical", "id;header;session"] {
        let believed = believe(&headers(&[ASSERTED, ("Privacy", wish)]), Trust::Trusted);
        let told = tell(
            &name("<sip:bob@b.example>"),
            &believed.asserted,
            believed.privacy,
            Trust::Untrusted,
        );
        assert_eq!(told.from.to_string(), "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
        assert_eq!(told.headers, [], "{wish}");
    }
    let open = believe(&headers(&[ASSERTED, ("Privacy", "none")]), Trust::Trusted);
    let told = tell(
        &name("<sip:bob@b.example>"),
        &open.asserted,
        open.privacy,
        Trust::Untrusted,
    );
    assert_eq!(told.from.to_string(), "<sip:bob@b.example>");
    assert_eq!(told.headers.len(), 3);
    assert_eq!(told.headers[2], ("Privacy", "none".to_owned()));
}

#[test]
fn headers_that_may_pass() {
    let (id, user) = (
        Privacy::default().with(PrivacyKind::Id),
        Privacy::default().with(PrivacyKind::User),
    );
    for (header, privacy, peer, expected) in [
        ("p-asserted-identity", Privacy::default(), Trust::Trusted, Fate::Strip),
        ("Remote-Party-ID", Privacy::default(), Trust::Untrusted, Fate::Strip),
        ("X-Customer", user, Trust::Untrusted, Fate::Keep),
        ("Subject", Privacy::default(), Trust::Untrusted, Fate::Keep),
        ("Subject", id, Trust::Untrusted, Fate::Keep),
        ("s", user, Trust::Untrusted, Fate::Strip),
        ("Subject", user, Trust::Trusted, Fate::Keep),
        ("Identity", id, Trust::Untrusted, Fate::Strip),
        ("y", id, Trust::Untrusted, Fate::Strip),
        ("Identity", id, Trust::Trusted, Fate::Keep),
        (
            "History-Info",
            Privacy::default().with(PrivacyKind::History),
            Trust::Untrusted,
            Fate::Strip,
        ),
        ("Diversion", id, Trust::Untrusted, Fate::Strip),
    ] {
        assert_eq!(fate(header, privacy, peer), expected, "{header}");
    }
}
