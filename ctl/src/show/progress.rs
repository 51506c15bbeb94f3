//! A sign of life while something takes longer than a second.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::tell;

/// How long one waits without a sign.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the sign moves.
const TICK: Duration = Duration::from_millis(120);
/// What the sign looks like, one after another.
const STEPS: [char; 8] = ['⠁', '⠂', '⠄', '⡀', '⢀', '⠠', '⠐', '⠈'];
/// Empties the line that the cursor is in (ECMA-48).
const EMPTY_LINE: &str = "\r\x1b[2K";

/// Does a piece of work; a line on the terminal says what it is once it takes its time.
pub(super) fn while_working<T>(words: &'static str, work: impl FnOnce() -> T) -> T {
    let (done, waiting) = channel::<()>();
    let sign = std::thread::spawn(move || show_after_a_while(words, &waiting));
    let outcome = work();
    drop(done);
    let _ = sign.join();
    outcome
}

fn show_after_a_while(words: &'static str, waiting: &Receiver<()>) {
    let goes_on = |time| waiting.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
    if !goes_on(PATIENCE) {
        return;
    }
    let start = Instant::now();
    let mut steps = STEPS.into_iter().cycle();
    loop {
        let step = steps.next().unwrap_or(' ');
        tell(&format!("{EMPTY_LINE}{step} {words}, {}", since(start.elapsed())));
        if !goes_on(TICK) {
            break;
        }
    }
    tell(EMPTY_LINE);
}

/// Writes how long it has taken so far, in seconds, later in minutes.
fn since(time: Duration) -> String {
    match time.as_millis() {
        millis @ ..89_500 => format!("{}s", (millis + 500) / 1000),
        millis => format!("{}m", (millis + 30_000) / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_time_is_told_in_minutes() {
        let told = [0, 499, 500, 89_499, 90_000, 149_999, 150_000]
            .map(|millis| since(Duration::from_millis(millis)));
        assert_eq!(["0s", "0s", "1s", "89s", "2m", "2m", "3m"], told.each_ref().map(String::as_str));
    }
}
