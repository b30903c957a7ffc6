//! Devices and their backends. This is the only file that names backends.
//!
//! Everything else is generic over the backend; [`dispatch`] turns a device's name into a type.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{FloatDType, Tensor, TensorPrimitive};
use interplay_model::{FusedOps, Precision, TrainBackend};
use interplay_train::parallel::{Replicas, check_worker};

use crate::devices::Devices;
use crate::error::InterplayError;
pub use crate::local_device::Device;

/// Work that runs on any backend.
pub trait BackendTask {
    /// Its result.
    type Output;

    /// Does the work on these devices of the backend.
    fn run<A: TrainBackend>(self, replicas: &Replicas<A::Device>) -> Self::Output;
}

/// Runs a task on the backend of the devices.
///
/// # Errors
/// [`InterplayError::DeviceNotBuilt`] if the backend is not part of this build, and
/// [`InterplayError::DeviceUnavailable`] if the machine lacks one of the devices.
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
        device => {
            // A build without any backend has no other use for it.
            drop(task);
            Err(InterplayError::DeviceNotBuilt {
                device: device.to_string(),
                feature: device.backend(),
            })
        }
    }
}

/// Checks that the devices can be used and that their workers listen.
///
/// # Errors
/// Those of [`dispatch`], and an error with the address of a worker that does not answer.
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

    fn run<A: TrainBackend>(self, _replicas: &Replicas<A::Device>) {}
}

#[allow(dead_code)] // In a build without any backend.
fn on<A: TrainBackend, T: BackendTask>(
    devices: &Devices,
    to_device: impl Fn(Device) -> A::Device,
    task: T,
) -> Result<T::Output, InterplayError> {
    for device in devices.local() {
        probe::<A>(device, &to_device(device))?;
    }
    Ok(task.run::<A>(&devices.replicas(to_device)))
}

/// Computes one number on the device. Backends panic if their device or driver is missing; this
/// turns that into an error before any work is done.
fn probe<A: TrainBackend>(device: Device, target: &A::Device) -> Result<(), InterplayError> {
    if !matches!(device, Device::Cuda(_)) {
        return Ok(());
    }
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let answer = catch_unwind(AssertUnwindSafe(|| {
        Tensor::<A::InnerBackend, 1>::from_floats([1.0, 2.0], target)
            .sum()
            .into_data()
    }));
    std::panic::set_hook(hook);
    match answer {
        Ok(data) if data.iter::<f32>().eq([3.0]) => Ok(()),
        Ok(_) => Err(InterplayError::DeviceUnavailable {
            device: device.to_string(),
            reason: "it added 1 and 2 wrongly".into(),
        }),
        Err(panic) => {
            let words = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            let reason = words.unwrap_or("the driver gave no reason").lines().next();
            let reason = reason.unwrap_or_default().to_owned();
            let device = device.to_string();
            Err(InterplayError::DeviceUnavailable { device, reason })
        }
    }
}

/// The highest rate of matrix products in a precision that the device reaches, in FLOP/s, measured on
/// a large projection. Takes a fraction of a second, longer if the backend only emulates the
/// precision.
#[must_use]
pub fn matrix_peak<A: TrainBackend>(target: &A::Device, precision: Precision) -> f64 {
    /// Products in one measurement, so that the device's queue stays full.
    const PRODUCTS: usize = 4;
    const ROUNDS: usize = 3;
    /// Long enough to measure, in seconds.
    const LONG: f64 = 5e-3;
    const LARGEST: usize = 8000;
    // On a CPU, rows of 1024 would compete for the same cache lines.
    let mut size = 1000;
    loop {
        let ones = Tensor::<A::InnerBackend, 2>::ones([size, size], target);
        let ones = match precision {
            Precision::Bf16 => ones.cast(FloatDType::BF16),
            _ => ones,
        };
        let seconds = |_| {
            let began = std::time::Instant::now();
            let mut sum = Tensor::<A::InnerBackend, 1>::zeros([1], target);
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
