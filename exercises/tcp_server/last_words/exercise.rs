use asyncio::{Error, Protocol, Result, Transport, create_server, open_connection};

/// Gives whoever asks a long answer, and ends the connection.
#[derive(Default)]
struct Catalogue(Option<Transport>);

impl Protocol for Catalogue {
    fn connection_made(&mut self, transport: &Transport) {
        self.0 = Some(transport.clone());
    }

    fn data_received(&mut self, _data: &[u8]) {
        let transport = self.0.as_ref().expect("a connection was made");
        transport.write(&vec![b'.'; 10_000_000]);
        println!("written");
        transport.close();
        println!("closing: {}", transport.is_closing());
        transport.write(b"goodbye");
    }

    fn connection_lost(&mut self, error: Option<&Error>) {
        println!("lost, error: {}", error.is_some());
    }
}

fn main() -> Result<()> {
    asyncio::run(async {
        let server = create_server("127.0.0.1:0", Catalogue::default).await?;
        let (reader, writer) = open_connection(server.local_addr()).await?;
        writer.write(b"?");
        let answer = reader.read_to_end().await?;
        server.close();
        server.wait_closed().await?;
        println!("the client has {} bytes", answer.len());
        Ok(())
    })
}
