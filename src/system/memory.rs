//! An allocator that wipes what it is given back.
//!
//! A private key passes through many small buffers (the file's text, the JSON reader's strings, vectors that
//! grow). Wiping each by hand is a rule that one new line of code breaks; here no heap copy can be forgotten.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::null_mut;

/// malloc(3), with every block wiped before it is freed.
pub struct Wiping;

// SAFETY: malloc aligns for every type of C, and what wants more is refused, as it may be. A block is wiped only while
// it is still ours. `realloc` is the trait's own: allocate, copy, dealloc.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > align_of::<libc::max_align_t>() {
            return null_mut();
        }
        // SAFETY: malloc takes any size.
        unsafe { libc::malloc(layout.size()).cast() }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block came from malloc with this size, so all its bytes are writable until it is freed;
        // explicit_bzero(3) is never optimised away.
        unsafe {
            libc::explicit_bzero(block.cast(), layout.size());
            libc::free(block.cast());
        }
    }
}
