mod exercise;

use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Result, gather};
use exercise::Prices;

const SECOND: Duration = Duration::from_secs(1);

/// Asks for a price, and says what came of it.
async fn ask(prices: Rc<Prices>, tea: &'static str) -> Result<String> {
    Ok(match prices.get(tea).await {
        Ok(price) => price.to_string(),
        Err(error) => error.to_string(),
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let prices = Rc::new(Prices::default());
            let guests = ["green", "green", "mint", "green"].map(|tea| ask(prices.clone(), tea));
            gather(guests).await
        });
        checks.value(
            "prices",
            "every guest gets the price",
            &run,
            &["7", "7", "5", "7"].map(str::to_owned).to_vec(),
        );
        let claim = "one call is made for each tea, and not for each guest";
        checks.equal_in("calls", claim, &run, &2, |_| run.entered("call"));
        checks.overlap(
            "overlap",
            "the calls for two teas are made at the same time",
            &run,
            "call",
            2..=2,
        );
        checks.elapsed("time", "it takes as long as one call", &run, 2 * SECOND);

        let run = checks.on_loop(async {
            let prices = Rc::new(Prices::default());
            ask(prices.clone(), "mint").await?;
            ask(prices, "mint").await
        });
        checks.value(
            "later",
            "a price is known from then on",
            &run,
            &"5".to_owned(),
        );
        checks.elapsed(
            "later_time",
            "a known price is given at once",
            &run,
            2 * SECOND,
        );

        let run = checks.on_loop(async {
            let prices = Rc::new(Prices::default());
            let guests = [(); 3].map(|()| ask(prices.clone(), "coffee"));
            let mut heard = gather(guests).await?;
            heard.push(ask(prices, "coffee").await?);
            Ok(heard)
        });
        checks.value(
            "failure",
            "a failure reaches all who wait",
            &run,
            &vec!["no price for coffee".to_owned(); 4],
        );
        let claim = "whoever asks after a failure makes a new call";
        checks.equal_in("anew", claim, &run, &2, |_| run.entered("call"));
    })
}
