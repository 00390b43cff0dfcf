//! Nothing: the handlers stand in `examples/`, one component each.
