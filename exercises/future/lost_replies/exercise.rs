use asyncio::{Promise, Result, get_running_loop};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The questions of one connection that have no reply yet.
#[derive(Default)]
pub struct Client {
    pending: RefCell<BTreeMap<u32, Promise<String>>>,
}

impl Client {
    /// Asks the question with this number, and gives a promise of the reply.
    pub fn ask(&self, number: u32) -> Result<Promise<String>> {
        let reply = get_running_loop()?.create_promise();
        self.pending.borrow_mut().insert(number, reply.clone());
        Ok(reply)
    }

    /// Is called when a reply has come.
    pub fn replied(&self, number: u32, text: &str) -> Result<()> {
        if let Some(reply) = self.pending.borrow_mut().remove(&number) {
            reply.set_result(text.to_owned())?;
        }
        Ok(())
    }

    /// Is called when the connection is closed, and nothing will come any more.
    pub fn closed(&self) {
        self.pending.borrow_mut().clear();
    }
}
