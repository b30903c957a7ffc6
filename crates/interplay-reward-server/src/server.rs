//! The server: connections in, answers out, until it is stopped.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::answer::{Event, Service};
use crate::error::ServeError;
use crate::limits::Limits;
use crate::scorer::Scorer;
use crate::stream::Stream;

/// How long the server waits where the system has no connection to give, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves a [`Scorer`] over HTTP.
///
/// ```
/// use interplay_objectives::reward::RewardSpec;
/// use interplay_reward_server::{Limits, Scorer, Server};
/// use interplay_verify::{Level, Verifier};
///
/// let scorer = Scorer::new(RewardSpec::Strict, Verifier::new(Level::Strict))?;
/// let server = Server::bind("127.0.0.1", 0, scorer, Limits::default())?.with_log(|event| eprintln!("{event}"));
/// println!("serving at {}", server.url());
/// let stop = server.stop_handle();
/// std::thread::spawn(move || stop.stop()); // On Ctrl-C, say.
/// server.run();
/// # Ok::<(), interplay_reward_server::ServeError>(())
/// ```
pub struct Server {
    runtime: Runtime,
    listener: tokio::net::TcpListener,
    address: SocketAddr,
    service: Service,
    stop: StopHandle,
}

/// Stops a server, from any thread.
#[derive(Debug, Clone)]
pub struct StopHandle(watch::Sender<bool>);

impl StopHandle {
    /// Stops the server: no new connections, requests in progress are answered. Calling it again changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// A server at an address of this machine; port 0 takes any that is free. Connections wait from now on, and are
    /// served by [`run`](Self::run).
    ///
    /// # Errors
    /// An address that cannot be listened at; threads that cannot be started.
    pub fn bind(
        host: &str,
        port: u16,
        scorer: impl Into<Arc<Scorer>>,
        limits: Limits,
    ) -> Result<Self, ServeError> {
        let runtime = threads()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind((host, port)));
        let refused = |source| ServeError::Bind {
            address: format!("{host}:{port}"),
            source,
        };
        let listener = listener.map_err(refused)?;
        Self::new(runtime, listener, scorer.into(), limits).map_err(refused)
    }

    /// A server of a listener that exists already.
    ///
    /// # Errors
    /// A listener that cannot be used; threads that cannot be started.
    pub fn from_listener(
        listener: TcpListener,
        scorer: impl Into<Arc<Scorer>>,
        limits: Limits,
    ) -> Result<Self, ServeError> {
        let address = listener
            .local_addr()
            .map_or_else(|error| error.to_string(), |address| address.to_string());
        let refused = |source| ServeError::Bind {
            address: address.clone(),
            source,
        };
        let runtime = threads()?;
        let taken = {
            let _context = runtime.enter();
            let ready = listener.set_nonblocking(true);
            ready.and_then(|()| tokio::net::TcpListener::from_std(listener))
        };
        let listener = taken.map_err(refused)?;
        Self::new(runtime, listener, scorer.into(), limits).map_err(refused)
    }

    fn new(
        runtime: Runtime,
        listener: tokio::net::TcpListener,
        scorer: Arc<Scorer>,
        limits: Limits,
    ) -> io::Result<Self> {
        Ok(Self {
            address: listener.local_addr()?,
            runtime,
            listener,
            service: Service {
                scorer,
                limits,
                log: Box::new(|_| {}),
            },
            stop: StopHandle(watch::channel(false).0),
        })
    }

    /// The same, and `log` hears what an operator may want to know: items that cannot be judged, requests that are
    /// refused. It is called on the threads of the server.
    #[must_use]
    pub fn with_log(mut self, log: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.service.log = Box::new(log);
        self
    }

    /// The address, with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to give OpenRLHF as `--reward.remote_url` on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/get_reward", self.address)
    }

    /// What stops the server.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// Serves until a [`StopHandle`] stops it, then ends requests in progress and returns.
    pub fn run(self) {
        let Self {
            runtime,
            listener,
            service,
            stop,
            ..
        } = self;
        let mut stopped = stop.0.subscribe();
        let stop_timeout = service.limits.stop_timeout;
        runtime.block_on(async {
            let connections = Arc::new(GracefulShutdown::new());
            let accepting = tokio::spawn(accept(listener, Arc::new(service), connections.clone()));
            // The sender lives as long as `stop`, so this ends with a stop alone.
            let _stopped = stopped.wait_for(|stopped| *stopped).await;
            accepting.abort();
            // Cancelled, as it was told.
            let _cancelled = accepting.await;
            if let Some(connections) = Arc::into_inner(connections) {
                // Who is not done in time is cut off.
                let _in_time = tokio::time::timeout(stop_timeout, connections.shutdown()).await;
            }
        });
        runtime.shutdown_background();
    }
}

fn threads() -> Result<Runtime, ServeError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut builder = Builder::new_multi_thread();
    builder
        .enable_all()
        .worker_threads(cores)
        .max_blocking_threads(cores);
    builder.thread_name("reward-server");
    builder
        .build()
        .map_err(|source| ServeError::Threads { source })
}

/// Takes connections, each into a task of its own, until it is dropped.
async fn accept(
    listener: tokio::net::TcpListener,
    service: Arc<Service>,
    connections: Arc<GracefulShutdown>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(service.limits.client_timeout)
        // A client that has sent everything may say so, and still waits for the answer.
        .half_close(true);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                (service.log)(&Event::Accept { error: &error });
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Small answers are sent at once; where that cannot be said, they come a little later.
        let _set = stream.set_nodelay(true);
        let stream = Stream::new(stream, service.limits.client_timeout);
        let service = service.clone();
        let answer = service_fn(move |request| service.clone().answer(request));
        let connection = http.serve_connection(TokioIo::new(stream), answer);
        // A connection that breaks is its client's affair.
        tokio::spawn(connections.watcher().watch(connection));
    }
}
