//! The settings of a keeper. They do not change while it runs.

use super::policy::Policy;
use crate::badge::claims::Identity;
use crate::keystore::KeySource;

/// What `badge keep` and `badge issue` are told.
pub struct Settings {
    /// The claims that stay the same from badge to badge.
    pub identity: Identity,
    /// With `--self-sign`: each flag or variable whose value must be the did:key of the key, and that value.
    pub required_did: Vec<(String, String)>,
    /// When badges are due.
    pub policy: Policy,
    /// The private key.
    pub key: KeySource,
    /// Generate the key if its file does not exist.
    pub generate_key: bool,
}
