//! Paths inside commands that a person pastes into a shell.

use super::escaped;
use std::ffi::OsStr;
use std::path::Path;

/// A path as one word for a POSIX shell. Bytes that are not printable UTF-8 are shown escaped: such a word is safe, but
/// names another file.
pub(crate) fn shell_word(path: &Path) -> String {
    let text = escaped(path).to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=:@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) && path.as_os_str() == OsStr::new(&text) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
