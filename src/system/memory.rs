//! An allocator that wipes what it is given back.
//!
//! A private key passes through many small buffers (the file's text, the JSON reader's strings, vectors that
//! grow). Wiping each by hand is a rule that one new line of code breaks; here no heap copy can be forgotten.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, with every block wiped before it is freed.
pub struct Wiping;

// SAFETY: every call goes to `System` with the arguments unchanged; a block is wiped only while it is still ours.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`, which is passed on unchanged.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is allocated with this layout, so all its bytes are writable until it is freed;
        // explicit_bzero(3) is never optimised away. `realloc` is the trait's own: allocate, copy, dealloc.
        unsafe {
            libc::explicit_bzero(block.cast(), layout.size());
            System.dealloc(block, layout);
        }
    }
}
