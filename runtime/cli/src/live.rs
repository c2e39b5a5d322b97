//! What a person sees on the terminal while a run goes on: a bar for the whole, one line for each of the nodes that run,
//! and what agents log.
//!
//! The screen is brought up to date a few times a second and not at every event, so a run of a hundred thousand quick
//! nodes is not slowed down by it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hap::{Event, EventKind, Level, NodePath, NodeStatus, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::format;
use crate::report::log_line;
use crate::signals::Asked;
use crate::terminal::{Look, Terminal, clean_line};

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
    /// The nodes that run, in the order in which they began.
    running: Vec<Running>,
    position: HashMap<NodePath, usize>,
    lines: Vec<ProgressBar>,
    log: Vec<String>,
    log_left_out: usize,
    done: u64,
    failed: u64,
}

struct Running {
    node: NodePath,
    start: Instant,
    status: String,
    fraction: Option<f32>,
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
        if let EventKind::NodeLog { node, record } = &event.kind
            && self.level.is_some_and(|level| record.level >= level)
        {
            let line = log_line(&self.terminal, Some(node), record);
            match &mut self.screen {
                Some(screen) => screen.log(line),
                None => self.terminal.tell(&line),
            }
        }
        if let Some(screen) = &mut self.screen {
            screen.event(&event.kind);
        }
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
            running: Vec::new(),
            position: HashMap::new(),
            lines: Vec::new(),
            log: Vec::new(),
            log_left_out: 0,
            done: 0,
            failed: 0,
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
            EventKind::NodeStarted { node, attempt: 1 } => {
                self.position.insert(node.clone(), self.running.len());
                self.running.push(Running {
                    node: node.clone(),
                    start: Instant::now(),
                    status: String::new(),
                    fraction: None,
                });
            }
            EventKind::NodeStarted { node, attempt } => {
                if let Some(running) = self.running(node) {
                    running.status = format!("attempt {attempt}");
                    running.fraction = None;
                }
            }
            EventKind::NodeProgress { node, progress } => {
                if let Some(running) = self.running(node) {
                    match progress {
                        Progress::Status(status) => running.status = clean_line(status),
                        Progress::Fraction(fraction) => running.fraction = Some(*fraction),
                        Progress::Partial(_) => {}
                    }
                }
            }
            EventKind::ItemFinished {
                node, item, items, ..
            } => self.piece_done(node, &node.item(*item), format!("{} of {items} items", item + 1)),
            EventKind::RoundFinished { node, round, .. } => {
                self.piece_done(node, &node.round(*round), format!("round {round}"));
            }
            EventKind::NodeFinished { node, status, .. } => {
                // The whole counts the nodes of the outermost graph.
                if node.is_outermost() {
                    self.done += 1;
                    self.failed += u64::from(matches!(status, NodeStatus::Failed | NodeStatus::Limited));
                }
                self.end(node);
            }
            _ => {}
        }
    }

    /// An item or a round is over: its own line goes, and that of its node tells it, where there is one.
    fn piece_done(&mut self, node: &NodePath, piece: &NodePath, words: String) {
        self.end(piece);
        if let Some(running) = self.running(node) {
            running.status = words;
        }
    }

    /// Takes a place from those that run.
    fn end(&mut self, node: &NodePath) {
        if let Some(position) = self.position.remove(node) {
            self.running.remove(position);
            for running in self.running.iter().skip(position) {
                self.position
                    .entry(running.node.clone())
                    .and_modify(|at| *at -= 1);
            }
        }
    }

    fn running(&mut self, node: &NodePath) -> Option<&mut Running> {
        let position = self.position.get(node)?;
        self.running.get_mut(*position)
    }

    fn draw(&mut self) {
        self.flush_log();
        let shown = self.running.len().min(MAX_LINES);
        self.total.set_position(self.done);
        self.total.set_message(self.words(shown));
        self.total.tick();
        while self.lines.len() < shown {
            let line = ProgressBar::new_spinner().with_style(self.line_style.clone());
            self.lines.push(self.bars.insert_before(&self.total, line));
        }
        self.keep_lines(shown);
        for (line, running) in self.lines.iter().zip(&self.running) {
            line.set_prefix(format::shorten(running.node.as_str(), 40));
            line.set_message(running.words());
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
        if self.running.len() > shown {
            words.push(format!("{} more running", self.running.len() - shown));
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

impl Running {
    fn words(&self) -> String {
        let mut words = vec![format!("{:.1} s", self.start.elapsed().as_secs_f64())];
        if let Some(fraction) = self.fraction {
            words.push(format!("{:.0} %", fraction * 100.0));
        }
        if !self.status.is_empty() {
            words.push(self.status.clone());
        }
        words.join(" · ")
    }
}
