//! Paths and queries: which row of the table is meant, and what stood in the place of its names.

/// What stood in the place of the names of a path, in order; none if it is another path. A name stands for one step, not empty.
pub(crate) fn matched(template: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut steps) = (template.split('/'), path.split('/'));
    let mut found = Vec::new();
    loop {
        match (wanted.next(), steps.next()) {
            (None, None) => return Some(found),
            (Some(wanted), Some(step)) if wanted.starts_with('{') => {
                found.push(decoded(step).filter(|text| !text.is_empty())?);
            }
            (Some(wanted), Some(step)) if wanted == step => {}
            _ => return None,
        }
    }
}

/// Names and values of a query; none if it is not percent-encoded as it should be.
pub(crate) fn query(text: &str) -> Option<Vec<(String, String)>> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decoded(&name.replace('+', " "))?, decoded(&value.replace('+', " "))?))
    };
    pairs.map(pair).collect()
}

/// Percent-encoding undone (RFC 3986 section 2.1); none if it is broken, no UTF-8, or holds a control sign.
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut out) = (text.bytes(), Vec::with_capacity(text.len()));
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                (digit(bytes.next()?)? * 16 + digit(bytes.next()?)?) as u8
            }
            byte => byte,
        });
    }
    let text = String::from_utf8(out).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests;
