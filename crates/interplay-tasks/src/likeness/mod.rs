//! In which sense two problems are the same, and fingerprints that tell.

mod fingerprint;
mod fingerprints;
mod sense;

pub use fingerprint::{Fingerprint, Fingerprinted, Prints};
pub use fingerprints::Fingerprints;
pub use sense::Likeness;
