//! The names in the environment (environ(7)).
//!
//! std's vars_os costs 2 KB of code, and it copies the values, the key of an environment variable among them.

use std::ffi::{CStr, CString, c_char};

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// The names of the variables, without those that are not UTF-8.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    for_each(|variable| names.extend(str::from_utf8(name(variable)).ok()));
    names
}

/// The variables, each `NAME=VALUE`, without those that `removed` names, with spaces between them.
pub(crate) fn without(removed: &str) -> Vec<CString> {
    let mut variables = Vec::new();
    for_each(|variable| {
        if !removed.split(' ').any(|removed| removed.as_bytes() == name(variable)) {
            variables.push(variable.to_owned());
        }
    });
    variables
}

fn name(variable: &CStr) -> &[u8] {
    variable.to_bytes().split(|byte| *byte == b'=').next().unwrap_or_default()
}

fn for_each(mut each: impl FnMut(&'static CStr)) {
    // SAFETY: environ is null, or an array of C strings that a null pointer ends; this program never changes it.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            each(CStr::from_ptr(*entry));
            entry = entry.add(1);
        }
    }
}
