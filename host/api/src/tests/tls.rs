//! Encrypted: with files, with others after them, and with such as do not fit.

use std::{path::Path, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{
    server::{Listener, Server},
    testing::Scene,
    tls::Tls,
};

/// Writes a certificate for localhost and its key. Answers the certificate.
fn made(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
    made.cert.der().clone()
}

fn read(folder: &Path) -> Result<Tls, crate::tls::TlsFault> {
    Tls::read(&folder.join("certificate.pem"), &folder.join("key.pem"))
}

/// What a client that trusts this certificate alone is answered.
async fn asked(address: &str, trusted: CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
    let stream = TcpStream::connect(address).await?;
    let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    // Our end closes without ceremony.
    let _ = stream.read_to_string(&mut answer).await;
    Ok(answer)
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = made(folder.path());
    let scene = Scene::new().await;
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), Some(read(folder.path()).unwrap())).await.unwrap();
    let address = listener.url().strip_prefix("https://").unwrap().to_owned();
    let server = Server::start(listener, Arc::clone(&scene.app));
    let answer = asked(&address, first.clone()).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("strict-transport-security: max-age=31536000\r\n"),
        "{answer}"
    );
    // Nobody is answered in the clear.
    let mut plain = TcpStream::connect(&address).await.unwrap();
    plain.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"));
    server.close().await;

    let tls = Arc::new(read(folder.path()).unwrap());
    let before = tls.acceptor().config().clone();
    tokio::time::pause();
    let following = tls.follow();
    tokio::time::sleep(Duration::from_secs(1)).await;
    std::fs::write(folder.path().join("certificate.pem"), "half of").unwrap();
    tokio::time::sleep(Duration::from_secs(11)).await;
    settle().await;
    assert!(Arc::ptr_eq(&before, tls.acceptor().config()), "the old one stays");
    made(folder.path());
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_secs(11)).await;
        settle().await;
        if !Arc::ptr_eq(&before, tls.acceptor().config()) {
            following.abort();
            return;
        }
    }
    panic!("the new one was not taken up");
}

/// Files are read on other threads, where time does not stand still.
async fn settle() {
    tokio::task::spawn_blocking(|| ()).await.unwrap();
}

#[test]
fn files_that_cannot_be_used_are_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    assert!(read(folder.path()).unwrap_err().to_string().contains("certificate.pem cannot be read"));
    made(folder.path());
    std::fs::write(folder.path().join("certificate.pem"), "").unwrap();
    assert!(read(folder.path()).unwrap_err().to_string().contains("holds no certificate"));
    made(folder.path());
    let key = std::fs::read(folder.path().join("key.pem")).unwrap();
    made(folder.path());
    std::fs::write(folder.path().join("key.pem"), key).unwrap();
    assert!(read(folder.path()).unwrap_err().to_string().contains("cannot be used"));
    std::fs::write(folder.path().join("key.pem"), "x").unwrap();
    assert!(read(folder.path()).unwrap_err().to_string().contains("holds no key"));
}
