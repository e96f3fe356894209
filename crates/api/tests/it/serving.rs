//! The listener: limits, slow clients, many connections, the end.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tangle_api::{ApiConfig, Auth, Interface, Limits, serve};
use tangle_node::Handle;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::harness::{api_config, client};

/// How long the server may take to do what it should.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Server {
    pub(crate) address: std::net::SocketAddr,
    /// Where it speaks MQTT without HTTP.
    mqtt: std::net::SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

pub(crate) async fn server(limits: Limits) -> Server {
    server_of(client().await.node, limits).await
}

/// A server of this node.
pub(crate) async fn server_of(node: Handle, limits: Limits) -> Server {
    guarded_server(node, limits, Auth::open()).await
}

/// A server of this node for clients with these rights.
pub(crate) async fn guarded_server(node: Handle, limits: Limits, auth: Auth) -> Server {
    let config = ApiConfig {
        limits,
        ..api_config(auth)
    };
    let interface = Interface::new(node, config, None);
    let listen = async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        (listener, address)
    };
    let ((web, address), (plain, mqtt)) = (listen().await, listen().await);
    let (stop, stopping) = watch::channel(false);
    let stopped = move || {
        let mut stopping = stopping.clone();
        async move {
            let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
        }
    };
    let task = tokio::spawn(async move {
        let router = interface.router();
        tokio::join!(
            serve(web, router, limits, stopped()),
            interface.serve_mqtt(plain, stopped())
        );
    });
    Server {
        address,
        mqtt,
        stop,
        task,
    }
}

impl Server {
    /// A plain blocking connection: the server has threads of its own.
    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// The same, where MQTT is spoken without HTTP.
    pub(crate) fn connect_mqtt(&self) -> TcpStream {
        connect(self.mqtt)
    }

    pub(crate) async fn end(self) {
        self.stop.send_replace(true);
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("it ends in time")
            .expect("no panic");
    }
}

fn connect(address: std::net::SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    for result in [
        stream.set_read_timeout(Some(PATIENCE)),
        stream.set_write_timeout(Some(PATIENCE)),
    ] {
        result.expect("a time limit");
    }
    stream
}

pub(crate) fn quick() -> Limits {
    Limits {
        head_timeout: Duration::from_millis(300),
        body_timeout: Duration::from_millis(300),
        write_timeout: Duration::from_millis(300),
        stop_timeout: Duration::from_millis(300),
        ..Limits::default()
    }
}

/// What comes until the server closes the connection, within the time of a read.
pub(crate) fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        let text = String::from_utf8_lossy(&bytes);
        assert_ne!(error.kind(), ErrorKind::WouldBlock, "it stays open: {text}");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_head_and_slow_body_are_cut_off() {
    let server = server(quick()).await;
    let mut head = server.connect();
    head.write_all(b"GET /health HTTP/1.1\r\nHost:")
        .expect("it is sent");
    let mut idle = server.connect();
    let mut body = server.connect();
    body.write_all(
        b"POST /api/core/v2/blocks HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\n\
          Content-Length: 100\r\n\r\n{",
    )
    .expect("it is sent");
    let started = Instant::now();
    assert!(!rest(&mut head).contains("200 OK"));
    assert_eq!(rest(&mut idle), "");
    let answer = rest(&mut body);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains(r#""code":"408""#), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(5));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_wait_their_turn() {
    let limits = Limits {
        connections_max: 2,
        ..quick()
    };
    let server = server(limits).await;
    // Two that say nothing keep a third one out until their time is over.
    let _silent = (server.connect(), server.connect());
    let started = Instant::now();
    let mut third = server.connect();
    let request = b"GET /health HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n";
    third.write_all(request).expect("it is sent");
    let answer = rest(&mut third);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(started.elapsed() >= Duration::from_millis(200));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_a_row_on_one_connection_are_answered_in_order() {
    let server = server(Limits::default()).await;
    let mut stream = server.connect();
    let many = "GET /health HTTP/1.1\r\nHost: node\r\n\r\n".repeat(20)
        + "GET /nothing HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n";
    stream.write_all(many.as_bytes()).expect("it is sent");
    let answer = rest(&mut stream);
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 20);
    let last = answer.rsplit("HTTP/1.1 ").next().expect("a last one");
    assert!(last.starts_with("404"), "{last}");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_that_does_not_read_is_cut_off() {
    let server = server(quick()).await;
    let mut stream = server.connect();
    let request = "GET /api/openapi.json HTTP/1.1\r\nHost: node\r\n\r\n".repeat(50);
    // The answers fill every buffer on the way; the server stops reading, then gives up.
    let error = loop {
        if let Err(error) = stream.write_all(request.as_bytes()) {
            break error;
        }
    };
    assert_ne!(error.kind(), ErrorKind::WouldBlock, "it stays open");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_ends_although_clients_stay() {
    let server = server(quick()).await;
    let mut stream = server.connect();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nHost: node\r\n\r\n")
        .expect("it is sent");
    let mut first = [0; 12];
    stream.read_exact(&mut first).expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    let address = server.address;
    server.end().await;
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_refused_and_does_no_harm() {
    let server = server(quick()).await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..],
        b"GET /health HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n",
        b"POST /api/core/v2/blocks HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /api/core/v2/blocks HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000)).as_bytes(),
        format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(1_000)).as_bytes(),
    ] {
        let mut stream = server.connect();
        // The server may close the connection before it has taken everything.
        let _ = stream.write_all(garbage);
        let answer = rest(&mut stream);
        assert!(
            !answer.contains("HTTP/1.1 2") && !answer.contains("HTTP/1.1 5"),
            "{answer}"
        );
    }
    let mut stream = server.connect();
    let request = b"GET /health HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n";
    stream.write_all(request).expect("it is sent");
    assert!(rest(&mut stream).starts_with("HTTP/1.1 200"));
    server.end().await;
}
