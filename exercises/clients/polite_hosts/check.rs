mod exercise;

use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Result, Task, create_task, gather, gather_return_exceptions, sleep};
use exercise::Hosts;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A job that asks a host for so long, and fails in the end if it is to.
fn ask(hosts: &Rc<Hosts>, host: &'static str, lasts: u64, fails: bool) -> Task<()> {
    let hosts = hosts.clone();
    create_task(async move {
        let job = async || {
            let _place = check::enter(host);
            sleep(seconds(lasts)).await?;
            match fails {
                true => Err(Error::msg("no such page")),
                false => Ok(()),
            }
        };
        hosts.run(host, job).await
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let hosts = Rc::new(Hosts::new(2));
            gather([(); 6].map(|()| ask(&hosts, "north", 2, false))).await?;
            Ok(())
        });
        let claim = "two jobs ask one host at the same time";
        checks.overlap("same_host", claim, &run, "north", 2..=2);
        checks.elapsed("same_host", "the others wait for a place", &run, seconds(6));

        let run = checks.on_loop(async {
            let hosts = Rc::new(Hosts::new(3));
            let south = (0..3).map(|_| ask(&hosts, "south", 100, false));
            let south: Vec<_> = south.collect();
            gather([(); 6].map(|()| ask(&hosts, "north", 2, false))).await?;
            for task in &south {
                task.cancel();
            }
            let _: Vec<Result<()>> = gather_return_exceptions(south).await?;
            Ok(())
        });
        let claim = "a slow host holds up no other";
        checks.elapsed("other_host", claim, &run, seconds(4));
        let claim = "every host has all its places";
        checks.overlap("other_host", claim, &run, "north", 3..=3);

        let run = checks.on_loop(async {
            let hosts = Rc::new(Hosts::new(1));
            let names = ["Example.org", "example.ORG", "example.org"];
            gather(names.map(|name| ask(&hosts, name, 2, false))).await?;
            Ok(())
        });
        let claim = "upper and lower case make no other host";
        checks.elapsed("case", claim, &run, seconds(6));

        let run = checks.on_loop(async {
            let hosts = Rc::new(Hosts::new(1));
            let first = [(); 2].map(|()| ask(&hosts, "north", 2, false));
            sleep(seconds(3)).await?;
            // One has ended, and the other one asks.
            ask(&hosts, "north", 2, false).await?;
            gather(first).await?;
            Ok(())
        });
        let claim = "who comes later has no places of its own: the host still has one";
        checks.overlap("later", claim, &run, "north", 1..=1);
        checks.elapsed("later", "it waits for that one", &run, seconds(6));

        let run = checks.on_loop(async {
            let hosts = Rc::new(Hosts::new(1));
            let jobs = [(2, true), (100, false), (100, false), (2, false)];
            let jobs = jobs.map(|(lasts, fails)| ask(&hosts, "north", lasts, fails));
            sleep(seconds(3)).await?;
            jobs[1].cancel(); // It asks.
            jobs[2].cancel(); // It waits for a place.
            let ended: Vec<Result<()>> = gather_return_exceptions(jobs).await?;
            Ok(ended.iter().map(Result::is_ok).collect::<Vec<_>>())
        });
        let claim = "a job that fails or is cancelled says so";
        checks.value("places", claim, &run, &vec![false, false, false, true]);
        let claim = "it gives its place back at once";
        checks.elapsed("places", claim, &run, seconds(5));
    })
}
