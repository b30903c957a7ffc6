//! `interplay worker`: a device of this machine for the runs of other machines.

use std::io;
use std::net::TcpListener;

use anyhow::{Context, Result};
use clap::Args;
use interplay::Devices;
use interplay::device::{BackendTask, Device, dispatch};
use interplay::model::TrainBackend;
use interplay::train::parallel::{Replicas, serve};

/// Which device, and where it is lent.
#[derive(Args)]
pub(super) struct Flags {
    /// The device to lend: flex, ndarray, cuda or cuda:INDEX.
    #[arg(long, default_value_t)]
    device: Device,
    /// The address to listen on; port 0 takes a free one. Whoever reaches it can use the device, so
    /// choose an address that only your own machines reach.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7700")]
    listen: String,
}

/// Serves until the process is stopped.
pub(super) fn worker(flags: &Flags) -> Result<()> {
    let listener = TcpListener::bind(&flags.listen)
        .with_context(|| format!("--listen {}: no such address can be used", flags.listen))?;
    let address = listener.local_addr()?;
    let device = flags.device;
    let serving = Serving { listener, device };
    dispatch(&Devices::from(device), serving)?
        .with_context(|| format!("the worker on {address} stopped"))
}

struct Serving {
    listener: TcpListener,
    device: Device,
}

impl BackendTask for Serving {
    type Output = io::Result<()>;

    fn run<A: TrainBackend>(self, replicas: &Replicas<A::Device>) -> Self::Output {
        let address = self.listener.local_addr()?;
        // Said when the device is there, so that who waits for this line can connect.
        let words = format!("worker with {} listens on tcp://{address}\n", self.device);
        super::output::print(&words).map_err(io::Error::other)?;
        serve::<A>(&self.listener, &replicas.leader, &|notice| {
            eprintln!("{notice}");
        })
    }
}
