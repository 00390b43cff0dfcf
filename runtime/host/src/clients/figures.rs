//! What is counted of tokens that were not enough: where a client signs in, and for what it asks later in the client protocol. Not here:
//! what is wrong with a token (`token`), and what shards refuse to a client that speaks SIP.

use super::token::TokenError;
use crate::figures::Figure;

/// Refusals, by what clients are told. More than twelve fields: each is a label of one line of the metrics page, and one code.
#[derive(Debug, Default)]
pub(crate) struct TokenFigures {
    malformed: Figure,
    wrong_algorithm: Figure,
    unknown_key: Figure,
    key_without_tokens: Figure,
    bad_signature: Figure,
    foreign_tenant: Figure,
    key_revoked: Figure,
    key_expired: Figure,
    key_may_not_mint: Figure,
    expired: Figure,
    not_yet_valid: Figure,
    life_too_long: Figure,
    missing_grant: Figure,
    other_identity: Figure,
    unchecked: Figure,
}

impl TokenFigures {
    /// Counts a client that was refused.
    pub(crate) fn refused(&self, why: TokenError) {
        self.of(why).one();
    }

    /// All of them, by their labels.
    pub(crate) fn by_reason(&self) -> [(&'static str, u64); 15] {
        [
            ("malformed", self.malformed.get()),
            ("wrong_algorithm", self.wrong_algorithm.get()),
            ("unknown_key", self.unknown_key.get()),
            ("key_without_tokens", self.key_without_tokens.get()),
            ("bad_signature", self.bad_signature.get()),
            ("foreign_tenant", self.foreign_tenant.get()),
            ("key_revoked", self.key_revoked.get()),
            ("key_expired", self.key_expired.get()),
            ("key_may_not_mint", self.key_may_not_mint.get()),
            ("expired", self.expired.get()),
            ("not_yet_valid", self.not_yet_valid.get()),
            ("life_too_long", self.life_too_long.get()),
            ("missing_grant", self.missing_grant.get()),
            ("other_identity", self.other_identity.get()),
            ("unchecked", self.unchecked.get()),
        ]
    }

    fn of(&self, why: TokenError) -> &Figure {
        match why {
            TokenError::Malformed(_) => &self.malformed,
            TokenError::WrongAlgorithm => &self.wrong_algorithm,
            TokenError::UnknownKey => &self.unknown_key,
            TokenError::KeyWithoutTokens => &self.key_without_tokens,
            TokenError::BadSignature => &self.bad_signature,
            TokenError::ForeignTenant => &self.foreign_tenant,
            TokenError::KeyRevoked => &self.key_revoked,
            TokenError::KeyExpired => &self.key_expired,
            TokenError::KeyMayNotMint => &self.key_may_not_mint,
            TokenError::Expired => &self.expired,
            TokenError::NotYetValid => &self.not_yet_valid,
            TokenError::LifeTooLong => &self.life_too_long,
            TokenError::MissingGrant(_) => &self.missing_grant,
            TokenError::OtherIdentity => &self.other_identity,
            TokenError::Unavailable => &self.unchecked,
        }
    }
}

#[cfg(test)]
mod tests;
