//! From a valid request to a mangled one: its fields, its HTTP or JSON-RPC, its bytes.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::corpus::Example;
use super::fields;

const VERBS: [&str; 14] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "BREW",
    "get",
    "G\u{e9}T",
    "",
    "POST POST",
];
const VERSIONS: [&str; 7] = ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "HTTP/1.", "FTP/1.1", ""];
const ENDS: [&str; 14] = [
    "/",
    "//",
    "/..",
    "/%2e%2e/healthz",
    "%00",
    "%ff",
    "%c3%28",
    "%",
    "?",
    "?limit=-1&limit=2",
    "?=&&=&%ff",
    "?orgId=*&orgId=a",
    "#fragment",
    ";a=b",
];
const HEADERS: [&str; 20] = [
    "Content-Length: -1",
    "Content-Length: 0",
    "Content-Length: 999999999999",
    "Content-Length: 99999999999999999999999",
    "Content-Length: 1\r\nContent-Length: 2",
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: chunked, gzip",
    "Expect: 100-continue",
    "Expect: something else",
    "Connection: upgrade\r\nUpgrade: websocket",
    "Connection: keep-alive, close",
    "no colon",
    ": no name",
    "Na me: x",
    "Name: \u{0}",
    " folded",
    "X-User-Id: \u{202e}\u{e9}",
    "X-Vault-Address: 999.999.999.999",
    "Content-Type: text/xml; charset=utf-7",
    "Accept-Encoding: gzip, br",
];

/// Makes a mangled request of an example, for a face that is drawn.
pub(super) fn request(example: &Example, random: &mut Rng) -> Vec<u8> {
    let mut bytes = match random.u8(0..10) {
        0..=4 => http(example, random),
        5..=6 => posted(example, random),
        _ => message(example, random),
    };
    if random.u8(0..3) == 0 {
        hurt(&mut bytes, random);
    }
    bytes
}

/// Writes it as HTTP.
fn http(example: &Example, random: &mut Rng) -> Vec<u8> {
    let (mut target, mut rest) = example.target();
    if random.bool() {
        fields::mangle(&mut rest, random);
    }
    let body = if example.has_body() { written(&rest, random) } else { Vec::new() };
    if !example.has_body() {
        target = format!("{target}?{}", query(&rest));
    }
    framed((example.route.verb.as_str(), &target), &body, random)
}

/// Writes it as JSON-RPC within HTTP.
fn posted(example: &Example, random: &mut Rng) -> Vec<u8> {
    let body = message(example, random);
    framed(("POST", "/rpc"), &body, random)
}

/// Writes it as a message of JSON-RPC, or several, or a batch.
fn message(example: &Example, random: &mut Rng) -> Vec<u8> {
    let one = |random: &mut Rng| {
        let mut params = example.fields.clone();
        if random.bool() {
            fields::mangle(&mut params, random);
        }
        let mut message = Map::new();
        message.insert("jsonrpc".to_owned(), json!("2.0"));
        message.insert("id".to_owned(), json!(random.u32(..)));
        message.insert("method".to_owned(), json!(example.method));
        message.insert("params".to_owned(), Value::Object(params));
        if random.u8(0..3) == 0 {
            fields::mangle(&mut message, random);
        }
        Value::Object(message)
    };
    match random.u8(0..8) {
        0 => json!((0..random.u8(0..5)).map(|_| one(random)).collect::<Vec<_>>()).to_string().into_bytes(),
        1 => format!("{}\n{}\n", one(random), one(random)).into_bytes(),
        2 => written(one(random).as_object().unwrap_or(&Map::new()), random),
        _ => format!("{}\n", one(random)).into_bytes(),
    }
}

/// Writes fields as JSON, some of them twice or with words that no JSON has.
fn written(fields: &Map<String, Value>, random: &mut Rng) -> Vec<u8> {
    let text = Value::Object(fields.clone()).to_string();
    let text = match random.u8(0..12) {
        0 => text.replacen('{', "{\"name\":\"twice\",\"name\":\"twice\",", 1),
        1 => text.replace(':', "="),
        2 => format!("{text}{text}"),
        3 => format!("\u{feff}{text}"),
        4 => text.replacen('"', "'", 2),
        5 => text.replacen('"', "\"\\ud800", 1),
        _ => text,
    };
    text.into_bytes()
}

fn query(fields: &Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let usual = |c: char| if c.is_ascii_graphic() { c } else { '+' };
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", text(value)));
    pairs.collect::<Vec<_>>().join("&").chars().map(usual).take(20_000).collect()
}

/// Puts a head around a body; one of two times something in it is not as it should be.
fn framed((verb, target): (&str, &str), body: &[u8], random: &mut Rng) -> Vec<u8> {
    let (mut verb, mut target, mut version) = (verb, target.to_owned(), "HTTP/1.1");
    let (mut more, mut chunked) = (String::new(), false);
    match random.u8(0..16) {
        0 => verb = pick(&VERBS, random),
        1 => version = pick(&VERSIONS, random),
        2 => target = format!("{target}{}", pick(&ENDS, random)),
        3 => {
            target =
                target.replacen("vault", pick(&["VAULT", "", "%76ault", "vault//", "../vault"], random), 1);
        }
        4..=6 => more = format!("{}\r\n", pick(&HEADERS, random)),
        7 => more = "X-Many: b\r\n".repeat(random.usize(1..200)),
        8 => more = format!("X-Long: {}\r\n", "b".repeat(random.usize(1..80_000))),
        9 => chunked = true,
        10 if random.u8(0..40) == 0 => more.push_str("Authorization: Bearer amv_none\r\n"),
        _ => {}
    }
    let mut bytes = format!("{verb} {target} {version}\r\nHost: vault\r\n{more}").into_bytes();
    if chunked {
        bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        chunks(&mut bytes, body, random);
    } else {
        if !body.is_empty() {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
    }
    bytes
}

/// Writes a body in chunks, one of three times with something wrong in them.
fn chunks(bytes: &mut Vec<u8>, body: &[u8], random: &mut Rng) {
    for chunk in body.chunks(random.usize(1..2000)) {
        let size = chunk.len() + usize::from(random.u8(0..30) == 0);
        bytes.extend_from_slice(format!("{size:x}\r\n").as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    let end =
        pick(&["0\r\n\r\n", "0\r\n\r\n", "zz\r\n", "-1\r\n\r\n", "0\r\nTrailer: x\r\n\r\n", ""], random);
    bytes.extend_from_slice(end.as_bytes());
}

/// Hurts bytes: some flipped, taken out, put in, put twice, or all that follows cut off.
fn hurt(bytes: &mut Vec<u8>, random: &mut Rng) {
    for _ in 0..random.u8(1..4) {
        let at = random.usize(0..=bytes.len());
        let end = (at + random.usize(0..20)).min(bytes.len());
        match random.u8(0..5) {
            0 => bytes.truncate(at),
            1 => {
                bytes.drain(at..end);
            }
            2 => {
                let noise: Vec<u8> = (at..end).map(|_| random.u8(..)).collect();
                bytes.splice(at..at, noise);
            }
            3 => {
                let twice = bytes.get(at..end).unwrap_or_default().to_vec();
                bytes.splice(at..at, twice);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.u8(0..8);
                }
            }
        }
    }
}

fn pick(from: &[&'static str], random: &mut Rng) -> &'static str {
    from.get(random.usize(0..from.len().max(1))).copied().unwrap_or_default()
}
