use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Pid, getegid, geteuid};
use vault_platform::{PeerProcess, peer_uid};

use crate::child;

/// A peer in a process of its own, at the other end of a connected socket.
struct Connected {
    child: Pid,
    stream: UnixStream,
    peer: PeerProcess,
}

/// Forks a process that connects and then does `act` with its end.
fn connected(act: impl FnOnce(UnixStream)) -> Connected {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let name = format!("vault-platform-test-{}-{number}", std::process::id());
    let address = SocketAddr::from_abstract_name(name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    let child = child::start(|| act(UnixStream::connect_addr(&address).unwrap()));
    let stream = listener.accept().unwrap().0;
    let peer = PeerProcess::of(stream.as_fd()).unwrap();
    Connected { child, stream, peer }
}

/// Holds its end until the other is closed.
fn stay(mut stream: UnixStream) {
    _ = stream.read(&mut [0]);
}

/// Becomes `cat`, which sends back what it is sent.
fn become_cat(stream: UnixStream) {
    let (input, output) = (OwnedFd::from(stream.try_clone().unwrap()), OwnedFd::from(stream));
    panic!("{}", Command::new("cat").stdin(Stdio::from(input)).stdout(Stdio::from(output)).exec());
}

fn wait_for_end(peer: &PeerProcess) {
    let mut ends = [PollFd::new(peer.pidfd().unwrap(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut ends, PollTimeout::from(10_000_u16)), Ok(1));
}

impl Connected {
    fn hang_up(self) -> PeerProcess {
        drop(self.stream);
        child::end_of(self.child);
        self.peer
    }
}

#[test]
fn the_kernel_tells_who_connected() {
    let connected = connected(stay);
    assert_eq!(connected.peer.uid(), geteuid().as_raw());
    assert_eq!(connected.peer.gid(), getegid().as_raw());
    assert_eq!(connected.peer.pid(), Some(connected.child.as_raw()));
    assert_eq!(peer_uid(connected.stream.as_fd()).unwrap(), geteuid().as_raw());
    connected.hang_up();
}

#[test]
fn the_peers_groups_are_those_of_its_process() {
    let connected = connected(stay);
    let own: Vec<u32> = nix::unistd::getgroups().unwrap().iter().map(|group| group.as_raw()).collect();
    assert_eq!(connected.peer.groups(), own);
    connected.hang_up();
}

#[test(needs(Root))]
fn many_groups_are_all_told() {
    child::alone(|| {
        let many: Vec<nix::unistd::Gid> = (1000..1300).map(nix::unistd::Gid::from_raw).collect();
        nix::unistd::setgroups(&many).unwrap();
        let (stream, _other) = UnixStream::pair().unwrap();
        let told = PeerProcess::of(stream.as_fd()).unwrap().groups();
        assert_eq!(told, (1000..1300).collect::<Vec<u32>>());
    });
}

#[test]
fn a_peer_is_known_by_the_program_it_runs_now() {
    let mut connected = connected(become_cat);
    connected.stream.write_all(b"?").unwrap();
    connected.stream.read_exact(&mut [0]).unwrap();
    let exe = connected.peer.exe().unwrap();
    assert_eq!(std::fs::read_link(format!("/proc/{}/exe", connected.child)).unwrap(), exe);
    assert_ne!(exe, std::env::current_exe().unwrap());
    let opened = connected.peer.open_exe().unwrap().metadata().unwrap();
    assert_eq!(opened.ino(), std::fs::metadata(exe).unwrap().ino());
    connected.hang_up();
}

#[test]
fn a_peer_that_lives_has_not_exited() {
    let connected = connected(stay);
    assert!(!connected.peer.has_exited());
    assert_eq!(connected.peer.exe(), std::env::current_exe().ok());
    connected.hang_up();
}

#[test]
fn a_peer_that_ended_shows_no_program() {
    let peer = connected(stay).hang_up();
    assert!(peer.has_exited());
    assert_eq!(peer.exe(), None);
    assert!(peer.open_exe().is_none());
}

#[test]
fn the_end_of_a_peer_can_be_waited_for() {
    let connected = connected(drop);
    if connected.peer.pidfd().is_some() {
        wait_for_end(&connected.peer);
        assert!(connected.peer.has_exited());
    }
    connected.hang_up();
}

#[test]
fn a_peer_that_left_its_socket_to_a_child_has_exited() {
    let mut connected = connected(|stream| {
        child::start(|| {
            let mut stream = stream;
            while stream.read(&mut [0]).is_ok_and(|read| read == 1) {
                stream.write_all(b"!").unwrap();
            }
        });
    });
    if connected.peer.pidfd().is_some() {
        wait_for_end(&connected.peer);
    }
    connected.stream.write_all(b"?").unwrap();
    connected.stream.read_exact(&mut [0]).unwrap();
    assert!(connected.peer.has_exited());
    connected.hang_up();
}

#[test]
fn a_socket_of_another_kind_has_no_peer_process() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    assert!(PeerProcess::of(stream.as_fd()).is_err());
}
