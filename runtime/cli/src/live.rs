//! What a person sees on the terminal while a run goes on: a bar for the whole, one line for each of the nodes that run,
//! and what agents log.
//!
//! The screen is brought up to date a few times a second and not at every event, so a run of a hundred thousand quick
//! nodes is not slowed down by it.

use std::time::{Duration, Instant};

use hap::{BreakerState, Event, EventKind, Level, NodeStatus};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::format;
use crate::report::{log_line, told_line};
use crate::running::Running;
use crate::signals::Asked;
use crate::terminal::{Look, Terminal};

/// How often the screen is brought up to date.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// How many running nodes have a line: what fits on a small terminal beside other output.
const MAX_LINES: usize = 8;

/// How many log lines one tick prints: more than anybody reads in that time.
const MAX_LOG_LINES: usize = 500;

/// What is shown of a run while it goes on.
pub(crate) struct Live {
    terminal: Terminal,
    /// Log records below this level are not shown; `None` shows none.
    level: Option<Level>,
    asked: Asked,
    screen: Option<Screen>,
}

struct Screen {
    bars: MultiProgress,
    total: ProgressBar,
    line_style: ProgressStyle,
    running: Running,
    lines: Vec<ProgressBar>,
    log: Vec<String>,
    log_left_out: usize,
    done: u64,
    failed: u64,
    degraded: u64,
}

impl Live {
    /// A view of a run that shows log records from `level` on, and progress where `progress` says so.
    pub(crate) fn new(terminal: Terminal, level: Option<Level>, progress: bool, asked: Asked) -> Live {
        let screen = progress.then(Screen::new);
        Live {
            terminal,
            level,
            asked,
            screen,
        }
    }

    /// Whether it wants to see events at all.
    pub(crate) fn is_wanted(&self) -> bool {
        self.level.is_some() || self.screen.is_some()
    }

    /// Takes note of an event.
    pub(crate) fn event(&mut self, event: &Event) {
        if let Some(line) = self.log_line(&event.kind) {
            match &mut self.screen {
                Some(screen) => screen.log(line),
                None => self.terminal.tell(&line),
            }
        }
        if let Some(screen) = &mut self.screen {
            screen.event(&event.kind);
        }
    }

    /// What the log tells of an event, where it tells anything.
    fn log_line(&self, event: &EventKind) -> Option<String> {
        let least = self.level?;
        let (level, name, words) = match event {
            EventKind::NodeLog { node, record } => {
                return (record.level >= least).then(|| log_line(&self.terminal, node, record));
            }
            // Of many items, many may be tried again: whoever wants to know that asks for all.
            EventKind::NodeRetrying {
                node,
                attempt,
                delay,
                failure,
            } => {
                let delay = format::duration(*delay);
                let words = format!("attempt {attempt} failed, the next in {delay}: {failure}");
                (Level::Info, node.as_str(), words)
            }
            EventKind::CircuitBreakerChanged { agent, state } => {
                let level = match state {
                    BreakerState::Open => Level::Warn,
                    BreakerState::Closed | BreakerState::HalfOpen => Level::Info,
                };
                (
                    level,
                    "circuit breaker",
                    format!("that of agent `{agent}` is {state}"),
                )
            }
            _ => return None,
        };
        (level >= least).then(|| told_line(&self.terminal, level, name, &words))
    }

    /// Brings the screen up to date.
    pub(crate) fn draw(&mut self) {
        self.leave_when_asked();
        if let Some(screen) = &mut self.screen {
            screen.draw();
        }
    }

    /// Takes bars and lines from the screen; the log stays.
    pub(crate) fn clear(&mut self) {
        self.leave_when_asked();
        if let Some(screen) = &mut self.screen {
            screen.keep_lines(0);
            screen.total.finish_and_clear();
            // A terminal that is gone needs no clearing.
            let _ = screen.bars.clear();
            if let Some(lines) = screen.take_log() {
                self.terminal.tell(&lines);
            }
        }
    }

    /// After Ctrl-C, bars and lines stay as they are: the terminal has echoed the key and so moved the cursor, and
    /// nothing that is drawn from then on would be where it is thought to be.
    fn leave_when_asked(&mut self) {
        if !self.asked.to_stop() {
            return;
        }
        if let Some(mut screen) = self.screen.take() {
            screen.bars.set_draw_target(ProgressDrawTarget::hidden());
            let stopping = self.terminal.paint(Look::Warning, "stopping:");
            self.terminal
                .tell(&format!("\n{stopping} another Ctrl-C ends at once"));
            if let Some(lines) = screen.take_log() {
                self.terminal.tell(&lines);
            }
        }
    }
}

impl Screen {
    fn new() -> Screen {
        let style = |template| {
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
        };
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let total = ProgressBar::new(0)
            .with_style(style("{bar:28.cyan/dim} {pos}/{len} nodes {wide_msg}").progress_chars("━━─"));
        Screen {
            total: bars.add(total),
            bars,
            line_style: style("{spinner:.cyan} {prefix:.bold} {wide_msg:.dim}").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "),
            running: Running::default(),
            lines: Vec::new(),
            log: Vec::new(),
            log_left_out: 0,
            done: 0,
            failed: 0,
            degraded: 0,
        }
    }

    fn log(&mut self, line: String) {
        if self.log.len() < MAX_LOG_LINES {
            self.log.push(line);
        } else {
            self.log_left_out += 1;
        }
    }

    fn event(&mut self, event: &EventKind) {
        match event {
            EventKind::RunStarted { nodes, .. } => self.total.set_length(*nodes as u64),
            // The whole counts the nodes of the outermost graph.
            EventKind::NodeFinished { node, status, .. } if node.is_outermost() => {
                self.done += 1;
                self.failed += u64::from(matches!(status, NodeStatus::Failed | NodeStatus::Limited));
                self.degraded += u64::from(matches!(status, NodeStatus::Degraded { .. }));
            }
            _ => {}
        }
        self.running.event(event, Instant::now());
    }

    fn draw(&mut self) {
        self.flush_log();
        let shown = self.running.lines().len().min(MAX_LINES);
        let now = Instant::now();
        self.total.set_position(self.done);
        self.total.set_message(self.words(shown));
        self.total.tick();
        while self.lines.len() < shown {
            let line = ProgressBar::new_spinner().with_style(self.line_style.clone());
            self.lines.push(self.bars.insert_before(&self.total, line));
        }
        self.keep_lines(shown);
        for (line, running) in self.lines.iter().zip(self.running.lines()) {
            // Of a path, the end tells most.
            line.set_prefix(format::shorten_start(running.place(), 40));
            line.set_message(running.words(now));
            line.tick();
        }
    }

    /// Takes all lines but the first `count` from the screen.
    fn keep_lines(&mut self, count: usize) {
        for line in self.lines.drain(count..) {
            // A line that is only removed stays on the screen as it was.
            line.finish_and_clear();
            self.bars.remove(&line);
        }
    }

    fn words(&self, shown: usize) -> String {
        let mut words = Vec::new();
        if self.failed > 0 {
            words.push(format!("{} failed", self.failed));
        }
        if self.degraded > 0 {
            words.push(format!("{} degraded", self.degraded));
        }
        let more = self.running.lines().len().saturating_sub(shown);
        if more > 0 {
            words.push(format!("{more} more running"));
        }
        words.join(", ")
    }

    fn flush_log(&mut self) {
        if let Some(lines) = self.take_log() {
            // A terminal that is gone needs no log.
            let _ = self.bars.println(lines);
        }
    }

    /// The lines that were logged since the last time.
    fn take_log(&mut self) -> Option<String> {
        if self.log_left_out > 0 {
            self.log
                .push(format!("… and {} more log lines", self.log_left_out));
            self.log_left_out = 0;
        }
        (!self.log.is_empty()).then(|| std::mem::take(&mut self.log).join("\n"))
    }
}
