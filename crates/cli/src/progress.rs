//! Progress of long work: a bar where a person looks on, a plain line now and then where output
//! goes to a file, nothing with `--json` and `--quiet`. It goes to standard error.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tangle_storage::{Progress, ProgressState};

use crate::terminal::Terminal;

/// Time between two looks while a person looks on.
const LIVE_INTERVAL: Duration = Duration::from_millis(100);
/// Time between two plain lines.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);
const KNOWN_END: &str =
    "{spinner} {msg} [{wide_bar}] {human_pos}/{human_len}  {per_sec}  {eta} left";
const OPEN_END: &str = "{spinner} {msg} {human_pos}  {per_sec}  {elapsed}";
const UNCOUNTED: &str = "{spinner} {msg}  {elapsed}";

/// Does `work`, which tells how far it has come, and shows that meanwhile.
pub(crate) fn watch<T>(terminal: &Terminal, work: impl FnOnce(&Progress) -> T) -> T {
    let progress = Progress::default();
    watch_with(terminal, &|| progress.state(), || work(&progress))
}

/// Does `work`, and shows meanwhile what `look` sees of it.
pub(crate) fn watch_with<T>(
    terminal: &Terminal,
    look: &(dyn Fn() -> ProgressState + Sync),
    work: impl FnOnce() -> T,
) -> T {
    if terminal.is_json() || terminal.is_quiet() {
        return work();
    }
    let is_live = terminal.has_live_errors();
    std::thread::scope(|scope| {
        let (done, is_done) = sync_channel::<()>(0);
        scope.spawn(move || {
            let mut view = if is_live {
                View::Bar(ProgressBar::with_draw_target(
                    None,
                    ProgressDrawTarget::stderr(),
                ))
            } else {
                View::Lines(Instant::now())
            };
            let interval = if is_live {
                LIVE_INTERVAL
            } else {
                PLAIN_INTERVAL
            };
            while is_done.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                view.show(&look(), terminal);
            }
            if let View::Bar(bar) = view {
                bar.finish_and_clear();
            }
        });
        let result = work();
        // The thread ends when nobody can tell it anything any more.
        drop(done);
        result
    })
}

enum View {
    Bar(ProgressBar),
    /// Since when.
    Lines(Instant),
}

impl View {
    fn show(&mut self, state: &ProgressState, terminal: &Terminal) {
        if state.what.is_empty() {
            return;
        }
        match self {
            Self::Bar(bar) => draw(bar, state),
            Self::Lines(since) => {
                terminal.complain(&plain(state, since.elapsed()));
            }
        }
    }
}

fn draw(bar: &ProgressBar, state: &ProgressState) {
    if bar.message() != state.what {
        let template = match state {
            ProgressState { total: 1.., .. } => KNOWN_END,
            ProgressState { done: 1.., .. } => OPEN_END,
            _ => UNCOUNTED,
        };
        let style = ProgressStyle::with_template(template);
        bar.reset();
        bar.set_style(style.expect("the templates above are sound"));
        bar.set_message(state.what.clone());
    }
    if state.total > 0 {
        bar.set_length(state.total);
    }
    bar.set_position(state.done);
    bar.tick();
}

fn plain(state: &ProgressState, elapsed: Duration) -> String {
    let ProgressState { what, done, total } = state;
    let seconds = elapsed.as_secs();
    match (done, total) {
        (_, 1..) => {
            let percent = u128::from(*done) * 100 / u128::from(*total);
            format!("{seconds:>5} s  {what}: {done} of {total} ({percent} %)")
        }
        (1.., 0) => format!("{seconds:>5} s  {what}: {done}"),
        (0, 0) => format!("{seconds:>5} s  {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_sound() {
        for template in [KNOWN_END, OPEN_END, UNCOUNTED] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }

    #[test]
    fn plain_line_says_what_is_known() {
        let state = |done, total| ProgressState {
            what: "outputs".to_owned(),
            done,
            total,
        };
        let elapsed = Duration::from_secs(12);
        for ((done, total), text) in [
            ((5, 20), "   12 s  outputs: 5 of 20 (25 %)"),
            ((5, 0), "   12 s  outputs: 5"),
            ((0, 0), "   12 s  outputs"),
        ] {
            assert_eq!(plain(&state(done, total), elapsed), text);
        }
    }

    #[test]
    fn work_is_done_whoever_looks() {
        for terminal in [Terminal::new(true, false), Terminal::new(false, false)] {
            let result = watch(&terminal, |progress| {
                progress.begin("things", 1);
                progress.advance(1);
                progress.state().done
            });
            assert_eq!(result, 1);
        }
    }
}
