//! Connections by way of TLS 1.2 and 1.3.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::serve::Listener as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use super::places::{Bounded, Placed};

/// Who takes longer to say hello is not waited for.
const HELLO: Duration = Duration::from_secs(10);

/// Connections that said hello and are not answered yet.
const READY: usize = 64;

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Tls(TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(..)")
    }
}

impl Tls {
    /// From files in PEM: the certificate with those between it and its authority, and
    /// its private key.
    pub(crate) fn from_files(certificate: &Path, key: &Path) -> Result<Tls> {
        let failed = || format!("cannot read the certificate\npath: {}", certificate.display());
        let chain = CertificateDer::pem_file_iter(certificate).with_context(failed)?;
        let chain: Vec<_> = chain.collect::<Result<_, _>>().with_context(failed)?;
        if chain.is_empty() {
            bail!("the file holds no certificate\npath: {}", certificate.display());
        }
        let failed = || format!("cannot read the private key\npath: {}", key.display());
        let private = PrivateKeyDer::from_pem_file(key).with_context(failed)?;
        let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .with_context(|| {
                format!("the key is not that of the certificate\npath: {}", key.display())
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls(TlsAcceptor::from(Arc::new(config))))
    }
}

/// Gives connections once both sides have said hello. One that is slow at that keeps no
/// other waiting.
#[derive(Debug)]
pub(super) struct Listener {
    ready: mpsc::Receiver<(TlsStream<Placed>, SocketAddr)>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Listener {
    pub(super) fn new(mut places: Bounded, address: SocketAddr, Tls(acceptor): Tls) -> Listener {
        let (give, ready) = mpsc::channel(READY);
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, from) = places.accept().await;
                let (acceptor, give) = (acceptor.clone(), give.clone());
                tokio::spawn(async move {
                    // Who does not speak TLS is hung up on.
                    if let Ok(Ok(stream)) = timeout(HELLO, acceptor.accept(stream)).await {
                        let _ = give.send((stream, from)).await;
                    }
                });
            }
        });
        Listener { ready, address, accepting }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl axum::serve::Listener for Listener {
    type Io = TlsStream<Placed>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TlsStream<Placed>, SocketAddr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // Its task has ended: nobody comes any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
