//! The `interplay` command.

fn main() {}
