//! What the examples that serve share: where to listen, and until when.

use std::io;

use futures::FutureExt as _;
use tokio::signal::ctrl_c;

/// Waits for Ctrl-C, and listens for it already when this returns.
///
/// `ctrl_c` alone begins to listen when it is polled first, which another task does some time later.
pub async fn listen_for_ctrl_c() -> impl Future<Output = io::Result<()>> + Send {
    let mut pressed = Box::pin(ctrl_c().fuse());
    let _ = futures::poll!(&mut pressed);
    pressed
}

/// Reads what follows `--serve`: an address and a port, or nothing.
///
/// The error is one sentence for the reader.
pub fn address(arguments: &[&str], default: &str) -> Result<String, String> {
    let address = match *arguments {
        [] => default,
        [address] => address,
        [_, extra, ..] => return Err(format!("after the address there is {extra:?}")),
    };
    let port = match address.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() => port,
        _ => {
            return Err(format!(
                "{address:?} is not an address and a port, such as {default}"
            ));
        }
    };
    match port.parse::<u16>() {
        Ok(_) => Ok(address.to_owned()),
        Err(_) => Err(format!(
            "{port:?} is not a port, which is a number from 0 to 65535"
        )),
    }
}
