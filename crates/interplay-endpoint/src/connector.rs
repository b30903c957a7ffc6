//! Connecting to a server, with everything that it takes from its surroundings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::api_key::ApiKey;
use crate::client::{Client, Sleep};
use crate::endpoint::Endpoint;
use crate::error::EndpointError;
use crate::findings::Findings;
use crate::probe;
use crate::spec::EndpointSpec;

type Variable = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Connects to servers. The default sleeps between attempts, and reads the environment of the process.
#[derive(Clone)]
pub struct Connector {
    sleep: Sleep,
    variable: Variable,
}

impl Default for Connector {
    fn default() -> Self {
        Self {
            sleep: Arc::new(std::thread::sleep),
            variable: Arc::new(|name| std::env::var(name).ok()),
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

impl Connector {
    /// Waits in another way between attempts, for instance not at all in tests.
    #[must_use]
    pub fn sleep(mut self, sleep: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        self.sleep = Arc::new(sleep);
        self
    }

    /// Reads environment variables from elsewhere.
    #[must_use]
    pub fn variables(
        mut self,
        variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.variable = Arc::new(variable);
        self
    }

    /// Connects to a server and finds out what it honors, with a few requests for a few tokens.
    ///
    /// # Errors
    /// Settings that cannot be followed, a key or a model that is missing, or a server that does not
    /// answer even the plainest request.
    pub fn connect(&self, spec: EndpointSpec) -> Result<Endpoint, EndpointError> {
        let (address, client) = self.client(&spec)?;
        let findings = probe::probe(&client, &spec, &address)?;
        let url = address.of(spec.api);
        Ok(Endpoint::new(spec, url, client, findings))
    }

    /// Takes what an earlier connection with the same settings found out and asks the server nothing.
    /// Requests are then as they were, so a resumed evaluation has the same completions, even if the
    /// server would now be found to honor something else.
    ///
    /// # Errors
    /// Settings that cannot be followed, or a key that is missing.
    pub fn reconnect(
        &self,
        spec: EndpointSpec,
        findings: Findings,
    ) -> Result<Endpoint, EndpointError> {
        let (address, client) = self.client(&spec)?;
        let url = address.of(spec.api);
        Ok(Endpoint::new(spec, url, client, findings))
    }

    fn client(&self, spec: &EndpointSpec) -> Result<(Address, Client), EndpointError> {
        let issues = spec.validate();
        let address = match Address::parse(&spec.url) {
            Ok(address) if issues.is_empty() => address,
            _ => return Err(EndpointError::Settings(issues)),
        };
        let key = ApiKey::read(spec.api_key_env.as_deref(), &*self.variable)?;
        let client = Client::new(spec, &address, key, Arc::clone(&self.sleep));
        Ok((address, client))
    }
}

impl Endpoint {
    /// Connects to a server and finds out what it honors, with a few requests for a few tokens.
    ///
    /// # Errors
    /// Those of [`Connector::connect`].
    pub fn connect(spec: EndpointSpec) -> Result<Self, EndpointError> {
        Connector::default().connect(spec)
    }
}
