//! The crates that the programs of the book may use.
//!
//! Its dependencies are built alone, so their features and files do not depend on what else is being compiled, and each program of the book is linked with exactly those.
//! The server makes shared libraries of those crates and of [`warm`], which a reader's program is linked with in less time.

pub mod warm;
