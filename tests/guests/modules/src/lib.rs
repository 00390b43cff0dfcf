//! Nothing but a place for `examples/`: each file there is a handler that misbehaves in one way, built for
//! `wasm32-unknown-unknown` by the tests that run it.
