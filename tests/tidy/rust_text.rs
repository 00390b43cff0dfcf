//! Rust source as far as the house rules need it: text with comments and literals blanked out, function extents,
//! attributes. Not a parser: it knows tokens, brackets and nothing of types, which is enough for counting and searching
//! and keeps the rules free of a parser that must follow the language.

/// The source with every comment and every string or character literal replaced by spaces. Line ends stay, so line
/// numbers and columns (in characters) are those of the original.
pub fn code_only(source: &str) -> String {
    let text: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < text.len() {
        let end = literal_or_comment_end(&text, at);
        if end == at {
            code.push(text[at]);
            at += 1;
        } else {
            code.extend(text[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// A function found in a source.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// Line of the `fn` keyword, from 1.
    pub line: usize,
    /// Lines from the `fn` keyword to the closing brace, both included.
    pub lines: usize,
    /// From `fn` to the opening brace, white space as written.
    pub signature: String,
    /// `pub` without a restriction such as `pub(crate)`.
    pub public: bool,
}

/// Every function with a body. `code` is the result of [`code_only`].
pub fn functions(code: &str) -> Vec<Function> {
    let text: Vec<char> = code.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = find_word(&text, "fn", at) {
        at = start + 2;
        let name: String = text[at..]
            .iter()
            .skip_while(|c| c.is_whitespace())
            .take_while(|c| is_word(**c))
            .collect();
        if name.is_empty() {
            continue; // a function pointer type
        }
        let Some(open) = body_start(&text, at) else { continue };
        let close = matching_brace(&text, open);
        let line_of = |index: usize| text[..index].iter().filter(|c| **c == '\n').count() + 1;
        let before: String = text[..start]
            .iter()
            .rev()
            .take_while(|c| !matches!(c, '}' | '{' | ';' | ']'))
            .collect();
        let before: String = before.chars().rev().collect();
        found.push(Function {
            name,
            line: line_of(start),
            lines: line_of(close) - line_of(start) + 1,
            signature: text[start..open].iter().collect(),
            public: before.split_whitespace().any(|word| word == "pub"),
        });
    }
    found
}

/// The attributes `#[...]` and `#![...]` with their line (from 1), read from `code` for the extent and from `source`
/// for the words, so that a reason inside a string is seen.
pub fn attributes(source: &str) -> Vec<(usize, String)> {
    let original: Vec<char> = source.chars().collect();
    let code: Vec<char> = code_only(source).chars().collect();
    let mut found = Vec::new();
    let mut line = 1;
    for at in 0..code.len() {
        match code[at] {
            '\n' => line += 1,
            '#' => {
                let open = if code.get(at + 1) == Some(&'!') { at + 2 } else { at + 1 };
                if code.get(open) == Some(&'[') {
                    let end = matching(&code, open, '[', ']');
                    found.push((line, original[open..=end].iter().collect()));
                }
            }
            _ => {}
        }
    }
    found
}

/// True when `needle` stands in `line` with no word character directly before or after it.
pub fn has_path(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + needle.len()..].chars().next();
        let ends_open = needle.ends_with(|c: char| !is_word(c));
        !before.is_some_and(is_word) && (ends_open || !after.is_some_and(is_word))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The end of the comment or literal that starts at `at`; `at` itself when none does.
fn literal_or_comment_end(text: &[char], at: usize) -> usize {
    let next = text.get(at + 1).copied();
    match text[at] {
        '/' if next == Some('/') => text[at..]
            .iter()
            .position(|c| *c == '\n')
            .map_or(text.len(), |n| at + n),
        '/' if next == Some('*') => block_comment_end(text, at),
        '"' => string_end(text, at + 1),
        '\'' => char_end(text, at),
        'r' if !(at > 0 && is_word(text[at - 1]) && text[at - 1] != 'b') => raw_string_end(text, at),
        _ => at,
    }
}

fn block_comment_end(text: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn string_end(text: &[char], mut at: usize) -> usize {
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// A character literal, or `at` when the quote starts a lifetime.
fn char_end(text: &[char], at: usize) -> usize {
    if text.get(at + 1) == Some(&'\\') {
        let close = text.iter().skip(at + 3).position(|c| *c == '\'');
        return close.map_or(text.len(), |n| at + 3 + n + 1);
    }
    if text.get(at + 2) == Some(&'\'') { at + 3 } else { at }
}

fn raw_string_end(text: &[char], at: usize) -> usize {
    let hashes = text[at + 1..].iter().take_while(|c| **c == '#').count();
    if text.get(at + 1 + hashes) != Some(&'"') {
        return at;
    }
    let mut end = at + 2 + hashes;
    while end < text.len() {
        if text[end] == '"' && text[end + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return end + 1 + hashes;
        }
        end += 1;
    }
    text.len()
}

fn find_word(text: &[char], word: &str, from: usize) -> Option<usize> {
    let word: Vec<char> = word.chars().collect();
    (from..text.len().saturating_sub(word.len())).find(|&at| {
        text[at..].starts_with(&word)
            && !(at > 0 && is_word(text[at - 1]))
            && !text.get(at + word.len()).is_some_and(|c| is_word(*c))
    })
}

/// The brace that opens the body of the function whose signature starts before `from`; `None` for a declaration.
fn body_start(text: &[char], from: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, c) in text[from..].iter().enumerate() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(from + offset),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn matching_brace(text: &[char], open: usize) -> usize {
    matching(text, open, '{', '}')
}

fn matching(text: &[char], open: usize, opens: char, closes: char) -> usize {
    let mut depth = 0_i32;
    for (offset, c) in text[open..].iter().enumerate() {
        if *c == opens {
            depth += 1;
        } else if *c == closes {
            depth -= 1;
            if depth == 0 {
                return open + offset;
            }
        }
    }
    text.len() - 1
}
