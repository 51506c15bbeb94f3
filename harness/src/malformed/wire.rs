//! One request over the socket, and all that comes back.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends bytes, ends the sending side and reads until the other end closes.
pub(super) fn exchange(socket: &Path, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket).context("the daemon cannot be reached")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // The daemon may refuse and close before it has read everything.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => bail!("no end after {} bytes: {error}", answer.len()),
    }
    Ok(answer)
}
