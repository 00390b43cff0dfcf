//! One Identity header: `token;info=<url>;alg=ES256;ppt=shaken`, the token full (`header.claims.signature`) or compact
//! (`..signature`, the rest rebuilt from the request). RFC 8224 4, RFC 8225 6 and 7. Read, not yet believed.

use std::fmt;

use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};

use super::base64;
use super::number::Party;
use super::passport::{Claims, Extension, Protected};
use super::url::{CertificateUrl, UrlFault, UrlRules};
use super::verdict::Reason;
use crate::address::params;
use crate::headers::top_level;
use crate::identity::{IDENTITY_BYTES, IDENTITY_PARAMETERS};

/// A token as it came, within its bounds, unverified. `Debug` leaves its contents out.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    form: Form,
    info: Box<str>,
    signature: Signature,
}

#[derive(Clone, PartialEq, Eq)]
enum Form {
    /// The bytes that were signed, and what they claim.
    Full { signed: Box<str>, claims: Claims },
    /// Nothing but the signature. Only tokens without extension have this form (RFC 8588 names the full form).
    Compact,
}

impl Token {
    /// Reads one value of an Identity header.
    ///
    /// # Errors
    /// Too long, malformed, or of an algorithm, type or kind not known here.
    pub fn parse(value: &str) -> Result<Self, Reason> {
        if value.len() > IDENTITY_BYTES {
            return Err(Reason::TooLong);
        }
        let value = value.trim_ascii();
        let cut = top_level(value, b';').ok_or(Reason::Malformed)?;
        let parameters = Parameters::read(&value[cut..])?;
        let digest = value[..cut].trim_ascii_end();
        let (signed, signature) = digest.rsplit_once('.').ok_or(Reason::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(Reason::Malformed)?;
        let form = match (header, claims) {
            ("", "") if parameters.extension == Some(Extension::Shaken) => return Err(Reason::Malformed),
            ("", "") => Form::Compact,
            _ => read_full(signed, header, claims, &parameters)?,
        };
        let signature = base64::decode_url(signature)
            .and_then(|bytes| Signature::from_slice(&bytes).ok())
            .ok_or(Reason::Malformed)?;
        Ok(Self {
            form,
            info: parameters.info.into(),
            signature,
        })
    }

    /// Where the signer's certificate is, if it may be fetched.
    ///
    /// # Errors
    /// The rule that the address breaks.
    pub fn certificate_url(&self, rules: &UrlRules) -> Result<CertificateUrl, UrlFault> {
        CertificateUrl::check(&self.info, rules)
    }

    /// The claims of the full form; a compact token has none of its own.
    pub(super) fn claims(&self) -> Option<&Claims> {
        match &self.form {
            Form::Full { claims, .. } => Some(claims),
            Form::Compact => None,
        }
    }

    /// Whether `key` signed this token; `rebuilt` are the claims that a compact one stands for.
    pub(super) fn is_signed_by(&self, key: &VerifyingKey, rebuilt: &Claims) -> bool {
        let bytes = match &self.form {
            Form::Full { signed, .. } => signed.to_string(),
            Form::Compact => signing_input(
                &Protected {
                    extension: Extension::Base,
                    x5u: self.info.to_string(),
                },
                rebuilt,
            ),
        };
        key.verify(bytes.as_bytes(), &self.signature).is_ok()
    }
}

impl Claims {
    /// What a compact token claims (RFC 8224 4.1: From, To and Date of the request).
    pub(super) fn rebuilt(iat: u64, orig: &Party, dest: &Party) -> Self {
        Self {
            iat,
            orig: orig.clone(),
            dest: vec![dest.clone()],
            shaken: None,
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.form {
            Form::Full { signed, .. } => write!(f, "Token(full, {} bytes)", signed.len()),
            Form::Compact => f.write_str("Token(compact)"),
        }
    }
}

/// What is signed: `base64url(header).base64url(claims)`.
pub(super) fn signing_input(protected: &Protected, claims: &Claims) -> String {
    let header = base64::encode_url(protected.write().as_bytes());
    let claims = base64::encode_url(claims.write().as_bytes());
    format!("{header}.{claims}")
}

fn read_full(signed: &str, header: &str, claims: &str, parameters: &Parameters<'_>) -> Result<Form, Reason> {
    let protected = Protected::read(&base64::decode_url(header).ok_or(Reason::Malformed)?)?;
    if parameters.extension.is_some_and(|named| named != protected.extension) {
        return Err(Reason::Malformed);
    }
    if protected.x5u != parameters.info {
        return Err(Reason::Url(UrlFault::Mismatch));
    }
    let claims = base64::decode_url(claims).ok_or(Reason::Malformed)?;
    Ok(Form::Full {
        signed: signed.into(),
        claims: Claims::read(&claims, protected.extension)?,
    })
}

/// The parameters after the token.
struct Parameters<'a> {
    info: &'a str,
    extension: Option<Extension>,
}

impl<'a> Parameters<'a> {
    fn read(text: &'a str) -> Result<Self, Reason> {
        let (mut info, mut alg, mut ppt) = (None, None, None);
        for (count, (name, value)) in params(text).enumerate() {
            if count == IDENTITY_PARAMETERS {
                return Err(Reason::Malformed);
            }
            let known = match name {
                _ if name.eq_ignore_ascii_case("info") => &mut info,
                _ if name.eq_ignore_ascii_case("alg") => &mut alg,
                _ if name.eq_ignore_ascii_case("ppt") => &mut ppt,
                _ => continue,
            };
            if known.replace(value.ok_or(Reason::Malformed)?).is_some() {
                return Err(Reason::Malformed);
            }
        }
        // Real networks write `ppt="shaken"` where the grammar has a token.
        let bare = |value: &'a str| value.trim_matches('"');
        if alg.is_some_and(|alg| bare(alg) != "ES256") {
            return Err(Reason::Algorithm);
        }
        let info = info
            .and_then(|info: &str| info.strip_prefix('<')?.strip_suffix('>'))
            .ok_or(Reason::Malformed)?;
        let extension = match ppt {
            None => None,
            Some(ppt) => Some(Extension::of(Some(bare(ppt))).ok_or(Reason::Extension)?),
        };
        Ok(Self { info, extension })
    }
}

#[cfg(test)]
mod tests;
