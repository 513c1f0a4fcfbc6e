//! The crates that the programs of the book may use.
//!
//! Its dependencies are built alone, so their features and files do not depend on what else is being compiled, and each program of the book is linked with exactly those.
//! The server makes a shared library of this package, which a reader's program is linked with in less time.

// A crate that is missing here is linked from its static library, which takes longer.
pub use {async_stream, asyncio, check, futures, num_bigint, tokio, tokio_util};

pub mod warm;
