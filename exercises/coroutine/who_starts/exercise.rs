use asyncio::{Result, create_task};

async fn tea(name: &'static str) -> Result<&'static str> {
    println!("{name} starts");
    Ok(name)
}

fn main() -> Result<()> {
    asyncio::run(async {
        let green = tea("green");
        let black = create_task(tea("black"));
        println!("ordered");
        println!("{} is served", tea("mint").await?);
        println!("{} is served", green.await?);
        println!("{} is served", black.await?);
        Ok(())
    })
}
