//! Header and claims: the canonical bytes of the RFCs, and JSON that is not what it should be.

use super::*;
use crate::identity::base64;
use crate::uri::Uri;

const URL: &str = "https://cert.example.org/passport.cer";

fn protected(extension: Extension) -> Protected {
    Protected {
        extension,
        x5u: URL.to_owned(),
    }
}

fn number(text: &str) -> Party {
    Party::Number(Number::parse(text).unwrap())
}

fn fault(json: &str, extension: Extension) -> Option<Reason> {
    Claims::read(json.as_bytes(), extension).err()
}

/// RFC 8225 appendix A: the encoded header and claims, byte for byte.
#[test]
fn the_bytes_of_rfc_8225() {
    let claims = Claims {
        iat: 1_471_375_418,
        orig: number("12155551212"),
        dest: vec![Party::of(&Uri::parse("sip:alice@example.com").unwrap()).unwrap()],
        shaken: None,
    };
    assert_eq!(
        base64::encode_url(protected(Extension::Base).write().as_bytes()),
        "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9"
    );
    assert_eq!(
        base64::encode_url(claims.write().as_bytes()),
        "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxM\
         jEyIn19"
    );
    let read = Claims::read(claims.write().as_bytes(), Extension::Base).unwrap();
    assert!(read == claims);
}

/// RFC 8588 6 with its erratum 6656 (`iat` is a number), in canonical order.
#[test]
fn the_claims_of_rfc_8588() {
    let claims = Claims {
        iat: 1_443_208_345,
        orig: number("12155550121"),
        dest: vec![number("12155550131")],
        shaken: Some((
            Attestation::Full,
            OriginId::parse("123e4567-e89b-12d3-a456-426655440000").unwrap(),
        )),
    };
    assert_eq!(
        protected(Extension::Shaken).write(),
        r#"{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/passport.cer"}"#
    );
    let json = concat!(
        r#"{"attest":"A","dest":{"tn":["12155550131"]},"iat":1443208345,"orig":{"tn":"12155550121"},"#,
        r#""origid":"123e4567-e89b-12d3-a456-426655440000"}"#
    );
    assert_eq!(claims.write(), json);
    assert!(Claims::read(json.as_bytes(), Extension::Shaken).unwrap() == claims);
}

#[test]
fn both_kinds_of_destination() {
    let json = r#"{"dest":{"tn":["1","2"],"uri":["sip:a@b.example"]},"iat":1,"orig":{"uri":"sip:c@d.example"}}"#;
    assert_eq!(Claims::read(json.as_bytes(), Extension::Base).unwrap().write(), json);
}

#[test]
fn headers_that_are_refused() {
    let good = protected(Extension::Shaken).write();
    assert!(Protected::read(good.as_bytes()).unwrap() == protected(Extension::Shaken));
    for (from, to, reason) in [
        ("ES256", "none", Reason::Algorithm),
        ("ES256", "es256", Reason::Algorithm),
        ("ES256", "HS256", Reason::Algorithm),
        (r#""alg":"ES256","#, "", Reason::Algorithm),
        (r#""passport""#, r#""JWT""#, Reason::Type),
        (r#","typ":"passport""#, "", Reason::Type),
        ("shaken", "div", Reason::Extension),
        (r#""typ""#, r#""crit":["x"],"typ""#, Reason::Extension),
        (r#""typ""#, r#""alg":"ES256","typ""#, Reason::Claims),
        (r#","x5u":"https://cert.example.org/passport.cer""#, "", Reason::Claims),
        ("}", "} ,", Reason::Claims),
        ("{", "[{", Reason::Claims),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_eq!(Protected::read(bad.as_bytes()).err(), Some(reason), "{bad}");
    }
}

#[test]
fn claims_that_are_refused() {
    let good = concat!(
        r#"{"attest":"B","dest":{"tn":["1"]},"iat":1,"orig":{"tn":"2"},"#,
        r#""origid":"123E4567-e89b-12d3-a456-426655440000"}"#
    );
    assert_eq!(fault(good, Extension::Shaken), None);
    for (from, to) in [
        (r#""attest":"B","#, ""),
        (r#""B""#, r#""D""#),
        (r#""B""#, r#""b""#),
        (r#""B""#, "1"),
        ("123E4567-", "123E4567"),
        ("123E", "12+E"),
        (r#""iat":1"#, r#""iat":"1""#),
        (r#""iat":1"#, r#""iat":-1"#),
        (r#""iat":1"#, r#""iat":1.5"#),
        (r#""iat":1"#, r#""iat":18446744073709551616"#),
        (r#""iat":1,"#, ""),
        (r#""iat":1"#, r#""iat":1,"iat":1"#),
        (r#"["1"]"#, "[]"),
        (r#"["1"]"#, r#""1""#),
        (r#"["1"]"#, r#"["alice"]"#),
        (r#"{"tn":["1"]}"#, "{}"),
        (r#"{"tn":"2"}"#, r#"{"tn":"2","uri":"sip:a@b.example"}"#),
        (r#"{"tn":"2"}"#, "{}"),
        (r#"{"tn":"2"}"#, r#"{"uri":"mailto:a"}"#),
        (r#""tn":"2""#, r#""tn":2"#),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        assert_eq!(fault(&bad, Extension::Shaken), Some(Reason::Claims), "{bad}");
    }
    let many = vec![r#""1""#; DESTINATIONS + 1].join(",");
    assert_eq!(
        fault(&good.replace(r#""1""#, &many), Extension::Shaken),
        Some(Reason::Claims)
    );
    let deep = "[".repeat(100_000);
    assert_eq!(
        fault(
            &good.replace(r#""iat""#, &format!(r#""x":{deep},"iat""#)),
            Extension::Shaken
        ),
        Some(Reason::Claims)
    );
}

#[test]
fn uuids_print_as_they_are_read() {
    let text = "00000000-0000-0000-0000-0000000000ff";
    let id = OriginId::parse(text).unwrap();
    assert_eq!((id, id.to_string().as_str()), (OriginId::new(255), text));
    for bad in [
        "",
        "-",
        "123e4567e89b12d3a456426655440000",
        "123e4567-e89b-12d3-a456-42665544000",
        "123e4567-e89b-12d3-a456-4266-55440000",
    ] {
        assert_eq!(OriginId::parse(bad), None, "{bad}");
    }
}
