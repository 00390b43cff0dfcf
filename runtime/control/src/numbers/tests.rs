//! Dialled texts and what they mean: tables for three plans, hostile texts, and what must never be printed.

use super::*;
use NumberProblem as P;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn home(code: &str, prefix: Option<&str>, digits: (u8, u8), area: Option<&str>) -> Option<Home> {
    Some(Home {
        country_code: code.to_owned(),
        national_prefix: prefix.map(str::to_owned),
        min_digits: digits.0,
        max_digits: digits.1,
        area_code: area.map(str::to_owned),
    })
}

fn berlin() -> PlanSettings {
    PlanSettings {
        home: home("49", Some("0"), (5, 12), Some("30")),
        international_prefixes: texts(&["00"]),
        bare: Bare::Local,
        emergency: texts(&["110", "112"]),
        short: texts(&["115", "*21"]),
        rewrites: Vec::new(),
    }
}

fn boston() -> PlanSettings {
    PlanSettings {
        home: home("1", Some("1"), (10, 10), None),
        international_prefixes: texts(&["011"]),
        bare: Bare::National,
        emergency: texts(&["911"]),
        short: texts(&["411", "988"]),
        rewrites: Vec::new(),
    }
}

fn rome() -> PlanSettings {
    PlanSettings {
        home: home("39", None, (6, 11), None),
        international_prefixes: texts(&["00"]),
        bare: Bare::National,
        emergency: texts(&["112"]),
        ..PlanSettings::default()
    }
}

fn plan(settings: PlanSettings) -> DialPlan {
    DialPlan::new(settings).expect("a good plan")
}

/// `+49...`, `short 115`, `emergency 112`.
fn show(number: &Number) -> String {
    match number {
        Number::E164(number) => number.reveal().to_owned(),
        Number::Short(code) => format!("short {}", code.reveal()),
        Number::Emergency(code) => format!("emergency {}", code.reveal()),
    }
}

/// What was dialled, and what it means or what is wrong at which byte.
type Row<'a> = (&'a str, Result<&'a str, (NumberProblem, usize)>);

fn check(settings: PlanSettings, table: &[Row<'_>]) {
    let plan = plan(settings);
    for (dialled, expected) in table {
        let read = plan.read(dialled).map(|number| show(&number));
        let expected = expected
            .map(str::to_owned)
            .map_err(|(problem, at)| NumberError { problem, at });
        assert_eq!(read, expected, "{dialled:?}");
    }
}

#[test]
fn a_german_plan_reads_what_people_there_dial() {
    check(
        berlin(),
        &[
            ("+4930123456", Ok("+4930123456")),
            ("  +49 (30) 123-456 ", Ok("+4930123456")),
            ("+49 (0)30 / 123 456", Ok("+4930123456")),
            ("0049 (0) 30 123456", Ok("+4930123456")),
            ("0049 30 (0) 123456", Ok("+49300123456")),
            ("0049 (0)30 123456", Ok("+4930123456")),
            ("%2B4930123456", Ok("+4930123456")),
            ("+49\u{a0}30\u{202f}123456", Ok("+4930123456")),
            ("tel:+49-30-123456", Ok("+4930123456")),
            ("TEL:+49.30.123456;isub=12;npdi", Ok("+4930123456")),
            ("tel:123456;phone-context=+4930", Ok("+4930123456")),
            ("tel:123456;Phone-Context=%2B49-30", Ok("+4930123456")),
            ("tel:030123456;phone-context=example.com", Ok("+4930123456")),
            ("030123456;phone-context=example.com", Ok("+4930123456")),
            ("tel:112;phone-context=+49", Ok("emergency 112")),
            (
                "tel:112;phone-context=+1",
                Err((P::TooShort { least: 7, digits: 4 }, 4)),
            ),
            ("004930123456", Ok("+4930123456")),
            ("030 123456", Ok("+4930123456")),
            ("(0)30 123456", Ok("+4930123456")),
            ("123456", Ok("+4930123456")),
            ("0011 44 20 7946 0000", Err((P::NotNorthAmerican, 0))),
            ("0044 20 7946 0000", Ok("+442079460000")),
            ("+39 06 6982 1234", Ok("+390669821234")),
            ("+39 (0)6 6982 1234", Ok("+390669821234")),
            ("00 1 415 555 0100", Ok("+14155550100")),
            ("112", Ok("emergency 112")),
            ("1-1-2", Ok("emergency 112")),
            ("+49112", Ok("emergency 112")),
            ("0049 110", Ok("emergency 110")),
            ("115", Ok("short 115")),
            ("*21", Ok("short *21")),
            ("%2A21", Ok("short *21")),
        ],
    );
}

#[test]
fn a_german_plan_says_what_is_wrong_and_where() {
    check(
        berlin(),
        &[
            ("", Err((P::Empty, 0))),
            ("tel:", Err((P::Empty, 4))),
            ("+", Err((P::Empty, 0))),
            (" - ", Err((P::Empty, 1))),
            ("+49 30 12x", Err((P::Character, 9))),
            ("+4930+12345", Err((P::Character, 5))),
            ("4930123456+", Err((P::Character, 10))),
            ("+49٣0123456", Err((P::Character, 3))),
            ("+4930123456\n", Err((P::Character, 11))),
            ("+4930123456\0", Err((P::Character, 11))),
            ("%2", Err((P::Escape, 0))),
            ("%zz30", Err((P::Escape, 0))),
            ("%0D30", Err((P::Character, 0))),
            ("%C3%A4", Err((P::Character, 0))),
            ("+49@evil", Err((P::Character, 3))),
            ("sip:+4930123456@example.com", Err((P::Character, 0))),
            ("+49:30", Err((P::Scheme, 3))),
            ("tel:030123456", Err((P::NoContext, 13))),
            ("tel:030123456;phone-context=", Err((P::Context, 14))),
            ("tel:030123456;phone-context=+", Err((P::Context, 14))),
            ("tel:030123456;phone-context=a b", Err((P::Context, 14))),
            ("tel:030;phone-context=+49;phone-context=+1", Err((P::Context, 26))),
            ("+4930123456;ext=12", Err((P::Extension, 12))),
            ("+490301234567", Err((P::TrunkPrefixInside, 0))),
            ("+49900", Err((P::TooShort { least: 5, digits: 3 }, 0))),
            ("+493012345678901", Err((P::TooLong { most: 12, digits: 13 }, 0))),
            ("+0049301234", Err((P::NoCountryCode, 0))),
            ("+441", Err((P::TooShort { least: 7, digits: 3 }, 0))),
            ("+4412345678901234", Err((P::TooLong { most: 15, digits: 16 }, 0))),
            ("0", Err((P::TooShort { least: 5, digits: 0 }, 0))),
            ("00", Err((P::TooShort { least: 7, digits: 0 }, 0))),
            ("*99#", Err((P::UnknownCode, 0))),
            ("030*123", Err((P::UnknownCode, 0))),
            ("+49*30123", Err((P::Character, 0))),
        ],
    );
}

#[test]
fn a_north_american_plan() {
    check(
        boston(),
        &[
            ("+1 (617) 555-0100", Ok("+16175550100")),
            ("617-555-0100", Ok("+16175550100")),
            ("1 617 555 0100", Ok("+16175550100")),
            ("011 44 20 7946 0000", Ok("+442079460000")),
            ("911", Ok("emergency 911")),
            ("+1911", Ok("emergency 911")),
            ("988", Ok("short 988")),
            ("411", Ok("short 411")),
            ("1 117 555 0100", Err((P::NotNorthAmerican, 0))),
            ("617 155 0100", Err((P::NotNorthAmerican, 0))),
            ("555 0100", Err((P::TooShort { least: 10, digits: 7 }, 0))),
            ("1 555 0100", Err((P::TooShort { least: 10, digits: 7 }, 0))),
            ("+1 617 555 01000", Err((P::TooLong { most: 10, digits: 11 }, 0))),
        ],
    );
}

#[test]
fn an_italian_plan_keeps_its_zero() {
    check(
        rome(),
        &[
            ("06 6982 1234", Ok("+390669821234")),
            ("+39 06 6982 1234", Ok("+390669821234")),
            ("320 123 4567", Ok("+393201234567")),
            ("0039 06 6982 1234", Ok("+390669821234")),
        ],
    );
}

#[test]
fn a_prefix_that_is_also_an_area_code_counts_only_where_the_rest_fits() {
    let settings = PlanSettings {
        home: home("7", Some("8"), (10, 10), None),
        bare: Bare::National,
        ..PlanSettings::default()
    };
    check(
        settings,
        &[
            ("8 812 123 45 67", Ok("+78121234567")),
            ("812 123 45 67", Ok("+78121234567")),
            ("8 812 123", Err((P::TooShort { least: 10, digits: 6 }, 0))),
        ],
    );
}

#[test]
fn without_a_home_only_international_numbers_are_read() {
    check(
        PlanSettings::default(),
        &[
            ("+4930123456", Ok("+4930123456")),
            ("4930123456", Err((P::NoHome, 0))),
            ("112", Err((P::NoHome, 0))),
        ],
    );
    let bare = PlanSettings {
        bare: Bare::International,
        ..PlanSettings::default()
    };
    check(bare, &[("4930123456", Ok("+4930123456"))]);
    let refused = PlanSettings {
        bare: Bare::Refused,
        ..berlin()
    };
    check(refused, &[("123456", Err((P::NoPrefix, 0)))]);
}

fn rewrite(from: &str, range: (u8, u8), strip: u8, prepend: &str) -> Rewrite {
    Rewrite {
        from: from.to_owned(),
        min_length: range.0,
        max_length: range.1,
        strip,
        prepend: prepend.to_owned(),
    }
}

#[test]
fn the_first_rewrite_that_fits_counts_once_and_never_takes_an_emergency() {
    let settings = PlanSettings {
        rewrites: vec![
            rewrite("9", (4, 20), 1, ""),
            rewrite("", (4, 4), 0, "+493012"),
            rewrite("1", (3, 3), 3, "115"),
        ],
        ..berlin()
    };
    check(
        settings,
        &[
            ("9 030 123456", Ok("+4930123456")),
            ("9 112", Ok("emergency 112")),
            ("9 9112", Ok("+49309112")),
            ("1234", Ok("+4930121234")),
            ("112", Ok("emergency 112")),
            ("119", Ok("short 115")),
        ],
    );
}

#[test]
fn numbers_are_written_as_a_trunk_wants_them() {
    let national = Style::National {
        country_code: "49".to_owned(),
        national_prefix: "0".to_owned(),
        international_prefix: "00".to_owned(),
    };
    let zeros = Style::International {
        prefix: "00".to_owned(),
    };
    let table = [
        (Style::Plus, None, "+4930123456", "+4930123456"),
        (Style::Digits, None, "+4930123456", "4930123456"),
        (zeros, None, "+4930123456", "004930123456"),
        (national.clone(), None, "+4930123456", "030123456"),
        (national.clone(), None, "+442079460000", "00442079460000"),
        (national, Some("99#"), "+4930123456", "99#030123456"),
        (Style::Plus, Some("ab12"), "+4930123456", "ab12+4930123456"),
    ];
    for (style, prefix, number, expected) in table {
        let tech_prefix = prefix.map(|prefix| TechPrefix::new(prefix).expect("good"));
        let format = NumberFormat { style, tech_prefix };
        assert_eq!(format.check(), Ok(()));
        let number = E164::parse(number).expect("good");
        assert_eq!(format.write_e164(&number).reveal(), expected);
        let code = Number::Emergency(Code::new("112").expect("good"));
        assert_eq!(format.write(&code).reveal(), "112", "codes go as they are");
    }
}

#[test]
fn formats_that_make_no_number_are_refused() {
    for prefix in ["", "a", "00 ", "123456789", "++"] {
        let style = Style::International {
            prefix: prefix.to_owned(),
        };
        let format = NumberFormat {
            style,
            tech_prefix: None,
        };
        assert_eq!(
            format.check().map_err(|error| error.setting),
            Err("international_prefix"),
            "{prefix}"
        );
    }
    for prefix in ["", "@", "1;x", "a b", "12345678901234567"] {
        assert!(TechPrefix::new(prefix).is_err(), "{prefix}");
    }
}

/// What breaks a plan, and which setting is named.
type Breaking = (fn(&mut PlanSettings), &'static str);

#[test]
fn plans_that_cannot_work_are_refused() {
    let table: [Breaking; 14] = [
        (
            |s| s.international_prefixes[0] = "+".to_owned(),
            "international_prefixes",
        ),
        (
            |s| s.international_prefixes = vec!["00".to_owned(); 9],
            "international_prefixes",
        ),
        (
            |s| s.home.as_mut().unwrap().country_code = "4930".to_owned(),
            "country_code",
        ),
        (
            |s| s.home.as_mut().unwrap().country_code = "+49".to_owned(),
            "country_code",
        ),
        (
            |s| s.home.as_mut().unwrap().country_code = "0".to_owned(),
            "country_code",
        ),
        (
            |s| s.home.as_mut().unwrap().national_prefix = Some("x".to_owned()),
            "national_prefix",
        ),
        (|s| s.home.as_mut().unwrap().min_digits = 13, "min_digits"),
        (|s| s.home.as_mut().unwrap().max_digits = 14, "min_digits"),
        (
            |s| s.home.as_mut().unwrap().area_code = Some("3 0".to_owned()),
            "area_code",
        ),
        (|s| s.home = None, "bare"),
        (|s| s.emergency.push("11 2".to_owned()), "emergency"),
        (|s| s.short = vec!["115".to_owned(); 129], "short"),
        (|s| s.rewrites.push(rewrite("1", (2, 4), 3, "")), "rewrites"),
        (|s| s.rewrites.push(rewrite("1", (2, 30), 0, "123")), "rewrites"),
    ];
    for (index, (change, setting)) in table.iter().enumerate() {
        let mut settings = berlin();
        change(&mut settings);
        let error = DialPlan::new(settings).expect_err("it cannot work");
        assert_eq!(error.setting, *setting, "row {index}");
    }
}

#[test]
fn country_codes_are_cut_where_the_itu_cuts_them() {
    let table = [
        ("+14155550100", "1"),
        ("+78121234567", "7"),
        ("+4930123456", "49"),
        ("+3581234567", "358"),
        ("+2901234", "290"),
        ("+85212345678", "852"),
        ("+881612345678", "881"),
    ];
    for (number, code) in table {
        assert_eq!(E164::parse(number).expect("good").country_code(), code);
    }
}

#[test]
fn nothing_dialled_is_printed() {
    let plan = plan(berlin());
    let number = plan.read("+4930123456").expect("good");
    let Number::E164(e164) = number.clone() else {
        panic!("a subscriber");
    };
    let prefix = TechPrefix::new("secret12").expect("good");
    let emergency = plan.read("112").expect("good");
    let wrong = plan.read("+4930123456x").expect_err("a letter");
    let printed = format!("{number:?} {e164:?} {e164} {prefix:?} {emergency:?} {wrong:?} {wrong}");
    for private in ["30123456", "secret12", "112"] {
        assert!(!printed.contains(private), "{printed}");
    }
}

#[test]
fn any_text_is_read_or_refused_within_bounds() {
    const ALPHABET: &[char] = &[
        '0', '1', '2', '4', '9', '+', '(', ')', '-', ' ', '%', '2', 'B', ';', '=', '*', '#', 't', 'e', 'l', ':', 'ä',
        '\u{a0}', 'x', '.',
    ];
    let plans = [
        plan(berlin()),
        plan(boston()),
        plan(rome()),
        plan(PlanSettings::default()),
    ];
    for seed in 0..20_000_u64 {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let length = dice.next_u64() % 40;
        let mut text = if dice.next_u64() % 8 == 0 {
            "tel:+".to_owned()
        } else {
            String::new()
        };
        for _ in 0..length {
            text.push(ALPHABET[(dice.next_u64() % ALPHABET.len() as u64) as usize]);
        }
        for plan in &plans {
            match plan.read(&text) {
                Ok(Number::E164(number)) => {
                    let again = E164::parse(number.reveal());
                    assert_eq!(
                        again,
                        Ok(number),
                        "seed {seed}: {text:?} is read as what cannot be read"
                    );
                    assert_eq!(
                        plan.read(number.reveal()),
                        Ok(Number::E164(number)),
                        "seed {seed}: {text:?}"
                    );
                }
                Ok(_) => {}
                Err(error) => assert!(error.at <= text.len(), "seed {seed}: {text:?}"),
            }
        }
    }
    let long = "1".repeat(MAX_DIALLED_BYTES + 1);
    assert!(matches!(
        plans[0].read(&long).map_err(|e| e.problem),
        Err(P::TextTooLong { most: 256, .. })
    ));
    assert!(matches!(
        plans[0].read(&long[..33]).map_err(|e| e.problem),
        Err(P::TextTooLong { most: 32, .. })
    ));
    let many = format!("+4930123456{}", ";a=b".repeat(17));
    assert!(matches!(
        plans[0].read(&many).map_err(|e| e.problem),
        Err(P::TextTooLong { most: 16, .. })
    ));
}
