//! Certificate and key from files, read again when they change: a renewed certificate needs no restart. One that does not read
//! leaves the old one in place.

mod validity;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use puppet_types::Timestamp;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// Longest file in bytes.
const MOST: u64 = 1 << 20;

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// One cannot be read.
    #[error("{file} cannot be read: {error}")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// One holds no such thing.
    #[error("{0} holds no {1} in PEM")]
    Nothing(PathBuf, &'static str),
    /// They do not fit.
    #[error("the certificate and its key cannot be used: {0}")]
    Unfit(rustls::Error),
}

/// The files, and what they held when they last could be used.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    holds: Option<(Timestamp, Timestamp)>,
    config: watch::Sender<Arc<ServerConfig>>,
}

/// The bytes of both.
type Bytes = (Vec<u8>, Vec<u8>);

impl Tls {
    /// Reads both.
    ///
    /// # Errors
    /// They cannot be used.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsFault> {
        let bytes = read(certificate, key)?;
        let config = config(certificate, key, &bytes)?;
        let own = CertificateDer::pem_slice_iter(&bytes.0).next().and_then(Result::ok);
        Ok(Self {
            holds: own.and_then(|own| validity::of(&own)),
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            config: watch::channel(Arc::new(config)).0,
        })
    }

    /// From when to when the certificate that was read holds; none where that cannot be told.
    pub const fn holds(&self) -> Option<(Timestamp, Timestamp)> {
        self.holds
    }

    /// For the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config.borrow()))
    }

    /// Looks at the files again and again, until it is aborted.
    pub(crate) fn follow(self: &Arc<Self>) -> JoinHandle<()> {
        let tls = Arc::clone(self);
        tokio::spawn(async move {
            let mut seen: Option<Bytes> = None;
            loop {
                let (certificate, key) = (tls.certificate.clone(), tls.key.clone());
                let looked = tokio::task::spawn_blocking(move || read(&certificate, &key)).await;
                // What cannot be read now may be half-written.
                if let Ok(Ok(now)) = looked {
                    if seen.as_ref().is_some_and(|seen| *seen != now) {
                        tls.take_up(&now);
                    }
                    seen = Some(now);
                }
                tokio::time::sleep(LOOK).await;
            }
        })
    }

    fn take_up(&self, bytes: &Bytes) {
        match config(&self.certificate, &self.key, bytes) {
            Ok(config) => {
                self.config.send_replace(Arc::new(config));
                tracing::info!("the certificate of the server was read again");
            }
            Err(fault) => tracing::warn!("the certificate of the server stays the old one: {fault}"),
        }
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Bytes, TlsFault> {
    let bytes = |file: &Path| {
        let failed = |error| TlsFault::File { file: file.to_owned(), error };
        if std::fs::metadata(file).map_err(failed)?.len() > MOST {
            return Err(failed(io::ErrorKind::FileTooLarge.into()));
        }
        std::fs::read(file).map_err(failed)
    };
    Ok((bytes(certificate)?, bytes(key)?))
}

fn config(certificate: &Path, key: &Path, (chain, secret): &Bytes) -> Result<ServerConfig, TlsFault> {
    let nothing = |file: &Path, what| TlsFault::Nothing(file.to_owned(), what);
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|_| nothing(certificate, "certificate"))?;
    if chain.is_empty() {
        return Err(nothing(certificate, "certificate"));
    }
    let secret = PrivateKeyDer::from_pem_slice(secret).map_err(|_| nothing(key, "key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(TlsFault::Unfit)?.with_no_client_auth();
    let mut config = builder.with_single_cert(chain, secret).map_err(TlsFault::Unfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
