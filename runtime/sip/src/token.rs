//! Tags, branches and Call-IDs: unguessable without the seed, the same for the same seed. SipHash-2-4 over a counter,
//! because a plain generator would let a peer compute the next tag from one it has seen (RFC 3261 19.3).

/// Makes identifiers from a seed.
#[derive(Clone)]
pub(crate) struct Tokens {
    key: [u64; 2],
    made: u64,
}

impl Tokens {
    pub(crate) fn new(seed: u64) -> Self {
        let key = [
            siphash([seed, !seed], b"patchcord tokens 0"),
            siphash([seed, !seed], b"patchcord tokens 1"),
        ];
        Self { key, made: 0 }
    }

    /// 64 bits as 16 lower-case hexadecimal digits.
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}", self.number())
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.made += 1;
        siphash(self.key, &self.made.to_le_bytes())
    }

    /// 64 bits that are the same for the same bytes, and that nobody outside can aim at.
    pub(crate) fn fingerprint(&self, bytes: &[u8]) -> u64 {
        siphash([!self.key[0], self.key[1]], bytes)
    }

    /// A tag that is the same whenever the same request is answered without state (RFC 3261 8.2.7).
    pub(crate) fn stateless(&self, parts: &[&[u8]]) -> String {
        let joined = parts.join(&b'\n');
        format!("{:016x}", siphash([self.key[0], !self.key[1]], &joined))
    }
}

pub(crate) fn siphash(key: [u64; 2], bytes: &[u8]) -> u64 {
    let mut v = [
        key[0] ^ 0x736f_6d65_7073_6575,
        key[1] ^ 0x646f_7261_6e64_6f6d,
        key[0] ^ 0x6c79_6765_6e65_7261,
        key[1] ^ 0x7465_6462_7974_6573,
    ];
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("chunks_exact(8) gives eight bytes"));
        absorb(&mut v, word);
    }
    let mut last = [0; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    last[7] = bytes.len() as u8;
    absorb(&mut v, u64::from_le_bytes(last));
    v[2] ^= 0xff;
    for _ in 0..4 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

fn absorb(v: &mut [u64; 4], word: u64) {
    v[3] ^= word;
    round(v);
    round(v);
    v[0] ^= word;
}

fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests;
