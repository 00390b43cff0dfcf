//! Parts by pretend clocks.
