//! The Rust blocks of the book, compiled and run as doctests.
//!
//! ```sh
//! cargo test -p interplay-book --doc                         # every chapter
//! cargo test -p interplay-book --doc --no-default-features   # without those that need Burn
//! ```
//!
//! `cargo xtask tidy` checks that each chapter with a Rust block is named here.
#![forbid(unsafe_code)]

/// Makes the blocks of a chapter doctests.
#[cfg(doctest)]
macro_rules! chapters {
    ($($name:ident: $path:literal),* $(,)?) => {
        $(
            #[doc = include_str!($path)]
            struct $name;
        )*
    };
}

#[cfg(doctest)]
chapters! {
    AddContext: "src/extend/context.md",
    AddReward: "src/extend/reward.md",
    AddTask: "src/extend/task.md",
    Concepts: "src/concepts.md",
    Crates: "src/crates.md",
    Verification: "src/verification.md",
}

#[cfg(all(doctest, feature = "models"))]
chapters! {
    Models: "src/models.md",
}
