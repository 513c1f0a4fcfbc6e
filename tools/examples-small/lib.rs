//! Nothing of its own: the package holds the examples that need a few small crates beside those of the library.
//!
//! They compile in less than half the time of those in `examples-heavy`, whose crates they need not.
