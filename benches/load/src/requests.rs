//! Requests over warm connections: reading, writing, and what records nothing.

use anyhow::Result;
use tempfile::tempdir_in;
use vault::api::{ListSecrets, Secret};

use crate::home::{NAME, Server, connect};
use crate::load::{End, NUMBER};
use crate::plan::{Asking, Bench, Cores, Found, Place};
use crate::processes::is_here;
use crate::rounds::{Middle, Series, Subject, alternate};
use crate::row::{Budget, Row};

/// What our own work may add to echo and commit, in microseconds, where commits cost next to nothing.
const OWN_WORK: f64 = 30.0;

/// Measures requests in each place.
pub(crate) fn measure(bench: &Bench) -> Result<Found> {
    let mut found = Found::default();
    for place in bench.places() {
        let (vaultd, echo) = (Server::vaultd(bench, &place, 100)?, Server::echo(bench)?);
        let stage = Stage { bench, place: &place, vaultd: &vaultd, echo: &echo };
        found.rows.extend(stage.alone()?);
        found.rows.extend(stage.together()?);
        found.rows.extend(stage.changes()?);
        match Redis::start(&place)? {
            Some(redis) => found.rows.extend(stage.beside(&redis)?),
            None => found.skipped.push(format!("redis-server is not installed ({})", place.name)),
        }
    }
    Ok(found)
}

/// A vault and the floor beside it.
struct Stage<'a> {
    bench: &'a Bench,
    place: &'a Place,
    vaultd: &'a Server,
    echo: &'a Server,
}

/// A `redis-server` that syncs each write.
struct Redis(Server);

impl Redis {
    fn start(place: &Place) -> Result<Option<Self>> {
        if !is_here("redis-server") {
            return Ok(None);
        }
        let folder = tempdir_in(&place.folder)?;
        let mut command = std::process::Command::new("redis-server");
        command.args(["--port", "0", "--appendonly", "yes", "--appendfsync", "always", "--save", ""]);
        command.arg("--unixsocket").arg(folder.path().join("redis.sock")).arg("--dir").arg(folder.path());
        Ok(Some(Self(Server::start(command, folder, "redis.sock")?)))
    }
}

impl Stage<'_> {
    /// Measures one connection, with client and server on one core.
    fn alone(&self) -> Result<Vec<Row>> {
        self.pin(Cores::One)?;
        let [resolve, echo, commit, status, presets, platform] = alternate(
            self.bench.rounds,
            [
                self.asks("resolve, pinned", &resolve(), (1, Cores::One)),
                self.echoes("echo, pinned", (1, Cores::One)),
                self.commits("one commit", "group", 1),
                self.asks("status, pinned", &get("/vault/status"), (1, Cores::One)),
                self.asks("presets, pinned", &get("/vault/presets"), (1, Cores::One)),
                self.asks(
                    "a platform's fields, pinned",
                    &post("/vault/resolve", r#"{"platform":"aws"}"#),
                    (1, Cores::One),
                ),
            ],
        )?;
        self.pin(Cores::All)?;
        let allowed = if self.place.name == "disk" { 1.1 } else { 1.0 };
        let beyond = if self.place.name == "disk" { 0.0 } else { OWN_WORK };
        let floor = echo.p50().value + commit.p50().value + beyond;
        let of_parts = format!("echo {} + commit {}", echo.p50().written("µs"), commit.p50().written("µs"));
        let words = if beyond > 0.0 { format!("{of_parts} + 30 µs") } else { of_parts };
        let mut rows = vec![
            self.row("resolve, 1 connection, pinned, p50", resolve.p50().written("µs"), words)
                .of(resolve.p50().value / floor, Budget::AtMost(allowed)),
            self.row(
                "a platform's two fields at once, pinned, p50",
                platform.p50().written("µs"),
                format!("one: {}", resolve.p50().written("µs")),
            )
            .of(platform.p50().value / resolve.p50().value, Budget::AtMost(1.1)),
        ];
        for (work, series) in [("status, pinned, p50", status), ("presets, pinned, p50", presets)] {
            let ratio = series.p50().value / echo.p50().value;
            let row =
                self.row(work, series.p50().written("µs"), format!("echo {}", echo.p50().written("µs")));
            rows.push(row.of(ratio, Budget::AtMost(1.5)));
        }
        Ok(rows)
    }

    /// Measures sixty-four connections at once.
    fn together(&self) -> Result<Vec<Row>> {
        let all = (64, Cores::All);
        let [resolve, group, single, stream, status, echo] = alternate(
            self.bench.rounds,
            [
                self.asks("resolve, 64", &resolve(), all),
                self.commits("group writer, 64", "group", 64),
                self.commits("one transaction a call, 64", "single", 64),
                self.streams("resolve over the stream, 64", all),
                self.asks("status, 64", &get("/vault/status"), all),
                self.echoes("echo, 64", all),
            ],
        )?;
        let by_rate = |work: &str, ours: &Series, floor: (&str, &Series), least: f64| {
            let written = format!("{}: {}", floor.0, floor.1.rate().written("per s"));
            let ratio = ours.rate().value / floor.1.rate().value;
            self.row(work, ours.rate().written("per s"), written).of(ratio, Budget::AtLeast(least))
        };
        let p50: Middle = resolve.p50();
        Ok(vec![
            by_rate("resolve, 64 connections", &resolve, ("group writer alone", &group), 0.8),
            by_rate("resolve, 64 connections", &resolve, ("one transaction a call", &single), 12.0),
            self.row(
                "resolve, 64 connections, p99",
                resolve.p99().written("µs"),
                format!("its p50: {}", p50.written("µs")),
            )
            .of(resolve.p99().value / p50.value, Budget::AtMost(4.0)),
            by_rate("resolve over the JSON-RPC stream, 64", &stream, ("over HTTP", &resolve), 1.0),
            by_rate("status, 64 connections", &status, ("echo", &echo), 0.5),
        ])
    }

    /// Measures what changes a secret, one after another.
    fn changes(&self) -> Result<Vec<Row>> {
        let id = self.find()?.id;
        let body = format!(r#"{{"name":"made-n-{}","value":"0123456789"}}"#, String::from_utf8_lossy(NUMBER));
        let create = post("/vault/secrets", &body);
        let update = put(
            &format!("/vault/secrets/{id}"),
            &format!(r#"{{"value":"value-n-{}"}}"#, String::from_utf8_lossy(NUMBER)),
        );
        let rotate = post(&format!("/vault/secrets/{id}/rotate"), "");
        self.pin(Cores::One)?;
        let one = (1, Cores::One);
        let [create, update, rotate, echo, commit] = alternate(
            self.bench.rounds,
            [
                self.asks("create, pinned", &create, one),
                self.asks("update, pinned", &update, one),
                self.asks("rotate, pinned", &rotate, one),
                self.echoes("echo, pinned", one),
                self.commits("one commit", "group", 1),
            ],
        )?;
        self.pin(Cores::All)?;
        let floor = echo.p50().value + commit.p50().value;
        let words = format!("echo {} + commit {}", echo.p50().written("µs"), commit.p50().written("µs"));
        let row = |(work, series): (&str, Series)| {
            let row = self.row(work, series.p50().written("µs"), words.clone());
            row.of(series.p50().value / floor, Budget::AtMost(1.2))
        };
        let all = [
            ("create, pinned, p50", create),
            ("update, pinned, p50", update),
            ("rotate, pinned, p50", rotate),
        ];
        Ok(all.into_iter().map(row).collect())
    }

    /// Measures beside a store that seals nothing and syncs each write.
    fn beside(&self, redis: &Redis) -> Result<Vec<Row>> {
        const SET: &[u8] = b"*3\r\n$3\r\nSET\r\n$12\r\nopenai-token\r\n$10\r\n0123456789\r\n";
        let mut rows = Vec::new();
        for (connections, least) in [(8, 1.1), (64, 0.9)] {
            let [resolve, set] = alternate(
                self.bench.rounds,
                [
                    self.asks("resolve", &resolve(), (connections, Cores::All)),
                    Subject::new("redis", || {
                        let cores = Cores::All;
                        self.bench.ask(Asking {
                            socket: &redis.0.socket,
                            question: SET,
                            end: End::Line,
                            connections,
                            cores,
                        })
                    }),
                ],
            )?;
            let work = format!("resolve, {connections} connections");
            let floor = format!("redis SET, fsync always: {}", set.rate().written("per s"));
            let row = self.row(&work, resolve.rate().written("per s"), floor);
            rows.push(row.of(resolve.rate().value / set.rate().value, Budget::AtLeast(least)));
        }
        Ok(rows)
    }

    fn find(&self) -> Result<Secret> {
        let query = ListSecrets { name: Some(NAME.to_owned()), ..ListSecrets::default() };
        let found = connect(self.vaultd)?.call(&query)?.secrets.into_iter().next();
        found.ok_or_else(|| anyhow::anyhow!("the secret is not there"))
    }

    fn pin(&self, cores: Cores) -> Result<()> {
        self.vaultd.run_on(cores)?;
        self.echo.run_on(cores)
    }

    fn asks(&self, name: &'static str, question: &[u8], (connections, cores): (usize, Cores)) -> Subject<'_> {
        let question = question.to_vec();
        Subject::new(name, move || {
            let socket = &self.vaultd.socket;
            self.bench.ask(Asking { socket, question: &question, end: End::Http, connections, cores })
        })
    }

    fn streams(&self, name: &'static str, (connections, cores): (usize, Cores)) -> Subject<'_> {
        Subject::new(name, move || {
            let question = stream_resolve();
            let socket = &self.vaultd.socket;
            self.bench.ask(Asking { socket, question: &question, end: End::Line, connections, cores })
        })
    }

    fn echoes(&self, name: &'static str, (connections, cores): (usize, Cores)) -> Subject<'_> {
        Subject::new(name, move || {
            let (socket, question) = (&self.echo.socket, resolve());
            self.bench.ask(Asking { socket, question: &question, end: End::Http, connections, cores })
        })
    }

    fn commits(&self, name: &'static str, mode: &'static str, callers: usize) -> Subject<'_> {
        Subject::new(name, move || self.bench.commit(self.place, mode, callers))
    }

    fn row(&self, work: &str, figure: String, floor: String) -> Half {
        Half { work: format!("{work} ({})", self.place.name), figure, floor }
    }
}

/// A row without its ratio.
struct Half {
    work: String,
    figure: String,
    floor: String,
}

impl Half {
    fn of(self, ratio: f64, budget: Budget) -> Row {
        Row { work: self.work, figure: self.figure, floor: self.floor, ratio, budget }
    }
}

/// Writes the question for the secret, over HTTP.
pub(crate) fn resolve() -> Vec<u8> {
    get(&format!("/vault/resolve/{}", NAME.replace(':', "%3A")))
}

/// Writes the same question for the stream.
fn stream_resolve() -> Vec<u8> {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.resolve\",\"params\":{{\"name\":\"{NAME}\"}}}}\n"
    )
    .into_bytes()
}

/// Writes a question without a body.
pub(crate) fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: vault\r\n\r\n").into_bytes()
}

fn post(target: &str, body: &str) -> Vec<u8> {
    with_body("POST", target, body)
}

fn put(target: &str, body: &str) -> Vec<u8> {
    with_body("PUT", target, body)
}

fn with_body(verb: &str, target: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{verb} {target} HTTP/1.1\r\nHost: vault\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}
