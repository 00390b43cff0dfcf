//! G.711: mu-law and A-law by tables of our own (ITU-T G.711, tables 1a to 2b). Not a codec with state: one byte, one sample.

/// Which of the two laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Law {
    /// Mu-law.
    Pcmu,
    /// A-law.
    Pcma,
}

/// The sample of every mu-law byte.
pub const FROM_PCMU: [i16; 256] = table(Law::Pcmu);
/// The sample of every A-law byte.
pub const FROM_PCMA: [i16; 256] = table(Law::Pcma);

/// The A-law byte nearest to each mu-law byte.
pub(crate) static PCMU_TO_PCMA: [u8; 256] = recoded(Law::Pcmu, Law::Pcma);
/// The mu-law byte nearest to each A-law byte.
pub(crate) static PCMA_TO_PCMU: [u8; 256] = recoded(Law::Pcma, Law::Pcmu);

/// What mu-law adds to a magnitude so that each segment begins at a power of two (33 of the recommendation, in 16 bits).
const PCMU_BIAS: i32 = 132;
/// Largest magnitude mu-law can tell apart.
const PCMU_CLIP: i32 = 32_635;
/// The bits A-law inverts on the wire.
const PCMA_MASK: u8 = 0x55;

/// The samples of all bytes of a law.
pub fn samples_of(law: Law) -> &'static [i16; 256] {
    static PCMU: [i16; 256] = FROM_PCMU;
    static PCMA: [i16; 256] = FROM_PCMA;
    match law {
        Law::Pcmu => &PCMU,
        Law::Pcma => &PCMA,
    }
}

/// The byte of a sample.
pub const fn encode(law: Law, sample: i16) -> u8 {
    match law {
        Law::Pcmu => to_pcmu(sample),
        Law::Pcma => to_pcma(sample),
    }
}

/// The byte that says silence.
pub fn silence(law: Law) -> u8 {
    encode(law, 0)
}

const fn to_pcmu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let full = (sample as i32).abs();
    let magnitude = if full < PCMU_CLIP { full } else { PCMU_CLIP } + PCMU_BIAS;
    let segment = 31 - magnitude.leading_zeros() - 7;
    let step = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | (segment as u8) << 4 | step as u8)
}

const fn to_pcma(sample: i16) -> u8 {
    let (magnitude, sign) = if sample >= 0 {
        (sample >> 3, 0x80)
    } else {
        ((-1 - sample) >> 3, 0)
    };
    // 13 bits with the sign: the lowest two segments have the same step.
    let (segment, step) = match (magnitude as u32) >> 5 {
        0 => (0, magnitude >> 1),
        high => {
            let segment = 32 - high.leading_zeros();
            (segment, magnitude >> segment)
        }
    };
    (sign | (segment as u8) << 4 | (step & 0x0f) as u8) ^ PCMA_MASK
}

const fn recoded(from: Law, to: Law) -> [u8; 256] {
    let samples = table(from);
    let mut bytes = [0; 256];
    let mut code = 0;
    while code < 256 {
        bytes[code] = encode(to, samples[code]);
        code += 1;
    }
    bytes
}

const fn table(law: Law) -> [i16; 256] {
    let mut samples = [0; 256];
    let mut code = 0;
    while code < 256 {
        samples[code] = match law {
            Law::Pcmu => pcmu_sample(code as u8),
            Law::Pcma => pcma_sample(code as u8),
        };
        code += 1;
    }
    samples
}

const fn pcmu_sample(byte: u8) -> i16 {
    let code = !byte as i32;
    let magnitude = ((((code & 0x0f) << 3) + PCMU_BIAS) << ((code & 0x70) >> 4)) - PCMU_BIAS;
    (if code & 0x80 != 0 { -magnitude } else { magnitude }) as i16
}

const fn pcma_sample(byte: u8) -> i16 {
    let code = (byte ^ PCMA_MASK) as i32;
    let step = (code & 0x0f) << 4;
    let magnitude = match (code & 0x70) >> 4 {
        0 => step + 8,
        segment => (step + 0x108) << (segment - 1),
    };
    (if code & 0x80 != 0 { magnitude } else { -magnitude }) as i16
}

#[cfg(test)]
mod tests;
