//! An allocator that wipes each block before it is freed.
//!
//! A private key passes through many small buffers: the file's text, the JSON reader's strings, vectors that grow.
//! Wiping each of them by hand would miss one sooner or later; this misses none on the heap.

use super::descriptor::{stderr, write_or_drop};
use super::signals::handle_alarm;
use std::alloc::{GlobalAlloc, Layout};
use std::ptr::null_mut;

/// malloc(3) and a free(3) that wipes first.
pub struct Wiping;

// SAFETY: malloc aligns for every type of C; a larger alignment is refused, which the trait permits. A block is wiped
// before it is freed. `realloc` is the trait's default: alloc, copy, dealloc.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > align_of::<libc::max_align_t>() {
            return null_mut();
        }
        // SAFETY: malloc takes any size.
        let block: *mut u8 = unsafe { libc::malloc(layout.size()).cast() };
        if block.is_null() {
            out_of_memory();
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block came from malloc with this size, so all its bytes are writable until it is freed.
        // The compiler does not remove explicit_bzero(3).
        unsafe {
            libc::explicit_bzero(block.cast(), layout.size());
            libc::free(block.cast());
        }
    }
}

/// Ends the program with exit status 1, as a restart can help; std would abort, which allocates for its message and dumps
/// core where it can.
#[cold]
fn out_of_memory() -> ! {
    let message = b"capiscio: out of memory: the kernel grants no more; raise the limit (ulimit -v)\n";
    handle_alarm();
    write_or_drop(&stderr(), message);
    // SAFETY: _exit(2) takes an integer and runs no code of this process.
    unsafe { libc::_exit(1) }
}
