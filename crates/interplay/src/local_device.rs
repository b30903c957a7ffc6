//! The devices of this machine by name: `flex`, `ndarray`, `cuda`, `cuda:1`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::InterplayError;

/// One device of this machine.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// Burn's pure-Rust CPU backend with this project's fused operations.
    Flex,
    /// Burn's ndarray backend.
    Ndarray,
    /// The CUDA device with this index.
    Cuda(usize),
}

impl Device {
    /// The name of the device's backend, and of the feature that builds it.
    #[must_use]
    pub fn backend(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
            Self::Cuda(_) => "cuda",
        }
    }

    #[cfg(feature = "cuda")]
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Flex | Self::Ndarray => 0,
            Self::Cuda(index) => index,
        }
    }
}

impl Default for Device {
    /// The first of flex, ndarray and CUDA that is part of this build.
    fn default() -> Self {
        match () {
            () if cfg!(feature = "flex") => Self::Flex,
            () if cfg!(feature = "ndarray") => Self::Ndarray,
            () => Self::Cuda(0),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flex => f.write_str("flex"),
            Self::Ndarray => f.write_str("ndarray"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.to_string()
    }
}

impl TryFrom<String> for Device {
    type Error = InterplayError;

    fn try_from(text: String) -> Result<Self, InterplayError> {
        text.parse()
    }
}

impl FromStr for Device {
    type Err = InterplayError;

    fn from_str(text: &str) -> Result<Self, InterplayError> {
        match text.split_once(':') {
            None if text == "flex" => Ok(Self::Flex),
            None if text == "ndarray" => Ok(Self::Ndarray),
            None if text == "cuda" => Ok(Self::Cuda(0)),
            Some(("cuda", index)) => index.parse().map(Self::Cuda).map_err(|_| unknown(text)),
            _ => Err(unknown(text)),
        }
    }
}

fn unknown(text: &str) -> InterplayError {
    InterplayError::UnknownDevice {
        found: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_a_round_trip() {
        for name in ["flex", "ndarray", "cuda:0", "cuda:3"] {
            assert_eq!(name.parse::<Device>().unwrap().to_string(), name);
        }
        assert_eq!("cuda".parse::<Device>().unwrap(), Device::Cuda(0));
    }

    #[test]
    fn an_unknown_name_lists_what_there_is() {
        for name in ["gpu", "cuda:x", "", "flex:0"] {
            let message = name.parse::<Device>().unwrap_err().to_string();
            assert!(message.contains("flex, ndarray, cuda"), "{message}");
        }
    }
}
