//! Paths by scenario, by rule, over time and at random.
