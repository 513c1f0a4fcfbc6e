//! Has nothing of its own: the tests in `tests/skeptic.rs` are what this package is for.
