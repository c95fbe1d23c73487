//! The names in the environment (environ(7)).
//!
//! std's vars_os costs 2 KB of code, and it copies the values, the key of an environment variable among them.

use std::ffi::{CStr, c_char};

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// The names of the variables, without those that are not UTF-8.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    // SAFETY: environ is null, or an array of C strings that a null pointer ends; this program never changes it.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            let name = CStr::from_ptr(*entry).to_bytes().split(|byte| *byte == b'=').next();
            names.extend(name.and_then(|name| str::from_utf8(name).ok()));
            entry = entry.add(1);
        }
    }
    names
}
