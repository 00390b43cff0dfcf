//! PEM as it comes: other blocks, text between, line ends of all kinds; and what is none.

use super::*;

fn all(pem: &str) -> Vec<Result<Vec<u8>, BadBlock>> {
    blocks(pem.as_bytes(), "X").collect()
}

#[test]
fn blocks_of_the_name_are_found_between_anything() {
    let pem = "subject=/CN=a\n-----BEGIN Y-----\nAAAA\n-----END Y-----\n-----BEGIN X-----\r\nAQI\r\nD\r\n-----END X-----\r\n\
               text\n-----BEGIN X-----\nBA==\n-----END X-----";
    assert_eq!(all(pem), [Ok(vec![1, 2, 3]), Ok(vec![4])]);
}

#[test]
fn broken_blocks_are_faults() {
    assert_eq!(all(""), []);
    assert_eq!(all("-----BEGIN X"), []);
    assert_eq!(all("-----BEGIN X-----\nAQID\n"), [Err(BadBlock)]);
    assert_eq!(all("-----BEGIN X-----\nAQ!D\n-----END X-----"), [Err(BadBlock)]);
    assert_eq!(all("-----BEGIN X-----\nAQID\n-----END Y-----"), [Err(BadBlock)]);
}

#[test]
fn the_alphabet_of_tokens_is_strict() {
    assert_eq!(decode_url("-_8"), Some(vec![0xfb, 0xff]));
    assert_eq!(encode_url(&[0xfb, 0xff]), "-_8");
    for bad in ["+/8", "-_8=", "-_ 8", "-_9", "A"] {
        assert_eq!(decode_url(bad), None, "{bad}");
    }
}
