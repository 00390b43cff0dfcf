//! What the words on the command line come to.

use super::*;

#[test]
fn times_are_read_in_three_units() {
    assert_eq!(seconds("90s").unwrap(), 90);
    assert_eq!(seconds("10m").unwrap(), 600);
    assert_eq!(seconds("24h").unwrap(), 86_400);
    for wrong in ["", "h", "1", "1d", "-1h", "1.5h", "1 h", "\u{e9}"] {
        assert!(seconds(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_parameter_has_a_name_and_a_value() {
    assert_eq!(parameter("queue=a=b").unwrap(), ("queue".to_owned(), "a=b".to_owned()));
    assert!(parameter("queue").is_err());
}

#[test]
fn words_become_grants() {
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }
    let read = |line: &str| grants(&Line::parse_from(line.split(' ')).options).map(|grants| json!(grants));
    let full = read("token --identity alice --incoming --call reception --param queue=sales --publish --watch bob");
    let expected = json!({
        "identity": "alice",
        "call": { "handler": "reception", "params": { "queue": "sales" } },
        "incoming": true,
        "presence": { "publish": true, "watch": ["bob"] },
        "media": ["audio"],
    });
    assert_eq!(full.unwrap(), expected);
    let least = read("token --identity alice --watch all --call any").unwrap();
    assert_eq!(
        (&least["call"], &least["presence"]["watch"]),
        (&json!("any"), &json!("all"))
    );
    assert!(read("token --identity alice --call any --param a=b").is_err());
}
