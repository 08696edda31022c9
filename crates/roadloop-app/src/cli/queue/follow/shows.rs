//! How far orders are, said again and again.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle as BarStyle};
use serde_json::json;

use crate::progress::{ProgressStyle, duration};
use crate::render::{self, Voice};
use crate::session::Session;

/// Between two lines where there is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// One line that changes on a terminal, some lines in a pipe, events for programs.
pub(super) enum Shows {
    Bar(ProgressBar),
    Lines(std::sync::Mutex<(Instant, String)>),
    Events(std::sync::Mutex<String>),
    Nothing,
}

impl Shows {
    pub(super) fn new(session: &Session) -> Shows {
        if render::voice() == Voice::JsonLines {
            return Shows::Events(std::sync::Mutex::default());
        }
        match session.progress_style() {
            ProgressStyle::None => return Shows::Nothing,
            ProgressStyle::Auto if stderr().is_terminal() => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                // The words are all there is to see: how much there will be is not known.
                bar.set_style(BarStyle::default_spinner());
                bar.enable_steady_tick(Duration::from_millis(250));
                return Shows::Bar(bar);
            }
            ProgressStyle::Auto | ProgressStyle::Plain | ProgressStyle::Json => {}
        }
        let long_ago = Instant::now().checked_sub(PLAIN_EVERY).unwrap_or_else(Instant::now);
        Shows::Lines(std::sync::Mutex::new((long_ago, String::new())))
    }

    pub(super) fn say(&self, words: &str, elapsed: Duration) {
        match self {
            Shows::Bar(bar) => bar.set_message(format!("{words}  {}", duration(elapsed.as_secs()))),
            Shows::Lines(last) => {
                let Ok(mut last) = last.lock() else { return };
                if last.0.elapsed() >= PLAIN_EVERY && last.1 != words {
                    *last = (Instant::now(), words.to_owned());
                    render::line(words);
                }
            }
            Shows::Events(last) => {
                let Ok(mut last) = last.lock() else { return };
                if *last != words {
                    words.clone_into(&mut last);
                    render::event("progress", json!({"stages": words}));
                }
            }
            Shows::Nothing => {}
        }
    }

    /// A remark, above what changes.
    pub(super) fn note(&self, session: &Session, text: &str) {
        match self {
            Shows::Bar(bar) => bar.suspend(|| session.note(text)),
            _ => session.note(text),
        }
    }

    pub(super) fn end(&self) {
        if let Shows::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
