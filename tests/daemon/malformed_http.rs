//! Bytes that are no HTTP: where an answer can be given at all, it is a JSON error that nobody may store.

use vault_testkit::{Daemon, Home, parse};

/// Does something to a vault with one secret, then checks that it serves as before.
fn unhurt(act: impl FnOnce(&Daemon)) {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("kept", "v");
    act(&daemon);
    assert_eq!(1, daemon.total());
    assert_eq!("v", daemon.resolve("kept").value());
    assert!(!home.log().contains("panic"), "{}", home.log());
    daemon.stop();
}

/// Asserts that a request is answered by the error of the table for malformed requests.
fn assert_invalid(daemon: &Daemon, request: &[u8]) {
    let answer = parse(&daemon.bytes(request));
    let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
    assert_eq!((400, "invalid_request"), (answer.status, answer.code()), "{shown:?}: {}", answer.text);
    assert_eq!(
        ("no-store", "application/json"),
        (answer.header("cache-control"), answer.header("content-type")),
        "{shown:?}"
    );
    assert!(!answer.error().is_empty() && answer.body["hint"].is_string(), "{shown:?}");
}

#[test]
fn a_first_line_that_is_none_is_an_invalid_request() {
    unhurt(|daemon| {
        for line in [
            "GET",
            "GET\t/healthz HTTP/1.1",
            "FOO BAR BAZ QUX",
            "GET /healthz HTTP/9.9",
            "GET /healthz HTTP/1.",
            "GET /healthz FTP/1.1",
            "G\u{e9}T /healthz HTTP/1.1",
            "GET /hea lthz HTTP/1.1",
            "/healthz",
            "HTTP/1.1 200 OK",
            "GET  HTTP/1.1",
            "GET /healthz HTTP/1.1 x",
            "\u{0}\u{1}\u{2}",
        ] {
            assert_invalid(daemon, format!("{line}\r\nHost: vault\r\n\r\n").as_bytes());
        }
    });
}

#[test]
fn a_greeting_of_another_protocol_is_an_invalid_request() {
    unhurt(|daemon| {
        for greeting in [
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client says hello"[..],
            b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
            b"EHLO example.org\r\n\r\n",
            b"\xff\xfe\xfd\r\n\r\n",
            b"<xml/>\r\n\r\n",
            b"\"jsonrpc\"\r\n\r\n",
        ] {
            assert_invalid(daemon, greeting);
        }
    });
}

#[test]
fn a_header_that_is_none_is_an_invalid_request() {
    unhurt(|daemon| {
        for header in [
            "no colon",
            ": no name",
            "Na me: x",
            "Name : x",
            "Name: \u{0}",
            "Name: a\rb",
            "N\u{e9}: x",
            "Content-Length: many",
            "Content-Length: -1",
            "Content-Length: 1\r\nContent-Length: 2",
            "Content-Length: 99999999999999999999999",
            "Transfer-Encoding: gzip",
        ] {
            assert_invalid(
                daemon,
                format!("POST /rpc HTTP/1.1\r\nHost: vault\r\n{header}\r\n\r\n").as_bytes(),
            );
        }
    });
}

#[test]
fn too_many_or_too_large_headers_are_an_invalid_request() {
    unhurt(|daemon| {
        let many = "X-A: b\r\n".repeat(500);
        let large = format!("X-A: {}\r\n", "b".repeat(300_000));
        for headers in [many, large] {
            assert_invalid(daemon, format!("GET /healthz HTTP/1.1\r\n{headers}\r\n").as_bytes());
        }
        assert_invalid(daemon, format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000)).as_bytes());
    });
}

#[test]
fn a_body_in_broken_chunks_is_an_invalid_request() {
    unhurt(|daemon| {
        for body in
            ["zz\r\nab\r\n0\r\n\r\n", "-1\r\n", "ffffffffffffffffff\r\n", "2\r\nabc\r\n0\r\n\r\n", "\r\n\r\n"]
        {
            let head = "POST /vault/secrets HTTP/1.1\r\nHost: vault\r\nTransfer-Encoding: chunked\r\n\r\n";
            assert_invalid(daemon, format!("{head}{body}").as_bytes());
        }
    });
}

#[test]
fn a_length_beside_chunks_smuggles_nothing_in() {
    unhurt(|daemon| {
        let inner =
            "POST /vault/secrets HTTP/1.1\r\nContent-Length: 24\r\n\r\n{\"name\":\"a\",\"value\":\"v\"}";
        let outer = format!(
            "POST /rpc HTTP/1.1\r\nHost: vault\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"
        );
        daemon.bytes(outer.as_bytes());
    });
}

#[test]
fn a_broken_request_after_a_good_one_ends_the_connection_with_its_error() {
    unhurt(|daemon| {
        let good = "GET /healthz HTTP/1.1\r\nHost: vault\r\n\r\n";
        let answers =
            String::from_utf8(daemon.bytes(format!("{good}nonsense\r\n\r\n{good}").as_bytes())).unwrap();
        let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
        assert_eq!(vec!["200", "400"], statuses);
    });
}

#[test]
fn a_connection_that_says_nothing_useful_is_closed_without_an_answer() {
    unhurt(|daemon| {
        for bytes in [&b""[..], b"\r\n", b"\n\n\n", b"G"] {
            assert_eq!(b"".as_slice(), daemon.bytes(bytes), "{bytes:?}");
        }
    });
}

#[test]
fn a_client_of_http_2_is_closed_without_an_answer() {
    unhurt(|daemon| {
        assert_eq!(b"".as_slice(), daemon.bytes(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    });
}

#[test]
fn random_bytes_change_nothing() {
    unhurt(|daemon| {
        for length in 1..64 {
            let bytes = vault::crypto::random::<64>().unwrap();
            daemon.bytes(&bytes[..length]);
        }
    });
}
