//! What a keeper is told at its start; nothing of it changes while it runs.

use super::policy::Policy;
use crate::badge::claims::Identity;
use crate::file::Wanted;
use crate::key::file::Source;

/// Identity, policy and paths.
pub struct Settings {
    /// What every badge says.
    pub identity: Identity,
    /// For self-signed badges: flags and values that must be the did:key of the key.
    pub claimed: Vec<(String, String)>,
    /// When badges are due.
    pub policy: Policy,
    /// The private key.
    pub key: Source,
    /// Make the key when its file is not there.
    pub generate_key: bool,
    /// The badge file; `badge issue` may do without.
    pub output: Option<Wanted>,
    /// Log lines are JSON.
    pub json_log: bool,
    /// A descriptor that gets a newline when the first badge stands.
    pub ready_fd: Option<i32>,
}
