//! The threads of a supervisor, one for each of its pipes.

use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{Receiver, Sender};

use super::job::{Event, Job};
use super::protocol::Stream;

/// What the threads tell the main thread.
pub enum Notice {
    Job(Box<Job>),
    /// The input has ended, or makes no sense.
    Stop,
    Printed(Stream, Vec<u8>),
    Closed,
}

/// Reads jobs until the input ends.
pub fn read_jobs(sender: &Sender<Notice>) {
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
pub fn write_events(events: &Receiver<Event>) {
    let mut stdout = io::stdout().lock();
    for event in events {
        let Ok(mut line) = serde_json::to_vec(&event) else {
            continue;
        };
        line.push(b'\n');
        if stdout
            .write_all(&line)
            .and_then(|()| stdout.flush())
            .is_err()
        {
            // The server is gone, so the input ends too.
            return;
        }
    }
}

/// Reads what a program prints until it closes the pipe.
pub fn read_output(stream: Stream, mut pipe: impl Read, sender: &Sender<Notice>) {
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
