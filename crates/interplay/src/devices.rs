//! The devices of a run: one that leads, and others that share its training steps.
//!
//! Written as `flex`, `cuda:0,cuda:1` or `cuda:0,tcp://10.0.0.2:7700` on a command line, and as a
//! string or a list of strings in an experiment file.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use interplay_train::parallel::{ReplicaSpec, Replicas};
use serde::{Deserialize, Serialize};

use crate::error::InterplayError;
use crate::local_device::Device;

/// Prefix of the address of a worker.
const TCP: &str = "tcp://";

/// The devices that a run computes on.
///
/// ```
/// use interplay::Devices;
///
/// let devices: Devices = "cuda:0,cuda:1,tcp://10.0.0.2:7700".parse()?;
/// assert_eq!(devices.count(), 3);
/// assert!("cuda:0,cuda:0".parse::<Devices>().is_err());
/// # Ok::<(), interplay::InterplayError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Devices {
    leader: Device,
    others: Vec<ReplicaSpec<Device>>,
}

/// Devices in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a device or a list of devices")]
enum Written {
    One(String),
    List(Vec<String>),
}

impl Devices {
    /// The device that holds the weights, samples and evaluates.
    #[must_use]
    pub fn leader(&self) -> Device {
        self.leader
    }

    /// Number of devices that share a step.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.others.len()
    }

    /// The devices of this machine, with the leader first.
    pub fn local(&self) -> impl Iterator<Item = Device> + '_ {
        let others = self.others.iter().filter_map(|other| match other {
            ReplicaSpec::Local(device) => Some(*device),
            ReplicaSpec::Worker(_) => None,
        });
        std::iter::once(self.leader).chain(others)
    }

    /// The addresses of the workers, each as `host:port`.
    pub fn workers(&self) -> impl Iterator<Item = &str> {
        self.others.iter().filter_map(|other| match other {
            ReplicaSpec::Local(_) => None,
            ReplicaSpec::Worker(address) => Some(address.as_str()),
        })
    }

    /// The replicas for a backend; `to_device` makes its devices.
    pub(crate) fn replicas<D>(&self, to_device: impl Fn(Device) -> D) -> Replicas<D> {
        let others = self.others.iter().map(|other| match other {
            ReplicaSpec::Local(device) => ReplicaSpec::Local(to_device(*device)),
            ReplicaSpec::Worker(address) => ReplicaSpec::Worker(address.clone()),
        });
        Replicas::single(to_device(self.leader)).with(others)
    }

    fn names(&self) -> Vec<String> {
        let others = self.others.iter().map(|other| match other {
            ReplicaSpec::Local(device) => device.to_string(),
            ReplicaSpec::Worker(address) => format!("{TCP}{address}"),
        });
        std::iter::once(self.leader.to_string())
            .chain(others)
            .collect()
    }

    fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, InterplayError> {
        let mut specs = Vec::new();
        for name in names {
            specs.push(match name.trim().strip_prefix(TCP) {
                Some(address) => ReplicaSpec::Worker(worker(address)?),
                None => ReplicaSpec::Local(name.trim().parse()?),
            });
        }
        let mut specs = specs.into_iter();
        let leader = match specs.next() {
            Some(ReplicaSpec::Local(leader)) => leader,
            Some(ReplicaSpec::Worker(address)) => {
                let reason = "the first device holds the weights and must be of this machine";
                return Err(bad(&format!("{TCP}{address}"), reason));
            }
            None => return Err(bad("", "the list of devices is empty")),
        };
        let others = specs.collect();
        let devices = Self { leader, others };
        devices.check()?;
        Ok(devices)
    }

    /// Refuses devices that cannot work together.
    fn check(&self) -> Result<(), InterplayError> {
        let mut seen = HashSet::new();
        for device in self.local() {
            let name = device.to_string();
            if device.backend() != self.leader.backend() {
                let reason = format!(
                    "the devices of one machine must be of one backend, and the first is {}; \
                     another backend can take part as a worker",
                    self.leader
                );
                return Err(bad(&name, &reason));
            }
            // A CPU may be named several times, each time with a share of the rows.
            if matches!(device, Device::Cuda(_)) && !seen.insert(name.clone()) {
                return Err(bad(&name, "the device is named twice"));
            }
        }
        for address in self.workers() {
            if !seen.insert(address.to_owned()) {
                let name = format!("{TCP}{address}");
                return Err(bad(&name, "the worker is named twice"));
            }
        }
        Ok(())
    }
}

fn worker(address: &str) -> Result<String, InterplayError> {
    let port = address
        .rsplit_once(':')
        .filter(|(host, _)| !host.is_empty())
        .and_then(|(_, port)| port.parse::<u16>().ok());
    match port {
        Some(1..) => Ok(address.to_owned()),
        _ => {
            let name = format!("{TCP}{address}");
            Err(bad(&name, "expected tcp://HOST:PORT"))
        }
    }
}

fn bad(found: &str, reason: &str) -> InterplayError {
    InterplayError::BadDevices {
        found: found.to_owned(),
        reason: reason.to_owned(),
    }
}

impl Default for Devices {
    fn default() -> Self {
        Device::default().into()
    }
}

impl From<Device> for Devices {
    fn from(leader: Device) -> Self {
        let others = Vec::new();
        Self { leader, others }
    }
}

impl From<Device> for Option<Devices> {
    fn from(leader: Device) -> Self {
        Some(leader.into())
    }
}

impl fmt::Display for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

impl FromStr for Devices {
    type Err = InterplayError;

    fn from_str(text: &str) -> Result<Self, InterplayError> {
        Self::parse(text.split(','))
    }
}

impl TryFrom<Written> for Devices {
    type Error = InterplayError;

    fn try_from(written: Written) -> Result<Self, InterplayError> {
        match written {
            Written::One(text) => text.parse(),
            Written::List(names) => Self::parse(names.iter().map(String::as_str)),
        }
    }
}

impl From<Devices> for Written {
    /// A single device is written as a string, as it was before there could be several.
    fn from(devices: Devices) -> Self {
        match devices.others.as_slice() {
            [] => Self::One(devices.leader.to_string()),
            _ => Self::List(devices.names()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_a_round_trip() {
        for names in ["flex", "flex,flex", "cuda:0,cuda:3,tcp://[::1]:7700"] {
            let devices: Devices = names.parse().unwrap();
            assert_eq!(devices.to_string(), names);
            assert_eq!(devices.count(), names.split(',').count());
            let json = serde_json::to_string(&devices).unwrap();
            assert_eq!(serde_json::from_str::<Devices>(&json).unwrap(), devices);
        }
        let one = serde_json::to_string(&Devices::from(Device::Flex)).unwrap();
        assert_eq!(one, "\"flex\"");
    }

    #[test]
    fn devices_that_cannot_work_together_are_refused_by_name() {
        for (names, blamed) in [
            ("cuda:0,cuda:0", "`cuda:0`: the device is named twice"),
            ("flex,cuda:0", "`cuda:0`: the devices of one machine"),
            ("flex,gpu", "`gpu`"),
            ("flex,", "device ``"),
            ("tcp://here:7700", "must be of this machine"),
            ("flex,tcp://here", "tcp://HOST:PORT"),
            ("flex,tcp://here:0", "tcp://HOST:PORT"),
            ("flex,tcp://a:1,tcp://a:1", "the worker is named twice"),
        ] {
            let message = names.parse::<Devices>().unwrap_err().to_string();
            assert!(message.contains(blamed), "{names}: {message}");
        }
        let empty = serde_json::from_str::<Devices>("[]").unwrap_err();
        assert!(
            empty.to_string().contains("list of devices is empty"),
            "{empty}"
        );
    }
}
