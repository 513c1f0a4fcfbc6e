use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

struct Cup(&'static str);

impl Drop for Cup {
    fn drop(&mut self) {
        println!("the {} cup is washed", self.0);
    }
}

async fn tea(name: &'static str, seconds: u64) -> Result<(), &'static str> {
    let _cup = Cup(name);
    sleep(Duration::from_secs(seconds)).await;
    if name == "herbal" {
        return Err("spilled");
    }
    println!("{name} is ready");
    Ok(())
}

async fn order() -> Result<(), &'static str> {
    let mut teas = JoinSet::new();
    for (name, seconds) in [("green", 1), ("herbal", 2), ("black", 4)] {
        teas.spawn(tea(name, seconds));
    }
    while let Some(ended) = teas.join_next().await {
        ended.expect("no tea panics")?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("order: {:?}", order().await);
    sleep(Duration::from_secs(5)).await;
    println!("closed");
}
