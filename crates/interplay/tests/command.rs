//! The command `interplay`, as a person meets it.
