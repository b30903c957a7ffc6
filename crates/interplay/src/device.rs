//! The one place that names backends: `flex`, `ndarray`, `cuda`, `cuda:1`.
//!
//! Everything else is generic over the backend; [`dispatch`] turns a name into a type.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

use burn::tensor::{FloatDType, Tensor, TensorPrimitive};
use interplay_model::{FusedOps, Precision, TrainBackend};
use interplay_train::parallel::{Replicas, check_worker};
use serde::{Deserialize, Serialize};

use crate::{Devices, InterplayError};

/// One device of this machine.
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
    /// The name of the device's backend, which is also the feature that builds it.
    #[must_use]
    pub fn backend(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
            Self::Cuda(_) => "cuda",
        }
    }

    #[cfg(feature = "cuda")]
    fn index(self) -> usize {
        match self {
            Self::Flex | Self::Ndarray => 0,
            Self::Cuda(index) => index,
        }
    }
}

impl Default for Device {
    /// The first of flex, ndarray and CUDA that is compiled in.
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

/// Work that runs on any backend.
pub trait BackendTask {
    /// What it gives back.
    type Output;

    /// Does the work on this backend and these devices of it.
    fn run<A: TrainBackend>(self, places: &Replicas<A::Device>) -> Self::Output;
}

/// Runs the task on the backend of the devices.
///
/// # Errors
/// [`InterplayError::DeviceNotBuilt`] where the backend was left out of this build, and
/// [`InterplayError::DeviceUnavailable`] where the machine does not have one of the devices.
pub fn dispatch<T: BackendTask>(devices: &Devices, task: T) -> Result<T::Output, InterplayError> {
    match devices.leader() {
        #[cfg(feature = "flex")]
        Device::Flex => on::<burn::backend::Autodiff<burn::backend::Flex>, T>(
            devices,
            |_| burn::backend::flex::FlexDevice,
            task,
        ),
        #[cfg(feature = "ndarray")]
        Device::Ndarray => on::<burn::backend::Autodiff<burn::backend::NdArray>, T>(
            devices,
            |_| burn::backend::ndarray::NdArrayDevice::Cpu,
            task,
        ),
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => on::<burn::backend::Autodiff<burn::backend::Cuda>, T>(
            devices,
            |device| burn::backend::cuda::CudaDevice {
                index: device.index(),
            },
            task,
        ),
        #[allow(unreachable_patterns)] // In a build with every backend.
        device => Err(InterplayError::DeviceNotBuilt { device }),
    }
}

/// Checks that devices can be used and workers listen, without doing anything else.
///
/// # Errors
/// Those of [`dispatch`], and the address of a worker that does not answer.
pub fn check(devices: &Devices) -> Result<(), InterplayError> {
    dispatch(devices, Nothing)?;
    for address in devices.workers() {
        check_worker(address)?;
    }
    Ok(())
}

struct Nothing;

impl BackendTask for Nothing {
    type Output = ();

    fn run<A: TrainBackend>(self, _places: &Replicas<A::Device>) {}
}

#[allow(dead_code)] // In a build without any backend.
fn on<A: TrainBackend, T: BackendTask>(
    devices: &Devices,
    place: impl Fn(Device) -> A::Device,
    task: T,
) -> Result<T::Output, InterplayError> {
    for device in devices.local() {
        probe::<A>(device, &place(device))?;
    }
    Ok(task.run::<A>(&devices.places(place)))
}

/// Sends one number to the device and back. Backends panic where their device or driver is
/// missing; this turns that into an error before any work is done.
fn probe<A: TrainBackend>(device: Device, place: &A::Device) -> Result<(), InterplayError> {
    if !matches!(device, Device::Cuda(_)) {
        return Ok(());
    }
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let answer = catch_unwind(AssertUnwindSafe(|| {
        Tensor::<A::InnerBackend, 1>::from_floats([1.0, 2.0], place)
            .sum()
            .into_data()
    }));
    std::panic::set_hook(hook);
    match answer {
        Ok(data) if data.iter::<f32>().eq([3.0]) => Ok(()),
        Ok(_) => Err(InterplayError::DeviceUnavailable {
            device,
            reason: "it added 1 and 2 wrongly".into(),
        }),
        Err(panic) => {
            let words = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            let reason = words.unwrap_or("the driver gave no reason").lines().next();
            let reason = reason.unwrap_or_default().to_owned();
            Err(InterplayError::DeviceUnavailable { device, reason })
        }
    }
}

/// The best rate of a large projection in a precision, in FLOP/s: what the device can do at most. Takes a fraction
/// of a second, longer where a backend only emulates the precision.
#[must_use]
pub fn matrix_peak<A: TrainBackend>(place: &A::Device, precision: Precision) -> f64 {
    /// Products that are measured together, so that a device's queue stays full.
    const PRODUCTS: usize = 4;
    const ROUNDS: usize = 3;
    /// What is long enough to measure.
    const LONG: f64 = 5e-3;
    const LARGEST: usize = 8000;
    // On a CPU, rows of 1024 would be in each other's way in the cache.
    let mut size = 1000;
    loop {
        let ones = Tensor::<A::InnerBackend, 2>::ones([size, size], place);
        let ones = match precision {
            Precision::Float32 => ones,
            Precision::Bf16 => ones.cast(FloatDType::BF16),
        };
        let seconds = |_| {
            let began = std::time::Instant::now();
            let mut sum = Tensor::<A::InnerBackend, 1>::zeros([1], place);
            for _ in 0..PRODUCTS {
                let factor = || ones.clone().into_primitive().tensor();
                let product = A::InnerBackend::project(factor(), factor(), None, None);
                let product = Tensor::from_primitive(TensorPrimitive::Float(product));
                let corner: Tensor<A::InnerBackend, 2> = product.slice([0..1, 0..1]);
                sum = sum + corner.cast(FloatDType::F32).reshape([1]);
            }
            // Reading a number waits for the products.
            std::hint::black_box(sum.into_data());
            began.elapsed().as_secs_f64()
        };
        let best = (0..ROUNDS).map(seconds).fold(f64::INFINITY, f64::min);
        if best >= LONG || size >= LARGEST {
            return PRODUCTS as f64 * 2.0 * (size as f64).powi(3) / best;
        }
        size *= 2;
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
