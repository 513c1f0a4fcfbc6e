//! Generic functions with the types that programs use most, so that a shared library has them.
//!
//! Nobody calls these functions: the compiler makes code of everything that they mention, and finds it here when it compiles a reader's program.
//! What is generic over a future of the program itself must be made anew each time, and is not worth a line here.
//! Each file but the first is named for the crate that it needs.

pub mod standard;

pub mod asyncio;
pub mod tokio;
