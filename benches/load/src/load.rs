//! A client process: asks one question again and again over warm connections, and notes how long each answer took.
//!
//! Each connection asks as soon as it has its answer. A pause of the server would then be one long answer where many
//! would have waited, so the histogram is corrected: a long answer also counts for those that could not be asked.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use vault::clock::{Clock, SystemClock};

use crate::rounds::Sample;
use crate::say;

/// What stands for a number that is another in each question.
pub(crate) const NUMBER: &[u8; 12] = b"############";
/// How long a connection asks before anything is noted, as a part of the time.
const WARMING: u32 = 5;

/// Asks a server over warm connections.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server's socket.
    #[arg(long)]
    socket: PathBuf,
    /// The file with the question, as bytes.
    #[arg(long)]
    question: PathBuf,
    /// How an answer ends.
    #[arg(long)]
    end: End,
    /// How many connections ask at once.
    #[arg(long, default_value = "1")]
    connections: usize,
    /// For how many milliseconds.
    #[arg(long)]
    millis: u64,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum End {
    /// With so many bytes as its header says.
    Http,
    /// With a line break.
    Line,
}

/// Asks, and prints a sample as JSON.
pub(crate) fn run(args: &Args) -> Result<()> {
    let question = std::fs::read(&args.question).context("the question")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sample = runtime.block_on(ask(args, question))?;
    say::line(serde_json::to_string(&sample)?);
    Ok(())
}

async fn ask(args: &Args, question: Vec<u8>) -> Result<Sample> {
    let time = Duration::from_millis(args.millis);
    let mut tasks = JoinSet::new();
    for number in 0..args.connections {
        let mut connection = Connection::open(&args.socket, question.clone(), args.end).await?;
        // Numbers of different connections never meet, nor those of different runs.
        connection.number = started() + (number as u64) * 1_000_000;
        tasks.spawn(connection.ask_for(time));
    }
    let mut all = histogram()?;
    let mut rate = 0.0;
    while let Some(done) = tasks.join_next().await {
        let (one, answers_a_second) = done??;
        all.add(one)?;
        rate += answers_a_second;
    }
    let micros =
        |quantile: f64| f64::from(u32::try_from(all.value_at_quantile(quantile)).unwrap_or(u32::MAX)) / 1e3;
    Ok(Sample { rate, p50: micros(0.5), p99: micros(0.99) })
}

/// Gives a number that grows from run to run.
fn started() -> u64 {
    let now = SystemClock.now().as_millis();
    u64::try_from(now % 10_000).unwrap_or_default() * 100_000_000
}

fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 4_000_000_000, 3)?)
}

struct Connection {
    stream: UnixStream,
    question: Vec<u8>,
    number: u64,
    end: End,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(socket: &Path, question: Vec<u8>, end: End) -> Result<Self> {
        let stream = UnixStream::connect(socket).await.context("the server's socket")?;
        Ok(Self { stream, question, number: 0, end, answer: Vec::with_capacity(64 * 1024) })
    }

    /// Asks for a while and gives the nanoseconds of each answer, and the answers in a second.
    async fn ask_for(mut self, time: Duration) -> Result<(Histogram<u64>, f64)> {
        let mut warm = histogram()?;
        let warmed = Instant::now() + time / WARMING;
        while Instant::now() < warmed {
            warm.saturating_record(self.ask().await?);
        }
        let interval = warm.value_at_quantile(0.5);
        let (mut taken, mut answers) = (histogram()?, 0_u32);
        let start = Instant::now();
        while start.elapsed() < time {
            taken.record_correct(self.ask().await?, interval)?;
            answers += 1;
        }
        Ok((taken, f64::from(answers) / start.elapsed().as_secs_f64()))
    }

    /// Asks once and gives the nanoseconds until the whole answer was there.
    async fn ask(&mut self) -> Result<u64> {
        self.number += 1;
        put_number(&mut self.question, self.number);
        let start = Instant::now();
        self.stream.write_all(&self.question).await?;
        self.answer.clear();
        while !is_whole(&self.answer, self.end)? {
            ensure!(self.stream.read_buf(&mut self.answer).await? > 0, "the server hung up");
        }
        Ok(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

/// Puts a number in the place that is marked for it, digit by digit, so that no length changes.
fn put_number(question: &mut [u8], number: u64) {
    let marked = question.windows(NUMBER.len()).position(|window| window == NUMBER);
    // Later questions have the number before this one there.
    let placed = question.windows(2).position(|pair| pair == b"n-").map(|at| at + 2);
    let Some(place) = marked.or(placed) else { return };
    let Some(digits) = question.get_mut(place..place + NUMBER.len()) else { return };
    digits.copy_from_slice(format!("{number:012}").as_bytes().get(..12).unwrap_or(NUMBER));
}

/// Tells whether an answer is whole.
///
/// # Errors
/// Where it is a refusal: a server that refuses is not measured.
fn is_whole(answer: &[u8], end: End) -> Result<bool> {
    if end == End::Line {
        return line_is_whole(answer);
    }
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(false) };
    let text = String::from_utf8_lossy(answer.get(..head).unwrap_or_default()).to_ascii_lowercase();
    ensure!(text.starts_with("http/1.1 2"), "the server refused: {}", String::from_utf8_lossy(answer));
    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let length: usize = length.context("an answer without a length")?.parse()?;
    Ok(answer.len() >= head + 4 + length)
}

fn line_is_whole(answer: &[u8]) -> Result<bool> {
    let refused = answer.starts_with(b"-") || answer.windows(8).any(|window| window == b"\"error\":");
    ensure!(!refused, "the server refused: {}", String::from_utf8_lossy(answer));
    Ok(answer.ends_with(b"\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_last_byte() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        assert!(is_whole(answer, End::Http).unwrap());
        assert!(!is_whole(&answer[..answer.len() - 1], End::Http).unwrap());
        assert!(!is_whole(b"HTTP/1.1 200", End::Http).unwrap());
        assert!(is_whole(b"{}\n", End::Line).unwrap() && !is_whole(b"{}", End::Line).unwrap());
    }

    #[test]
    fn a_refusal_is_not_measured() {
        assert!(is_whole(b"HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", End::Http).is_err());
        assert!(is_whole(b"{\"error\":1}\n", End::Line).is_err());
    }

    #[test]
    fn a_number_is_another_each_time_and_the_length_stays() {
        let mut question = b"name n-############ x".to_vec();
        put_number(&mut question, 7);
        put_number(&mut question, 42);
        assert_eq!(b"name n-000000000042 x", &question[..]);
    }

    #[test]
    fn a_pause_counts_for_those_that_could_not_ask() {
        let mut taken = histogram().unwrap();
        taken.record_correct(100, 100).unwrap();
        taken.record_correct(1000, 100).unwrap();
        assert_eq!(11, taken.len());
    }
}
