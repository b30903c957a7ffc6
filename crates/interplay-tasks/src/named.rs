//! Enums whose variants have one name each, in files, on the command line and in messages.

use std::fmt;

/// A name that none of an enum's variants has.
///
/// ```
/// use interplay_tasks::Dialect;
///
/// let error = "verse".parse::<Dialect>().unwrap_err();
/// assert_eq!(error.to_string(), "`verse` is not a dialect; expected `prose` or `terse`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    /// The name that was read.
    pub found: String,
    /// What it should name, for instance `dialect`.
    pub kind: &'static str,
    /// The names there are.
    pub expected: &'static [&'static str],
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a {}; expected ", self.found, self.kind)?;
        for (position, name) in self.expected.iter().enumerate() {
            let separator = match position {
                0 => "",
                last if last + 1 == self.expected.len() => " or ",
                _ => ", ",
            };
            write!(f, "{separator}`{name}`")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownName {}

/// Gives an enum `ALL`, `NAMES`, `name`, `Display` and `FromStr` from one list. The names are those
/// that serde writes; `tests/names.rs` checks it.
macro_rules! named {
    ($type:ident, $kind:literal: $($variant:ident = $name:literal),+ $(,)?) => {
        impl $type {
            /// All variants.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Their names in files and on the command line, in the same order.
            pub const NAMES: [&'static str; [$($name),+].len()] = [$($name),+];

            /// The name in files and on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownName {
                        found: text.to_owned(),
                        kind: $kind,
                        expected: &Self::NAMES,
                    }),
                }
            }
        }
    };
}

pub(crate) use named;
