//! The two addresses of this machine alone, at one port.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener};

use tokio::net::{TcpListener, TcpStream};
use vault::api::{Code, Fault};

use crate::failure::{Failure, in_words};

/// How many free ports are tried for one that is free at both addresses.
const TRIES: usize = 20;

/// What listens.
#[derive(Debug)]
pub(super) struct Listeners {
    v4: TcpListener,
    v6: Option<TcpListener>,
    port: u16,
}

impl Listeners {
    /// Listens on a port, or on one that is free; must be called within the runtime.
    ///
    /// # Errors
    /// `conflict` where the port is taken.
    pub(super) fn open(port: Option<u16>) -> Result<Self, Failure> {
        let Some(port) = port else { return Self::open_free() };
        Self::at(port).map_err(|error| taken(port, &error))
    }

    fn open_free() -> Result<Self, Failure> {
        let mut last = None;
        for _ in 0..TRIES {
            match Self::at(0) {
                Ok(listeners) => return Ok(listeners),
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| ErrorKind::AddrInUse.into());
        let fault = Fault::new(Code::Conflict, format!("no port is free: {}", in_words(&error)));
        Err(fault.hint("name one with --port").into())
    }

    fn at(port: u16) -> io::Result<Self> {
        let v4 = StdListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = v4.local_addr()?.port();
        let v6 = match StdListener::bind((Ipv6Addr::LOCALHOST, port)) {
            Ok(v6) => Some(v6),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
            Err(_) => None,
        };
        Ok(Self { v4: ready(v4)?, v6: v6.map(ready).transpose()?, port })
    }

    /// Gives the port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Tells whether the machine has no `::1`.
    pub(super) fn lacks_v6(&self) -> bool {
        self.v6.is_none()
    }

    /// Waits for the next connection.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let Some(v6) = &self.v6 else { return self.v4.accept().await };
        tokio::select! {
            accepted = self.v4.accept() => accepted,
            accepted = v6.accept() => accepted,
        }
    }
}

fn ready(listener: StdListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

fn taken(port: u16, error: &io::Error) -> Failure {
    let fault = Fault::new(Code::Conflict, format!("port {port} cannot be used: {}", in_words(error)));
    fault.hint("name another with --port, or leave it out for one that is free").into()
}
