use std::io;

/// A child that answers each line with a line.
pub struct Talk {
    // Build it: what must be kept?
}

impl Talk {
    /// Starts a script of the shell.
    pub fn start(script: &str) -> io::Result<Talk> {
        let _ = script;
        todo!("start the child, and keep its ends of the pipes")
    }

    /// Sends a line, and gives the line that answers it.
    pub async fn ask(&mut self, question: &str) -> io::Result<String> {
        let _ = question;
        todo!("send a line, and read one")
    }

    /// Says that no more will come, and gives the status with which the child ends.
    pub async fn close(self) -> io::Result<Option<i32>> {
        todo!("close the input, and wait")
    }
}
