//! Values of the recommendations' tables.

use super::*;

const PERFECT: Line = Line {
    loss: 0.0,
    burst: 1.0,
    delay: Duration::ZERO,
    impairment: Impairment::G711,
};

fn near(value: f64, wanted: f64, by: f64) {
    assert!((value - wanted).abs() <= by, "{value}, not {wanted}");
}

#[test]
fn the_default_values_give_the_rating_and_score_of_the_recommendation() {
    near(PERFECT.rating(), 93.2, 0.05);
    near(PERFECT.mos(), 4.41, 0.005);
}

#[test]
fn scores_are_those_of_annex_b() {
    for (rating, score) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)] {
        near(mos(rating), score, 0.01);
    }
    assert_eq!((mos(-5.0), mos(0.0), mos(3.0)), (1.0, 1.0, 1.0));
    near(mos(120.0), 4.5, 1e-9);
}

#[test]
fn loss_costs_what_g_113_says() {
    let cost = |impairment, percent: f64| {
        let line = Line {
            loss: percent / 100.0,
            impairment,
            ..PERFECT
        };
        PERFECT.rating() - line.rating()
    };
    for (percent, ie) in [
        (0.0, 11.0),
        (1.0, 15.0),
        (2.0, 19.0),
        (3.0, 23.0),
        (4.0, 26.0),
        (8.0, 36.0),
        (16.0, 49.0),
    ] {
        near(cost(Impairment::G729A, percent), ie, 1.0);
    }
    for (percent, ie) in [(0.0, 0.0), (1.0, 4.0), (2.0, 7.0), (3.0, 10.0), (5.0, 15.0)] {
        near(cost(Impairment::G711, percent), ie, 1.0);
    }
    assert!(
        cost(Impairment::G711_BARE, 2.0) > 25.0,
        "silence instead of concealment is much worse"
    );
    near(cost(Impairment::GSM_EFR, 0.0), 5.0, 0.05);
}

#[test]
fn delay_costs_what_the_curve_says() {
    // The straight lines by which Cole and Rosenbluth approach the curve for the default values.
    for ms in (0..=350).step_by(25) {
        let curve = 0.024 * f64::from(ms) + 0.11 * (f64::from(ms) - 177.3).max(0.0);
        let line = Line {
            delay: Duration::from_millis(ms as u64),
            ..PERFECT
        };
        near(93.2 - line.rating(), curve, 2.0);
    }
}

#[test]
fn bursts_cost_more_than_random_loss_and_nothing_leaves_the_scale() {
    near(burst_ratio(0, 0, 1_000), 1.0, 0.0);
    // 100 of 1,000 in 25 holes of four: random loss of 10 % has holes of 1.11.
    near(burst_ratio(100, 25, 1_000), 3.6, 1e-9);
    near(burst_ratio(10, 10, 1_000), 1.0, 0.0);
    near(burst_ratio(5, 1, 5), 1.0, 0.0);
    let line = Line { loss: 0.1, ..PERFECT };
    assert!(Line { burst: 3.6, ..line }.rating() < line.rating() - 5.0);
    for loss in [-1.0, 1.0, 7.0] {
        for delay in [0, 60_000] {
            let line = Line {
                loss,
                delay: Duration::from_millis(delay),
                ..PERFECT
            };
            assert!((0.0..=93.2).contains(&line.rating()) && (1.0..=4.5).contains(&line.mos()));
        }
    }
}
