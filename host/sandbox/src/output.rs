//! What a guest prints, line by line, up to a bound. The rest is dropped and counted: a write never fails, since a
//! full pipe makes ordinary programs panic.

use puppet_types::{LogLine, counted};

/// Where a guest prints to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Stdout,
    Stderr,
}

impl Channel {
    const fn level(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// The captured output of one call.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bound: usize,
    most_lines: usize,
    kept: usize,
    dropped: u64,
    lines: Vec<LogLine>,
    open: [Vec<u8>; 2],
}

impl Output {
    pub(crate) fn bounded(bytes: u64, lines: u64) -> Self {
        let most = |bound: u64| usize::try_from(bound).unwrap_or(usize::MAX);
        Self { bound: most(bytes), most_lines: most(lines), ..Self::default() }
    }

    pub(crate) fn write(&mut self, channel: Channel, bytes: &[u8]) {
        let room = if self.lines.len() < self.most_lines { self.bound.saturating_sub(self.kept) } else { 0 };
        let (kept, dropped) = bytes.split_at(bytes.len().min(room));
        self.kept += kept.len();
        self.dropped = self.dropped.saturating_add(dropped.len() as u64);
        for piece in kept.split_inclusive(|byte| *byte == b'\n') {
            self.open[channel as usize].extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.close(channel);
            }
        }
    }

    /// A line of the guest's own log, where there is room for it.
    pub(crate) fn line(&mut self, line: LogLine) {
        let bytes =
            line.fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() + line.message.len();
        if self.lines.len() >= self.most_lines || bytes > self.bound.saturating_sub(self.kept) {
            self.dropped = self.dropped.saturating_add(bytes as u64);
            return;
        }
        self.kept += bytes;
        self.lines.push(line);
    }

    /// The end of what went to stderr: why a guest panicked.
    pub(crate) fn stderr_tail(&self, most: usize) -> String {
        let lines = self.lines.iter().filter(|line| line.level == Channel::Stderr.level());
        let mut text: Vec<String> = lines.map(|line| line.message.clone()).collect();
        text.push(String::from_utf8_lossy(&self.open[Channel::Stderr as usize]).into_owned());
        let text = text.join("\n").trim().to_owned();
        text[text.ceil_char_boundary(text.len().saturating_sub(most))..].to_owned()
    }

    pub(crate) fn finish(mut self) -> Vec<LogLine> {
        for channel in [Channel::Stdout, Channel::Stderr] {
            if !self.open[channel as usize].is_empty() {
                self.close(channel);
            }
        }
        if self.dropped > 0 {
            let message = counted(self.dropped, "more byte of output was dropped", "more bytes of output were dropped");
            self.lines.push(LogLine::plain("warn", message));
        }
        self.lines
    }

    fn close(&mut self, channel: Channel) {
        let bytes = std::mem::take(&mut self.open[channel as usize]);
        if self.lines.len() >= self.most_lines {
            self.dropped = self.dropped.saturating_add(bytes.len() as u64);
            return;
        }
        let message = String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
        self.lines.push(LogLine::plain(channel.level(), message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_order_and_their_channel() {
        let mut output = Output::bounded(100, 10);
        output.write(Channel::Stdout, b"one\ntw");
        output.write(Channel::Stderr, b"oops\n");
        output.write(Channel::Stdout, b"o");
        let lines: Vec<_> = output.finish().into_iter().map(|line| (line.level, line.message)).collect();
        let expected = [("stdout", "one"), ("stderr", "oops"), ("stdout", "two")];
        assert_eq!(lines, expected.map(|(level, text)| (level.to_owned(), text.to_owned())));
    }

    #[test]
    fn a_line_of_the_log_is_kept_whole_or_not_at_all() {
        let line = |message: &str| LogLine {
            fields: vec![("a".into(), "b".into())],
            ..LogLine::plain("info", message.into())
        };
        let mut output = Output::bounded(7, 10);
        output.line(line("12345"));
        output.line(line("1"));
        let lines = output.finish();
        assert_eq!(lines[0], line("12345"));
        assert_eq!(lines[1].message, "3 more bytes of output were dropped");
        let mut output = Output::bounded(100, 1);
        output.line(line("1"));
        output.line(line("2"));
        assert_eq!(output.finish().len(), 2, "one line, and how much was dropped");
    }

    #[test]
    fn the_rest_is_dropped_and_told() {
        let mut output = Output::bounded(4, 10);
        output.write(Channel::Stderr, "ab\u{e4}cdef".as_bytes());
        assert_eq!(output.stderr_tail(3), "b\u{e4}");
        let lines = output.finish();
        assert_eq!(lines[0].message, "ab\u{e4}");
        assert_eq!(lines[1].message, "4 more bytes of output were dropped");

        let mut output = Output::bounded(1 << 20, 7);
        output.write(Channel::Stdout, &b"\n".repeat(50));
        assert_eq!(output.finish().len(), 7 + 1);
    }

    #[test]
    fn what_is_printed_after_the_last_line_is_no_reason_for_a_trap() {
        let mut output = Output::bounded(100, 1);
        output.write(Channel::Stderr, b"why\n");
        output.write(Channel::Stderr, b"and more");
        assert_eq!(output.stderr_tail(100), "why");
        assert_eq!(output.finish()[1].message, "8 more bytes of output were dropped");
    }
}
