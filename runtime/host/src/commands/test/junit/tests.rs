//! The document as a foreign reader of XML understands it.

use super::*;
use patchcord_sim::Log;
use patchcord_sim::scenario::{Breach, Failure};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// What text may hold that XML cannot, or reads otherwise.
const NASTY: &str = "a < b && c > \"d\" ]]> 'e'\u{0}\u{1b}[31m\u{b}\u{fffe}\ttab\r\nline \u{1f600} \u{e9}";

fn case(about: &str, failure: Option<Failure>) -> Case {
    let report = Report {
        file: format!("scenarios/{about}.toml"),
        about: about.to_owned(),
        failures: failure.into_iter().collect(),
        log: Log::default(),
        records: Vec::new(),
        took: Duration::from_millis(61_250),
    };
    let took = Duration::from_millis(20);
    Case { report, took }
}

fn failure(text: &str) -> Failure {
    Failure {
        at: Duration::from_secs(2),
        who: "alice".to_owned(),
        breach: Breach::Consent,
        steps: Vec::new(),
        expected: text.to_owned(),
        happened: text.to_owned(),
    }
}

/// An element: its path, attributes and text.
#[derive(Debug, Default, PartialEq)]
struct Element {
    path: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(other, _)| other == name);
        found.map_or_else(|| panic!("{} has no {name}", self.path), |(_, value)| value)
    }
}

fn open(start: &BytesStart<'_>, above: &[usize], elements: &mut Vec<Element>) -> usize {
    let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
    let above = above.last().map_or("", |place: &usize| elements[*place].path.as_str());
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.expect("attributes are well-formed and none is there twice");
        let key = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
        let value = attribute.normalized_value(XmlVersion::Explicit1_0);
        (key, value.expect("it is escaped").into_owned())
    });
    elements.push(Element {
        path: format!("{above}/{name}"),
        attributes: attributes.collect(),
        text: String::new(),
    });
    elements.len() - 1
}

/// All elements in the order they begin; panics if it is no XML.
fn read(xml: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut elements, mut above) = (Vec::new(), Vec::new());
    loop {
        let text = match reader.read_event().expect("it is well-formed") {
            Event::Start(start) => {
                let place = open(&start, &above, &mut elements);
                above.push(place);
                continue;
            }
            Event::Empty(start) => {
                open(&start, &above, &mut elements);
                continue;
            }
            Event::End(_) => {
                above.pop();
                continue;
            }
            Event::Text(text) => text.xml10_content().unwrap().into_owned(),
            Event::GeneralRef(name) => match name.resolve_char_ref().unwrap() {
                Some(letter) => letter.to_string(),
                None => match name.decode().unwrap().as_ref() {
                    "amp" => "&".to_owned(),
                    "lt" => "<".to_owned(),
                    "gt" => ">".to_owned(),
                    "quot" => "\"".to_owned(),
                    other => panic!("XML knows no entity {other}"),
                },
            },
            Event::Decl(_) => continue,
            Event::Eof => {
                assert!(above.is_empty(), "every element ends");
                return elements;
            }
            other => panic!("unexpected {other:?}"),
        };
        if let Some(place) = above.last() {
            elements[*place].text.push_str(&text);
        }
    }
}

fn at<'a>(elements: &'a [Element], path: &str) -> Vec<&'a Element> {
    elements.iter().filter(|element| element.path == path).collect()
}

#[test]
fn suites_are_handlers_and_cases_scenarios_with_their_times() {
    let suites = [
        Suite {
            handler: "menu".to_owned(),
            cases: vec![case("Key 1.", None), case("Key 2.", Some(failure("a tone")))],
        },
        Suite {
            handler: "hello".to_owned(),
            cases: vec![case("A tone.", None)],
        },
    ];
    let elements = read(&document(&suites));
    let all = at(&elements, "/testsuites");
    assert_eq!([all[0].attribute("tests"), all[0].attribute("failures")], ["3", "1"]);
    assert_eq!(all[0].attribute("time"), "0.060");
    let suites = at(&elements, "/testsuites/testsuite");
    let counts: Vec<_> = suites
        .iter()
        .map(|suite| (suite.attribute("name"), suite.attribute("tests")))
        .collect();
    assert_eq!(counts, [("menu", "2"), ("hello", "1")]);
    let cases = at(&elements, "/testsuites/testsuite/testcase");
    assert_eq!(cases.len(), 3);
    assert_eq!(cases[1].attribute("name"), "Key 2.");
    assert_eq!(cases[1].attribute("classname"), "menu");
    assert_eq!(cases[1].attribute("time"), "0.020");
    let properties = at(&elements, "/testsuites/testsuite/testcase/properties/property");
    assert_eq!(properties[0].attribute("value"), "61.250");
    let failures = at(&elements, "/testsuites/testsuite/testcase/failure");
    assert_eq!(failures.len(), 1);
    assert!(failures[0].attribute("message").contains("expected a tone"));
    assert!(failures[0].text.contains("- ") && failures[0].text.contains("expected: a tone"));
}

#[test]
fn text_comes_back_as_it_was_but_for_what_xml_cannot_hold() {
    let suites = [Suite {
        handler: NASTY.to_owned(),
        cases: vec![case(NASTY, Some(failure(NASTY)))],
    }];
    let xml = document(&suites);
    let illegal = |letter: char| matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    assert_eq!(xml.chars().find(|letter| illegal(*letter)), None);
    let elements = read(&xml);
    let wanted = "a < b && c > \"d\" ]]> 'e'\u{fffd}\u{fffd}[31m\u{fffd}\u{fffd}\ttab\r\nline \u{1f600} \u{e9}";
    assert_eq!(at(&elements, "/testsuites/testsuite")[0].attribute("name"), wanted);
    assert_eq!(
        at(&elements, "/testsuites/testsuite/testcase")[0].attribute("name"),
        wanted
    );
    let failure = at(&elements, "/testsuites/testsuite/testcase/failure")[0];
    assert!(failure.attribute("message").contains(wanted), "{failure:?}");
    assert!(failure.text.contains(wanted), "{failure:?}");
}
