//! A replacement for the unwinder in the static release build.
//!
//! For `RUST_BACKTRACE` alone, std links an unwinder, a DWARF reader, an inflater and a demangler: 290 KB, more than all
//! the rest of this program, and in a stripped file they could not name a single function. These definitions replace
//! the unwinder's; link-time optimization then drops the rest. A panic still prints its message and place, and aborts.
//! A std that refers to another function fails to link.
//!
//! Only where panics abort: tests unwind with the real unwinder. So does 32-bit Arm, where std uses another ABI (EHABI).
#![cfg(all(target_env = "musl", panic = "abort", not(target_arch = "arm")))]
#![allow(non_snake_case)]

use std::ffi::{c_int, c_void};
use std::process::abort;

type Context = *const c_void;

/// `_URC_END_OF_STACK` (Itanium C++ ABI: Exception Handling, §1.1): there are no frames.
const END_OF_STACK: c_int = 5;

// SAFETY: name and signature are the ABI's, which permits the result that there are no frames.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_visit: *const c_void, _argument: *const c_void) -> c_int {
    END_OF_STACK
}

/// Referred to by std's personality routine and landing pads. No exception is ever raised, so nothing calls them.
macro_rules! never_called {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => { $(
        // SAFETY: name and signature are the ABI's; it does not return.
        #[unsafe(no_mangle)]
        extern "C" fn $name($(_: $argument),*) -> $result {
            abort()
        }
    )* };
}

never_called! {
    _Unwind_GetDataRelBase(Context) -> usize;
    _Unwind_GetIPInfo(Context, *mut c_int) -> usize;
    _Unwind_GetLanguageSpecificData(Context) -> *const c_void;
    _Unwind_GetRegionStart(Context) -> usize;
    _Unwind_GetTextRelBase(Context) -> usize;
    _Unwind_Resume(*const c_void) -> !;
    _Unwind_SetGR(Context, c_int, usize) -> ();
    _Unwind_SetIP(Context, usize) -> ();
}
