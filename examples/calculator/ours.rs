//! The calculator as a protocol: the loop calls it.

use std::time::Duration;

use asyncio::{
    Error, Event, Protocol, Result, Server, TimedOut, Transport, create_server, timeout,
};

use super::{Calculator, GREETING};

/// How long clients may take for what is left for them when the server ends.
pub const GRACE: Duration = Duration::from_secs(1);

// ANCHOR: protocol
struct Session {
    calculator: Calculator,
    transport: Option<Transport>,
    /// Set when the server is to end.
    stop: Event,
}

impl Protocol for Session {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(GREETING.as_bytes());
        self.transport = Some(transport.clone());
    }

    fn data_received(&mut self, data: &[u8]) {
        let answers = self.calculator.receive(data);
        if let Some(transport) = &self.transport {
            transport.write(answers.text.as_bytes());
        }
        if answers.shutdown {
            self.stop.set();
        }
    }

    fn connection_lost(&mut self, error: Option<&Error>) {
        if let Some(error) = error {
            eprintln!("a client was lost: {error}");
        }
    }
}

/// Begins to serve at an address; `stop` is set when a client says `shutdown`.
pub async fn start(address: &str, stop: &Event) -> Result<Server> {
    let stop = stop.clone();
    let factory = move || Session {
        calculator: Calculator::default(),
        transport: None,
        stop: stop.clone(),
    };
    create_server(address, factory).await
}
// ANCHOR_END: protocol

// ANCHOR: finish
/// Ends a server; true if every client took in time what was left for it.
pub async fn finish(server: &Server) -> Result<bool> {
    server.close();
    server.close_clients();
    match timeout(GRACE, server.wait_closed()).await {
        Ok(()) => Ok(true),
        Err(error) if error.is::<TimedOut>() => {
            server.abort_clients();
            server.wait_closed().await?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
// ANCHOR_END: finish
