//! Which examples a policy practices on.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
