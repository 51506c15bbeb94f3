//! A sign of life while something takes longer than a second.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How long one waits without a sign.
const PATIENCE: Duration = Duration::from_secs(1);

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
    if waiting.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let style = ProgressStyle::with_template("{spinner} {msg}, {elapsed}");
    let bar = ProgressBar::new_spinner().with_message(words);
    let bar = if let Ok(style) = style { bar.with_style(style) } else { bar };
    bar.enable_steady_tick(Duration::from_millis(120));
    let _ = waiting.recv();
    bar.finish_and_clear();
}
