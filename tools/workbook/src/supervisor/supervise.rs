//! The process that stands between the server and a reader's program.
//!
//! It reads jobs on standard input and reports on standard output, one line of JSON each.
//! The end of its input is the order to stop: it comes when the server wants it, and also when the server dies, however it dies.
//! So every way out of a run goes through this one process, which lives until nothing of the run is left.

use std::fs;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::group::Group;
use super::limits::{Limits, bytes, seconds};
use super::{End, Event, Job, Output, Stream, Why, exec, family};

/// How often the supervisor looks whether the program has ended.
const TICK: Duration = Duration::from_millis(20);

/// How often at least it looks at memory and processes, however long a look takes: a program that starts itself again and again doubles meanwhile.
const LONGEST_TICK: Duration = Duration::from_millis(100);

/// How often it does once the program has closed its output, which it usually does by ending.
const SHORT_TICK: Duration = Duration::from_millis(1);

/// How long output may come after the end; only a process that could not be killed makes use of it.
const LATE: Duration = Duration::from_secs(2);

/// How much of standard error is kept, to find in it what the standard library says before it gives up.
const LAST_WORDS: usize = 512;

/// Runs jobs, one after the other, until the input ends.
pub fn supervise() -> Result<()> {
    family::end_together()?;
    let (sender, notices) = mpsc::channel();
    let reader = sender.clone();
    thread::spawn(move || read_jobs(&reader));
    let (events, written) = mpsc::channel::<Event>();
    // A reader who is slow must not keep the limits from being enforced.
    let writer = thread::spawn(move || write_events(&written));
    while let Ok(Notice::Job(job)) = notices.recv() {
        let mut run = Run::new(&job.limits, &events);
        let end = run.finish(&job, &sender, &notices);
        // What still prints would be taken for the next job's.
        let stopped = run.stopped || run.open > 0;
        // The writer goes on until this thread ends.
        let _ = events.send(Event::End(end));
        if stopped {
            break;
        }
    }
    drop(events);
    // It panics on nothing, and what it says does not matter any more.
    let _ = writer.join();
    Ok(())
}

/// What the threads of a supervisor tell the main thread; there is one for each of its pipes.
enum Notice {
    Job(Box<Job>),
    /// The input has ended, or makes no sense.
    Stop,
    Printed(Stream, Vec<u8>),
    Closed,
}

/// Reads jobs until the input ends.
fn read_jobs(sender: &Sender<Notice>) {
    for line in io::stdin().lock().lines() {
        let job = line.ok().and_then(|line| serde_json::from_str(&line).ok());
        let Some(job) = job else { break };
        if sender.send(Notice::Job(Box::new(job))).is_err() {
            return;
        }
    }
    let _ = sender.send(Notice::Stop);
}

/// Writes events until no more can come.
fn write_events(events: &Receiver<Event>) {
    let mut stdout = io::stdout().lock();
    for event in events {
        let Ok(mut line) = serde_json::to_vec(&event) else {
            continue;
        };
        line.push(b'\n');
        let written = stdout.write_all(&line).and_then(|()| stdout.flush());
        if written.is_err() {
            // The server is gone, so the input ends too.
            return;
        }
    }
}

/// Reads what a program prints until it closes the pipe.
fn read_output(stream: Stream, mut pipe: impl Read, sender: &Sender<Notice>) {
    let mut buffer = [0; 16 << 10];
    loop {
        match pipe.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(length @ 1..) => {
                let printed = Notice::Printed(stream, buffer[..length].to_vec());
                if sender.send(printed).is_err() {
                    return;
                }
            }
            _ => break,
        }
    }
    let _ = sender.send(Notice::Closed);
}

/// Adds the bytes to those that were kept, and gives all complete characters; what is no text becomes the replacement character.
///
/// The beginning of a character is kept until the rest of it arrives.
fn decode(kept: &mut Vec<u8>, bytes: &[u8]) -> String {
    kept.extend_from_slice(bytes);
    let last = kept.utf8_chunks().last();
    let wrong = last.map_or(&[][..], |chunk| chunk.invalid());
    let begun = match std::str::from_utf8(wrong) {
        Err(error) if error.error_len().is_none() => wrong.len(),
        _ => 0,
    };
    let begun = kept.split_off(kept.len() - begun);
    String::from_utf8_lossy(&std::mem::replace(kept, begun)).into_owned()
}

/// Makes a folder that only this user can read.
pub fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// One job under way.
struct Run<'a> {
    limits: &'a Limits,
    events: &'a Sender<Event>,
    start: Instant,
    /// Characters that have begun, on standard output and standard error.
    begun: [Vec<u8>; 2],
    /// Output pipes that are still open.
    open: usize,
    /// Whether the order to stop has come, which comes once.
    stopped: bool,
    /// Bytes that may still be printed.
    left: u64,
    /// The end of what it said on standard error.
    last_words: Vec<u8>,
    /// When to look at memory again.
    next_look: Instant,
}

/// Why a run is over: the limit, and what to say of it.
type Verdict = (Why, String);

impl<'a> Run<'a> {
    fn new(limits: &'a Limits, events: &'a Sender<Event>) -> Run<'a> {
        let start = Instant::now();
        Run {
            limits,
            events,
            start,
            begun: Default::default(),
            open: 0,
            stopped: false,
            left: limits.output,
            last_words: Vec::new(),
            next_look: start,
        }
    }

    fn finish(&mut self, job: &Job, sender: &Sender<Notice>, notices: &Receiver<Notice>) -> End {
        let made = if job.private { make_private(&job.folder) } else { Ok(()) };
        let group = Group::of(std::process::id());
        let door = group.make(job.limits.threads()).map(|()| group.door());
        let end = match made.and_then(|()| exec::start(job, door.as_deref())) {
            Ok(child) => self.watch(child, sender, notices),
            Err(error) => self.end(None, None, Some(format!("cannot start the program: {error}"))),
        };
        if job.private {
            // Nothing of the run is alive, so nothing is written any more.
            let _ = fs::remove_dir_all(&job.folder);
        }
        end
    }

    fn watch(&mut self, mut child: Child, sender: &Sender<Notice>, notices: &Receiver<Notice>) -> End {
        let stdout = child.stdout.take().map(|pipe| self.read(Stream::Stdout, pipe, sender));
        let stderr = child.stderr.take().map(|pipe| self.read(Stream::Stderr, pipe, sender));
        let verdict = match stdout.into_iter().chain(stderr).collect() {
            Ok(()) => self.wait(&mut child, notices),
            Err(error) => Some((Why::Memory, format!("it cannot be listened to, because there is no thread: {error}"))),
        };
        // The one place where a run ends, for every reason.
        family::kill_all(&mut child);
        let late = Instant::now() + LATE;
        let mut verdict = verdict;
        while self.open > 0 {
            match notices.recv_timeout(late.saturating_duration_since(Instant::now())) {
                Ok(notice) => {
                    let heard = self.hear(notice);
                    verdict = verdict.or(heard);
                }
                Err(_) => break,
            }
        }
        for (stream, index) in [(Stream::Stdout, 0), (Stream::Stderr, 1)] {
            let rest = String::from_utf8_lossy(&self.begun[index]).into_owned();
            self.say(stream, rest);
        }
        let status = child.try_wait().ok().flatten();
        let signal = status.and_then(signal);
        let verdict = verdict.or_else(|| self.meaning(signal));
        let code = status.and_then(|status| status.code());
        match verdict {
            Some((why, message)) => self.end(None, Some(why), Some(message)),
            None => {
                let message = signal.map(|signal| format!("it was ended by signal {signal}"));
                self.end(code, None, message)
            }
        }
    }

    /// Begins to read what the program prints.
    fn read(&mut self, stream: Stream, pipe: impl Read + Send + 'static, sender: &Sender<Notice>) -> io::Result<()> {
        let sender = sender.clone();
        thread::Builder::new().spawn(move || read_output(stream, pipe, &sender))?;
        self.open += 1;
        Ok(())
    }

    /// Waits until the program has ended or must end.
    fn wait(&mut self, child: &mut Child, notices: &Receiver<Notice>) -> Option<Verdict> {
        let deadline = self.start + self.limits.wall();
        loop {
            let tick = if self.open == 0 { SHORT_TICK } else { TICK };
            match notices.recv_timeout(tick) {
                Ok(notice) => {
                    let verdict = self.hear(notice);
                    if verdict.is_some() {
                        return verdict;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
            if Instant::now() >= deadline {
                let limit = seconds(self.limits.wall);
                return Some((Why::Time, format!("it was stopped after {limit}")));
            }
            let verdict = self.look();
            if verdict.is_some() {
                return verdict;
            }
            match child.try_wait() {
                Ok(None) => {}
                // An error means that it cannot be waited for.
                Ok(Some(_)) | Err(_) => return None,
            }
        }
    }

    fn hear(&mut self, notice: Notice) -> Option<Verdict> {
        match notice {
            Notice::Printed(stream, bytes) => return self.print(stream, &bytes),
            Notice::Closed => self.open -= 1,
            // A second job before the end of the first is a mistake of the server.
            Notice::Job(_) | Notice::Stop => {
                self.stopped = true;
                return Some((Why::Stopped, "it was stopped".to_owned()));
            }
        }
        None
    }

    fn print(&mut self, stream: Stream, printed: &[u8]) -> Option<Verdict> {
        let fitting = printed.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= fitting as u64;
        let begun = &mut self.begun[usize::from(stream == Stream::Stderr)];
        let text = decode(begun, &printed[..fitting]);
        if stream == Stream::Stderr {
            self.last_words.extend_from_slice(&printed[..fitting]);
            let spare = self.last_words.len().saturating_sub(LAST_WORDS);
            self.last_words.drain(..spare);
        }
        self.say(stream, text);
        (fitting < printed.len()).then(|| {
            let limit = bytes(self.limits.output);
            (Why::Output, format!("it printed more than {limit}"))
        })
    }

    fn say(&self, stream: Stream, text: String) {
        if !text.is_empty() {
            // The writer goes on until the end of the run.
            let _ = self.events.send(Event::Output(Output { stream, text }));
        }
    }

    /// Looks at the processes, so often that it takes a twentieth of the time, or more of it rather than to look too seldom.
    fn look(&mut self) -> Option<Verdict> {
        let now = Instant::now();
        if now < self.next_look {
            return None;
        }
        let (mut memory, mut alive) = (0, 0);
        let mut verdict = None;
        for member in family::members() {
            memory += member.memory;
            // A process that has ended uses none.
            alive += usize::from(member.memory > 0);
            let (most, limit) = (self.limits.processes, self.limits.memory);
            if alive > most {
                verdict = Some((Why::Memory, format!("it was more than {most} processes")));
                break;
            } else if memory > limit {
                verdict = Some((Why::Memory, format!("it used more than {} of memory", bytes(limit))));
                break;
            }
        }
        self.next_look = Instant::now() + (now.elapsed() * 20).clamp(TICK, LONGEST_TICK);
        verdict
    }

    /// What limit a signal stands for.
    #[cfg(unix)]
    fn meaning(&self, signal: Option<i32>) -> Option<Verdict> {
        use rustix::process::Signal;

        let last_words = String::from_utf8_lossy(&self.last_words);
        let limits = self.limits;
        let verdict = match Signal::from_named_raw(signal?)? {
            Signal::XCPU => {
                let message = format!("it used more than {} s of processor time", limits.cpu);
                (Why::Time, message)
            }
            Signal::XFSZ => {
                let message = format!("it wrote a file of more than {}", bytes(limits.file));
                (Why::Output, message)
            }
            Signal::ABORT if last_words.contains("memory allocation of ") => {
                let message = "it could not get the memory that it asked for";
                (Why::Memory, message.to_owned())
            }
            _ => return None,
        };
        Some(verdict)
    }

    #[cfg(not(unix))]
    fn meaning(&self, _signal: Option<i32>) -> Option<Verdict> {
        None
    }

    fn end(&self, status: Option<i32>, why: Option<Why>, message: Option<String>) -> End {
        let elapsed = self.start.elapsed().as_millis();
        End { status, why, message, elapsed_ms: u64::try_from(elapsed).unwrap_or(u64::MAX) }
    }
}

#[cfg(unix)]
fn signal(status: std::process::ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: std::process::ExitStatus) -> Option<i32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_in_two_pieces_stays_whole() {
        let mut kept = Vec::new();
        let [first, second] = ["é".as_bytes()[0], "é".as_bytes()[1]];
        assert_eq!(decode(&mut kept, &[b'a', first]), "a");
        assert_eq!(decode(&mut kept, &[second, b'b']), "éb");
        assert!(kept.is_empty());
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        let mut kept = Vec::new();
        assert_eq!(decode(&mut kept, b"a\xffb\xff"), "a\u{fffd}b\u{fffd}");
        assert_eq!(decode(&mut kept, b"\xe2\x82"), "");
        assert_eq!(decode(&mut kept, b"x"), "\u{fffd}x");
    }
}
