//! Connections for services that speak gRPC only, and for which Google has no client that we could use.

use http::HeaderMap;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use crate::client::Cloud;
use crate::endpoints::Service;
use crate::errors::{Error, Kind};

impl Cloud {
    /// A connection to a service, made when it is first used and made again when it breaks.
    ///
    /// # Errors
    /// When no TLS can be set up.
    pub fn channel(&self, service: Service) -> Result<Channel, Error> {
        let action = format!("connect to {}", service.title());
        let failed = |source: tonic::transport::Error| {
            Error::new(Kind::Unexpected, action.clone(), "the connection could not be set up").with_source(source)
        };
        crate::http_json::install_crypto_provider();
        let base = self.endpoints().of(service);
        let mut endpoint = Endpoint::from_shared(base.to_owned()).map_err(failed)?;
        if base.starts_with("https://") {
            endpoint = endpoint
                .tls_config(ClientTlsConfig::new().with_enabled_roots())
                .map_err(failed)?;
        }
        let endpoint = endpoint
            .connect_timeout(std::time::Duration::from_secs(10))
            .http2_keep_alive_interval(std::time::Duration::from_secs(30))
            .keep_alive_while_idle(true)
            .initial_connection_window_size(16 << 20)
            .initial_stream_window_size(8 << 20);
        Ok(endpoint.connect_lazy())
    }

    /// The headers that sign a request; none for anonymous ones.
    ///
    /// # Errors
    /// When no token can be obtained.
    pub async fn authorization(&self) -> Result<HeaderMap, Error> {
        self.transport().authorization("sign a request").await
    }
}
