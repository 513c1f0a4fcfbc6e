use asyncio::{Result, ReturnWhen, create_task, to_thread, wait};
use futures::channel::oneshot;
use std::sync::mpsc;

fn main() -> Result<()> {
    let (begin, has_begun) = oneshot::channel();
    let (open, gate) = mpsc::channel();
    asyncio::run(async move {
        let copy = create_task(to_thread(move || {
            let _ = begin.send(());
            gate.recv()?;
            println!("the copy is made");
            Ok(())
        }));
        has_begun.await?;
        copy.cancel();
        wait([&copy], None, ReturnWhen::AllCompleted).await?;
        println!("cancelled: {}", copy.is_cancelled());
        println!("main ends");
        open.send(())?;
        Ok(())
    })?;
    println!("the loop is closed");
    Ok(())
}
