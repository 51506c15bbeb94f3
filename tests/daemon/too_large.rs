//! A body over 2 MiB, sent as the standard clients of Python and Node send it: whole, before they read the answer.

use std::process::Command;

use vault_testkit::{Daemon, Home, NONE};

/// Sends a body of a given size to a path over a socket, and prints the answer's status and code.
const PYTHON: &str = "
import http.client, json, socket, sys
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])
unix = Unix('localhost')
def answered(path, body, **options):
    unix.request('POST', path, body, {'Content-Type': 'application/json'}, **options)
    answer = unix.getresponse()
    return answer.status, json.loads(answer.read())['code']
size = int(sys.argv[3])
print(*answered(sys.argv[2], b' ' * size))
if sys.argv[4:]: print(*answered(sys.argv[2], (b' ' * 65536 for _ in range(size // 65536)), encode_chunked=True))
";
const NODE: &str = "
const [socketPath, path, size] = process.argv.slice(1);
const options = { socketPath, path, method: 'POST', headers: { 'Content-Type': 'application/json' } };
const request = require('http').request(options, (answer) => {
  let text = '';
  answer.on('data', (piece) => (text += piece));
  answer.on('end', () => console.log(answer.statusCode, JSON.parse(text).code));
});
request.end(Buffer.alloc(Number(size), ' '));
";

/// Has a client send a body of 3,000,000 bytes; returns what it printed.
#[track_caller]
fn sent(client: &[&str], path: &str, more: &[&str]) -> String {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut command = Command::new(client[0]);
    command.args(&client[1..]).arg(home.path("vault.sock")).args([path, "3000000"]).args(more);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(200, daemon.http("GET", "/healthz", NONE).status);
    String::from_utf8(output.stdout).unwrap()
}

#[test(needs(Python))]
fn pythons_own_client_is_told_that_its_body_is_too_large() {
    assert_eq!("413 too_large\n", sent(&["python3", "-c", PYTHON], "/vault/secrets", &[]));
}

#[test(needs(Python))]
fn pythons_own_client_is_told_so_of_a_call_and_of_a_body_in_chunks_on_the_same_connection() {
    assert_eq!("413 too_large\n413 too_large\n", sent(&["python3", "-c", PYTHON], "/rpc", &["chunked"]));
}

#[test(needs(Node))]
fn nodes_own_client_is_told_that_its_body_is_too_large() {
    for path in ["/vault/secrets", "/rpc"] {
        assert_eq!("413 too_large\n", sent(&["node", "-e", NODE], path, &[]));
    }
}
