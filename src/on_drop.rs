//! What happens at the end of a block, however it ends.

/// Calls a function when it is dropped: when the block ends, panics, or is dropped at an await.
///
/// `std::mem::forget` calls it off.
#[must_use = "the function is called as soon as this is dropped"]
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
