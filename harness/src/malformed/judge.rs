//! Whether an answer has the interface's form: a success, or an error with its code and words, and no value.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use vault::api::Code;

/// The longest that an error is.
const ERROR_BYTES: usize = 4096;
/// The numbers of JSON-RPC itself.
const RPC: [i64; 3] = [-32700, -32600, -32601];

/// What an answer was.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// How many errors it held.
    pub(super) errors: u32,
    /// How many successes.
    pub(super) successes: u32,
    /// Whether messages were done without an answer, as notifications are.
    pub(super) silent: bool,
    /// Whether the connection was closed without an answer.
    pub(super) closed: bool,
    /// Whether something was made (HTTP 201), by whatever request.
    pub(super) wrote: bool,
}

/// Judges all that came back to a request.
pub(super) fn judge(request: &[u8], answer: &[u8], marks: &[String]) -> Result<Judged> {
    let mut judged = Judged::default();
    if matches!(request.first(), Some(b'{' | b'[')) {
        for line in answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            rpc(line, marks, &mut judged)?;
        }
        judged.silent = judged.errors + judged.successes == 0 || request.split(|b| *b == b'\n').any(notifies);
        return Ok(judged);
    }
    let mut rest = answer;
    while !rest.is_empty() {
        rest = http(request, rest, (marks, &mut judged))?;
    }
    judged.silent |= http_body(request).is_some_and(|body| notifies(&body));
    if answer.is_empty() {
        ensure!(!is_whole(request), "a whole request has no answer");
        judged.closed = true;
    }
    Ok(judged)
}

/// Tells whether a message of JSON-RPC, or one of a batch, asks for no answer: it is done in silence beside others.
fn notifies(text: &[u8]) -> bool {
    let silent = |message: &Value| message.get("method").is_some() && message.get("id").is_none();
    match serde_json::from_slice(text) {
        Ok(Value::Array(batch)) => batch.iter().any(silent),
        Ok(message) => silent(&message),
        Err(_) => false,
    }
}

/// Gives the body of a request of HTTP, its chunks put together.
fn http_body(request: &[u8]) -> Option<Vec<u8>> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = request.split_at(end + 4);
    if !String::from_utf8_lossy(head).to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return Some(body.to_vec());
    }
    let (mut whole, mut rest) = (Vec::new(), body);
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let (size, chunk) = (rest.get(..end)?, rest.get(end + 2..)?);
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
        whole.extend_from_slice(chunk.get(..size)?);
        rest = chunk.get(size + 2..).unwrap_or_default();
    }
    Some(whole)
}

/// Tells whether a request has all that it announces: one that has not may be closed without a word.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let plain = !head.contains("transfer-encoding") && !head.contains("content-length");
    // What HTTP/2 begins with is answered by nobody who speaks HTTP/1.1 alone.
    plain && !head.contains("http/2") && !head.trim().is_empty()
}

/// Judges the first answer of HTTP, and gives what follows it.
fn http<'a>(request: &[u8], answer: &'a [u8], (marks, judged): (&[String], &mut Judged)) -> Result<&'a [u8]> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("this is no answer of HTTP")?;
    let (head, rest) = answer.split_at(end + 4);
    let head = std::str::from_utf8(head).context("the head is not UTF-8")?;
    let status: u16 =
        head.split(' ').nth(1).and_then(|word| word.get(..3)?.parse().ok()).context("no status")?;
    if status / 100 == 1 {
        return Ok(rest);
    }
    ensure!(header(head, "cache-control") == Some("no-store"), "this answer may be stored");
    let length = header(head, "content-length").map_or(Ok(0), str::parse::<usize>)?;
    // A head that cannot be read is refused with a body, whatever it begins with.
    let nothing = rest.is_empty() || rest.starts_with(b"HTTP/1.");
    let bodyless = status == 204 || (request.starts_with(b"HEAD ") && nothing);
    let (body, rest) =
        if bodyless { (&[][..], rest) } else { rest.split_at_checked(length).context("the body is cut")? };
    let json = header(head, "content-type") == Some("application/json");
    judged.wrote |= status == 201;
    match status {
        200 | 201 if bodyless || !json => judged.successes += 1,
        200 if is_rpc(body) => rpc(body, marks, judged)?,
        200 | 201 => {
            let value: Value = serde_json::from_slice(body).context("a success that is not JSON")?;
            ensure!(value.is_object(), "a success that is no object");
            judged.successes += 1;
        }
        204 => judged.silent = true,
        _ => {
            ensure!(json, "an error that is not JSON");
            if !bodyless {
                fault(status, body, marks)?;
            }
            judged.errors += 1;
        }
    }
    Ok(rest)
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let named =
        |line: &&'h str| line.split_once(": ").is_some_and(|(known, _)| known.eq_ignore_ascii_case(name));
    head.lines().find(named).and_then(|line| line.split_once(": ")).map(|(_, value)| value)
}

fn is_rpc(body: &[u8]) -> bool {
    body.starts_with(b"{\"jsonrpc\"") || body.starts_with(b"[{\"jsonrpc\"")
}

/// An error of HTTP has words, a hint, and a code that fits its status.
fn fault(status: u16, body: &[u8], marks: &[String]) -> Result<()> {
    let value: Value = serde_json::from_slice(body).context("an error that is not JSON")?;
    let words = |key: &str| value.get(key).and_then(Value::as_str).filter(|words| !words.is_empty());
    let code = words("code").and_then(Code::from_word).context("an error without a code")?;
    ensure!(code.http() == status, "`{}` with status {status}", code.as_str());
    ensure!(words("error").is_some() && words("hint").is_some(), "an error without words");
    tells_nothing(code, body, marks)
}

/// An error is no fault of ours, is short, and holds no value.
fn tells_nothing(code: Code, text: &[u8], marks: &[String]) -> Result<()> {
    ensure!(
        !matches!(code, Code::Internal | Code::Integrity | Code::Storage),
        "the daemon failed: `{}`",
        code.as_str()
    );
    ensure!(text.len() <= ERROR_BYTES, "an error of {} bytes", text.len());
    let text = String::from_utf8_lossy(text);
    ensure!(!marks.iter().any(|mark| text.contains(mark)), "an error holds a value");
    Ok(())
}

/// Judges an answer of JSON-RPC, or a batch of them.
fn rpc(text: &[u8], marks: &[String], judged: &mut Judged) -> Result<()> {
    let value: Value = serde_json::from_slice(text).context("an answer that is not JSON")?;
    let answers = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
    for answer in answers {
        ensure!(answer.get("jsonrpc") == Some(&Value::from("2.0")), "this is no answer of JSON-RPC");
        ensure!(answer.get("id").is_some(), "an answer without an id");
        match (answer.get("result"), answer.get("error")) {
            (Some(result), None) => {
                ensure!(result.is_object(), "a result that is no object");
                judged.successes += 1;
            }
            (None, Some(error)) => {
                rpc_fault(error, marks)?;
                judged.errors += 1;
            }
            _ => bail!("an answer is either a result or an error"),
        }
    }
    Ok(())
}

/// An error of JSON-RPC has a number, words, and as its data the code and a hint.
fn rpc_fault(error: &Value, marks: &[String]) -> Result<()> {
    let words = |at: &str| error.pointer(at).and_then(Value::as_str).filter(|words| !words.is_empty());
    let code = words("/data/code").and_then(Code::from_word).context("an error without a code")?;
    let number = error.get("code").and_then(Value::as_i64).context("an error without a number")?;
    ensure!(number == i64::from(code.rpc()) || RPC.contains(&number), "`{}` with {number}", code.as_str());
    ensure!(words("/message").is_some() && words("/data/hint").is_some(), "an error without words");
    tells_nothing(code, error.to_string().as_bytes(), marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(body: &str, status: u16) -> Result<Judged> {
        let head = "Cache-Control: no-store\r\nContent-Type: application/json\r\n";
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} X\r\n{head}Content-Length: {length}\r\n\r\n{body}");
        judge(b"GET / HTTP/1.1\r\n\r\n", answer.as_bytes(), &["MARK".to_owned()])
    }

    #[test]
    fn an_error_of_the_interface_passes() {
        assert_eq!(1, judged(r#"{"error":"no","code":"not_found","hint":"look"}"#, 404).unwrap().errors);
    }

    #[test]
    fn an_error_of_another_form_or_status_or_with_a_value_does_not_pass() {
        for (body, status) in [
            ("not found", 404),
            (r#"{"error":"no","code":"not_found"}"#, 404),
            (r#"{"error":"no","code":"not_found","hint":"look"}"#, 400),
            (r#"{"error":"no","code":"nonsense","hint":"look"}"#, 404),
            (r#"{"error":"MARK","code":"not_found","hint":"look"}"#, 404),
            (r#"{"error":"no","code":"internal","hint":"look"}"#, 500),
        ] {
            assert!(judged(body, status).is_err(), "{body}");
        }
    }

    #[test]
    fn a_whole_request_without_an_answer_does_not_pass() {
        assert!(judge(b"GET / HTTP/1.1\r\n\r\n", b"", &[]).is_err());
        assert!(judge(b"GET / HTTP/1.1\r\n", b"", &[]).unwrap().closed);
    }

    #[test]
    fn what_is_done_in_silence_beside_an_answer_is_seen() {
        let served = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
        let batch = r#"[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","method":"b","id":1}]"#;
        assert!(judge(batch.as_bytes(), format!("[{served}]").as_bytes(), &[]).unwrap().silent);
        let asked = r#"{"jsonrpc":"2.0","method":"b","id":1}"#;
        assert!(
            judge(format!("{asked}\n{{\"method\":\"a\"}}\n").as_bytes(), served.as_bytes(), &[])
                .unwrap()
                .silent
        );
        assert!(!judge(asked.as_bytes(), served.as_bytes(), &[]).unwrap().silent);
        let head = "POST /rpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let (first, last) = batch.split_at(20);
        let chunked =
            format!("{head}{:x}\r\n{first}\r\n{:x}\r\n{last}\r\n0\r\n\r\n", first.len(), last.len());
        assert_eq!(batch.as_bytes(), http_body(chunked.as_bytes()).unwrap());
    }

    #[test]
    fn an_answer_of_json_rpc_is_a_result_or_an_error() {
        let judged = |text: &str| judge(b"{", text.as_bytes(), &[]);
        assert_eq!(1, judged(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).unwrap().successes);
        assert!(judged(r#"{"jsonrpc":"2.0","id":1}"#).is_err());
        assert!(judged(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}"#).is_err());
    }
}
