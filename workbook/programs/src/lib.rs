//! The crates that the programs of the book may use.
//!
//! This package has nothing of its own.
//! Its dependencies are built alone, so their features and files do not depend on what else is being compiled, and each program of the book is linked with exactly those.
//! The server makes a shared library of it, which a reader's program is linked with in less time.

pub use {asyncio, futures, num_bigint, tokio, tokio_util};
