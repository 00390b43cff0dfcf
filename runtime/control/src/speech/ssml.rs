//! The part of SSML that handlers may use (W3C Speech Synthesis Markup Language 1.1): read into a tree, and written anew.
//!
//! No document types, entities of one's own, processing instructions or namespaces: nothing of XML that could fetch, grow
//! or hide anything.

use std::fmt;

/// Elements within elements.
const DEPTH_MAX: usize = 16;
/// Longest break, in milliseconds.
const BREAK_MS_MAX: u32 = 10_000;

/// A piece of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    Element(Element),
}

/// An element that is known, its attributes checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Node>,
}

/// What is wrong with a text that should be SSML. It names elements and attributes, never what is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsmlError {
    /// The byte of the text, from 0.
    pub at: usize,
    /// What.
    pub what: Wrong,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It ends within an element, a tag or an entity.
    Cut,
    /// A tag that is none.
    Tag,
    /// An element that is not among the known ones.
    Element,
    /// An attribute that this element does not have.
    Attribute,
    /// A value that this attribute does not take; what it takes.
    Value(&'static str),
    /// An attribute that this element needs.
    Missing(&'static str),
    /// The end of another element than the one that is open.
    End(&'static str),
    /// An entity that is neither numeric nor one of XML's five.
    Entity,
    /// A character that XML does not allow.
    Character,
    /// Too many elements within each other.
    Deep,
}

impl fmt::Display for SsmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: ", self.at)?;
        match &self.what {
            Wrong::Cut => f.write_str("the text ends within a tag or element; close it"),
            Wrong::Tag => f.write_str("this is no tag; write &lt; for a < that is to be read"),
            Wrong::Element => {
                f.write_str("unknown element; known are speak, p, s, break, emphasis, prosody, say-as and sub")
            }
            Wrong::Attribute => f.write_str("this element has no such attribute"),
            Wrong::Value(takes) => write!(f, "the attribute takes {takes}"),
            Wrong::Missing(name) => write!(f, "the element needs the attribute {name}"),
            Wrong::End(open) => write!(f, "<{open}> is open and has to end first"),
            Wrong::Entity => f.write_str("unknown entity; write &amp; for a & that is to be read"),
            Wrong::Character => f.write_str("a control character, which XML does not allow"),
            Wrong::Deep => write!(f, "more than {DEPTH_MAX} elements within each other"),
        }
    }
}

impl std::error::Error for SsmlError {}

/// What an element may carry: its name, its attributes with the check of each, and the one it cannot do without.
struct Kind {
    name: &'static str,
    attributes: &'static [(&'static str, Check)],
    needs: Option<&'static str>,
}

/// What a value has to be.
struct Check {
    takes: &'static str,
    fits: fn(&str) -> bool,
}

const LANGUAGE: Check = Check {
    takes: "a language tag such as en-GB",
    fits: is_language,
};
const ANYTHING: Check = Check {
    takes: "1 to 200 characters",
    fits: |value| (1..=200).contains(&value.chars().count()),
};

const KINDS: [Kind; 8] = [
    Kind {
        name: "speak",
        attributes: &[("version", ANYTHING), ("xmlns", ANYTHING), ("xml:lang", LANGUAGE)],
        needs: None,
    },
    Kind {
        name: "p",
        attributes: &[("xml:lang", LANGUAGE)],
        needs: None,
    },
    Kind {
        name: "s",
        attributes: &[("xml:lang", LANGUAGE)],
        needs: None,
    },
    Kind {
        name: "break",
        attributes: &[
            (
                "time",
                Check {
                    takes: "up to 10 s, such as 500ms or 2s",
                    fits: |value| break_ms(value).is_some_and(|ms| ms <= BREAK_MS_MAX),
                },
            ),
            (
                "strength",
                Check {
                    takes: "none, x-weak, weak, medium, strong or x-strong",
                    fits: |value| ["none", "x-weak", "weak", "medium", "strong", "x-strong"].contains(&value),
                },
            ),
        ],
        needs: None,
    },
    Kind {
        name: "emphasis",
        attributes: &[(
            "level",
            Check {
                takes: "strong, moderate, none or reduced",
                fits: |value| ["strong", "moderate", "none", "reduced"].contains(&value),
            },
        )],
        needs: None,
    },
    Kind {
        name: "prosody",
        attributes: &[
            (
                "rate",
                Check {
                    takes: "x-slow, slow, medium, fast, x-fast, default, or 20% to 400%",
                    fits: |value| {
                        ["x-slow", "slow", "medium", "fast", "x-fast", "default"].contains(&value)
                            || percent(value).is_some_and(|share| (20..=400).contains(&share))
                    },
                },
            ),
            (
                "pitch",
                Check {
                    takes: "x-low, low, medium, high, x-high, default, or -50% to +100%",
                    fits: |value| {
                        ["x-low", "low", "medium", "high", "x-high", "default"].contains(&value)
                            || percent(value).is_some_and(|share| (-50..=100).contains(&share))
                    },
                },
            ),
            (
                "volume",
                Check {
                    takes: "silent, x-soft, soft, medium, loud, x-loud or default",
                    fits: |value| ["silent", "x-soft", "soft", "medium", "loud", "x-loud", "default"].contains(&value),
                },
            ),
        ],
        needs: None,
    },
    Kind {
        name: "say-as",
        attributes: &[
            (
                "interpret-as",
                Check {
                    takes: "characters, digits, cardinal, ordinal, date, time or telephone",
                    fits: |value| {
                        [
                            "characters",
                            "digits",
                            "cardinal",
                            "ordinal",
                            "date",
                            "time",
                            "telephone",
                        ]
                        .contains(&value)
                    },
                },
            ),
            ("format", ANYTHING),
        ],
        needs: Some("interpret-as"),
    },
    Kind {
        name: "sub",
        attributes: &[("alias", ANYTHING)],
        needs: Some("alias"),
    },
];

impl Element {
    /// Whether a pause is heard before and after it.
    pub(super) fn is_block(&self) -> bool {
        matches!(self.name, "p" | "s")
    }
}

impl Node {
    /// Characters of text in it.
    pub(super) fn chars(&self) -> usize {
        match self {
            Node::Text(text) => text.chars().count(),
            Node::Element(element) => element.children.iter().map(Node::chars).sum(),
        }
    }
}

/// Whether a text is a language tag (BCP 47, without its registry).
pub fn is_language(tag: &str) -> bool {
    let part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=8).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(part)
        && tag.len() <= 35
}

/// Reads a text; a `speak` around it is taken off.
pub(super) fn read(text: &str) -> Result<Vec<Node>, SsmlError> {
    let mut reader = Reader { text, at: 0 };
    let mut nodes = reader.nodes(None, 0)?;
    let speaks = |node: &Node| matches!(node, Node::Element(element) if element.name == "speak");
    let blank = |node: &Node| matches!(node, Node::Text(text) if text.trim().is_empty());
    if let Some(place) = nodes.iter().position(speaks)
        && nodes.iter().enumerate().all(|(at, node)| at == place || blank(node))
        && let Node::Element(speak) = nodes.swap_remove(place)
    {
        return Ok(speak.children);
    }
    Ok(nodes)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn wrong<T>(&self, what: Wrong) -> Result<T, SsmlError> {
        Err(SsmlError { at: self.at, what })
    }

    /// Everything until the end of the open element, which is taken too.
    fn nodes(&mut self, open: Option<&'static str>, depth: usize) -> Result<Vec<Node>, SsmlError> {
        if depth > DEPTH_MAX {
            return self.wrong(Wrong::Deep);
        }
        let mut nodes = Vec::new();
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return match open {
                    Some(_) => self.wrong(Wrong::Cut),
                    None => Ok(nodes),
                };
            }
            if rest.starts_with("<!--") {
                self.comment()?;
            } else if rest.starts_with("</") {
                self.end_tag(open)?;
                return Ok(nodes);
            } else if rest.starts_with('<') {
                nodes.push(Node::Element(self.element(depth)?));
            } else {
                let text = self.characters('<')?;
                nodes.push(Node::Text(text));
            }
        }
    }

    fn comment(&mut self) -> Result<(), SsmlError> {
        match self.rest().find("-->") {
            Some(end) => {
                self.at += end + 3;
                Ok(())
            }
            None => self.wrong(Wrong::Cut),
        }
    }

    fn end_tag(&mut self, open: Option<&'static str>) -> Result<(), SsmlError> {
        let Some(end) = self.rest().find('>') else {
            return self.wrong(Wrong::Cut);
        };
        let name = self.rest()[2..end].trim_end();
        match open {
            Some(open) if open == name => {
                self.at += end + 1;
                Ok(())
            }
            Some(open) => self.wrong(Wrong::End(open)),
            None => self.wrong(Wrong::Tag),
        }
    }

    fn element(&mut self, depth: usize) -> Result<Element, SsmlError> {
        let start = self.at;
        self.at += 1;
        let name = self.name();
        let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
            let what = if name.is_empty() { Wrong::Tag } else { Wrong::Element };
            return Err(SsmlError { at: start, what });
        };
        let mut attributes: Vec<(&'static str, String)> = Vec::new();
        loop {
            self.spaces();
            let rest = self.rest();
            let ends = if rest.starts_with("/>") {
                2
            } else {
                usize::from(rest.starts_with('>'))
            };
            if ends > 0 {
                if let Some(needs) = kind
                    .needs
                    .filter(|needs| attributes.iter().all(|(name, _)| name != needs))
                {
                    return self.wrong(Wrong::Missing(needs));
                }
                self.at += ends;
                let children = if ends == 2 {
                    Vec::new()
                } else {
                    self.nodes(Some(kind.name), depth + 1)?
                };
                return Ok(Element {
                    name: kind.name,
                    attributes,
                    children,
                });
            }
            let attribute = self.attribute(kind)?;
            if attributes.iter().any(|(name, _)| *name == attribute.0) {
                return self.wrong(Wrong::Attribute);
            }
            attributes.push(attribute);
        }
    }

    fn attribute(&mut self, kind: &Kind) -> Result<(&'static str, String), SsmlError> {
        if self.rest().is_empty() {
            return self.wrong(Wrong::Cut);
        }
        let start = self.at;
        let name = self.name();
        let Some((name, check)) = kind.attributes.iter().find(|(known, _)| *known == name) else {
            let what = if name.is_empty() { Wrong::Tag } else { Wrong::Attribute };
            return Err(SsmlError { at: start, what });
        };
        self.spaces();
        if !self.take('=') {
            return self.wrong(Wrong::Tag);
        }
        self.spaces();
        let quote = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => quote,
            Some(_) => return self.wrong(Wrong::Tag),
            None => return self.wrong(Wrong::Cut),
        };
        self.at += 1;
        let value_at = self.at;
        let value = self.characters(quote)?;
        if !self.take(quote) {
            return self.wrong(Wrong::Cut);
        }
        if !(check.fits)(&value) {
            return Err(SsmlError {
                at: value_at,
                what: Wrong::Value(check.takes),
            });
        }
        Ok((name, value))
    }

    fn name(&mut self) -> String {
        let ends = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '_'));
        let rest = self.rest();
        let name = rest[..rest.find(ends).unwrap_or(rest.len())].to_owned();
        self.at += name.len();
        name
    }

    fn spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_there = self.rest().starts_with(wanted);
        self.at += if is_there { wanted.len_utf8() } else { 0 };
        is_there
    }

    /// Text until a character that is left, with its entities resolved.
    fn characters(&mut self, until: char) -> Result<String, SsmlError> {
        let mut text = String::new();
        while let Some(c) = self.rest().chars().next() {
            if c == until {
                break;
            }
            if c == '<' {
                return self.wrong(Wrong::Tag);
            }
            if c == '&' {
                text.push(self.entity()?);
                continue;
            }
            if !is_xml(c) {
                return self.wrong(Wrong::Character);
            }
            self.at += c.len_utf8();
            text.push(c);
        }
        Ok(text)
    }

    fn entity(&mut self) -> Result<char, SsmlError> {
        let rest = self.rest();
        // The longest is &#x10FFFF;
        let Some(end) = rest.bytes().take(10).position(|byte| byte == b';') else {
            return self.wrong(Wrong::Entity);
        };
        let name = &rest[1..end];
        let code = match name.strip_prefix("#x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => name.strip_prefix('#').and_then(|decimal| decimal.parse().ok()),
        };
        let c = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => code.and_then(char::from_u32).filter(|c| is_xml(*c)),
        };
        match c {
            Some(c) => {
                self.at += end + 1;
                Ok(c)
            }
            None => self.wrong(Wrong::Entity),
        }
    }
}

/// Whether XML 1.0 allows a character.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..) && !('\u{7f}'..='\u{9f}').contains(&c)
}

fn break_ms(value: &str) -> Option<u32> {
    let seconds = match value.strip_suffix("ms") {
        Some(ms) => return ms.parse().ok(),
        None => value.strip_suffix('s')?,
    };
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let whole: u32 = whole.parse().ok()?;
    let tenths: u32 = part.get(..1)?.parse().ok()?;
    whole.checked_mul(1000)?.checked_add(tenths * 100)
}

fn percent(value: &str) -> Option<i32> {
    value.strip_suffix('%')?.parse().ok()
}

/// Writes a node as it was checked.
pub(super) fn write(out: &mut String, node: &Node) {
    match node {
        Node::Text(text) => write_text(out, text),
        Node::Element(element) => {
            out.push('<');
            out.push_str(element.name);
            for (name, value) in &element.attributes {
                out.push(' ');
                out.push_str(name);
                out.push_str("=\"");
                write_text(out, value);
                out.push('"');
            }
            if element.children.is_empty() {
                return out.push_str("/>");
            }
            out.push('>');
            element.children.iter().for_each(|child| write(out, child));
            out.push_str("</");
            out.push_str(element.name);
            out.push('>');
        }
    }
}

/// Writes text so that nothing in it is markup. What XML cannot hold becomes a space.
pub(super) fn write_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c if is_xml(c) => out.push(c),
            _ => out.push(' '),
        }
    }
}
