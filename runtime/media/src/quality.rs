//! How good a call sounds, estimated from what the network did to it: the E-model of ITU-T G.107, narrow band, with its
//! default values for telephones and room, and G.113 appendix I for codecs. Not a measurement of the sound itself.
//!
//! `R = 93.35 - Id - Ie,eff`: what is left of a perfect line after delay (`Id`: echo for both, and the wait itself) and
//! after codec and loss (`Ie,eff`). An MOS is what people would call it on the average, 1 bad to 5 excellent; 4.41 is the
//! best of the narrow band.

use std::time::Duration;

/// Ro less Is for the default values; with `Id` of a call without delay it makes the recommendation's 93.2.
const BEST: f64 = 93.35;
/// Basic signal-to-noise ratio Ro and noise No of the default values.
const RO: f64 = 94.77;
const NO: f64 = -61.18;
/// Loudness of the echo at the talker (TELR) and loss of the echo at the listener (WEPL), in dB.
const TELR: f64 = 65.0;
const WEPL: f64 = 110.0;
/// Receive loudness rating, in dB.
const RLR: f64 = 2.0;

/// What a codec does to speech (G.113 appendix I).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impairment {
    /// Of the coding alone (Ie), 0 to 95.
    pub equipment: f64,
    /// How well loss is borne (Bpl): the percentage of loss at which half of what is left is gone.
    pub robustness: f64,
}

impl Impairment {
    /// G.711 with concealment.
    pub const G711: Impairment = Impairment {
        equipment: 0.0,
        robustness: 25.1,
    };
    /// G.711 that plays silence for what is lost.
    pub const G711_BARE: Impairment = Impairment {
        equipment: 0.0,
        robustness: 4.3,
    };
    /// G.729A with voice activity detection.
    pub const G729A: Impairment = Impairment {
        equipment: 11.0,
        robustness: 19.0,
    };
    /// GSM enhanced full rate.
    pub const GSM_EFR: Impairment = Impairment {
        equipment: 5.0,
        robustness: 10.0,
    };
}

/// What is known of one direction of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Part of the packets that were lost, 0 to 1.
    pub loss: f64,
    /// How much longer the losses are in a row than at random (BurstR), 1 or more: 1 is random, or not known.
    pub burst: f64,
    /// From mouth to ear.
    pub delay: Duration,
    /// The codec.
    pub impairment: Impairment,
}

impl Line {
    /// The rating factor R, 0 to 93.2.
    pub fn rating(&self) -> f64 {
        let one_way_ms = self.delay.as_secs_f64() * 1e3;
        (BEST - delay_impairment(one_way_ms) - self.equipment_impairment()).clamp(0.0, 93.2)
    }

    /// The estimated mean opinion score, 1 to 4.41.
    pub fn mos(&self) -> f64 {
        mos(self.rating())
    }

    /// Ie,eff of G.107 section 7.5.
    fn equipment_impairment(&self) -> f64 {
        let Impairment { equipment, robustness } = self.impairment;
        let percent = self.loss.clamp(0.0, 1.0) * 100.0;
        equipment + (95.0 - equipment) * percent / (percent / self.burst.max(1.0) + robustness)
    }
}

/// The mean opinion score of a rating factor (G.107 annex B).
pub fn mos(rating: f64) -> f64 {
    let r = rating.clamp(0.0, 100.0);
    // Below 6.5 the polynomial falls under 1, which no opinion does.
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0)
}

/// The burst ratio of loss: so many packets lost in so many holes, of so many expected. 1 if nothing was lost.
pub fn burst_ratio(lost: u64, holes: u64, expected: u64) -> f64 {
    if holes == 0 || expected == 0 || lost >= expected {
        return 1.0;
    }
    let mean_hole = lost as f64 / holes as f64;
    (mean_hole * (1.0 - lost as f64 / expected as f64)).max(1.0)
}

/// Id of G.107 section 7.4, for a delay in milliseconds that is half of the round trip.
fn delay_impairment(one_way: f64) -> f64 {
    let echo = 40.0 * ((1.0 + one_way / 10.0) / (1.0 + one_way / 150.0)).log10();
    let masked = TELR - echo + 6.0 * (-0.3 * one_way * one_way).exp();
    let talker = RO_TALKER - (80.0 + 2.5 * (masked - 14.0));
    let talker = (talker / 2.0 + (talker * talker / 4.0 + 100.0).sqrt() - 1.0) * (1.0 - (-one_way).exp());
    let listener = RO - 10.5 * (WEPL + 7.0) * (2.0 * one_way + 1.0).powf(-0.25);
    let listener = listener / 2.0 + (listener * listener / 4.0 + 169.0).sqrt();
    talker + listener + waiting(one_way)
}

/// Roe: what of the noise the talker hears beside the echo.
const RO_TALKER: f64 = -1.5 * (NO - RLR);

/// Idd: what the wait itself does, above 100 ms.
fn waiting(one_way: f64) -> f64 {
    if one_way <= 100.0 {
        return 0.0;
    }
    let x = (one_way / 100.0).log2();
    25.0 * ((1.0 + x.powi(6)).powf(1.0 / 6.0) - 3.0 * (1.0 + (x / 3.0).powi(6)).powf(1.0 / 6.0) + 2.0)
}

#[cfg(test)]
mod tests;
