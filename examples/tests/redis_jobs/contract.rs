//! What a queue promises, wherever it is, and what is said of wrong input.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use private_redis::Server;

use crate::jobs::in_process::Shared;
use crate::jobs::{Jobs, Place, in_redis, seconds, text};

/// Longer than a busy machine keeps a living worker from renewing it, which it does several times within it.
const LEASE: Duration = Duration::from_secs(1);

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// Nothing comes within it.
const SHORT: Duration = Duration::from_millis(1);

pub fn redis_keeps_it() {
    keeps_the_contract(&Place::Private(Server::start().expect("a server")));
}

pub fn a_queue_in_the_process_keeps_it() {
    keeps_the_contract(&Place::Process {
        queue: Shared::default(),
        why: "this is a test".to_owned(),
    });
}

#[track_caller]
fn take(jobs: &mut dyn Jobs) -> (String, crate::jobs::Claim) {
    let claim = jobs.take(LONG).expect("a queue").expect("a job");
    (text(&claim.job), claim)
}

/// Waits until leases have run out and something is given back.
#[track_caller]
fn recover(jobs: &mut dyn Jobs) -> Vec<String> {
    let deadline = Instant::now() + LONG;
    loop {
        let given_back = jobs.recover().expect("a queue");
        if !given_back.is_empty() {
            return given_back;
        }
        assert!(Instant::now() < deadline, "nothing is given back");
    }
}

fn keeps_the_contract(place: &Place) {
    let connect = || place.connect(LEASE).expect("a queue");
    let mut shop = connect();
    assert!(shop.pop(SHORT).expect("a queue").is_none());
    assert!(shop.take(SHORT).expect("a queue").is_none());

    // First in, first out; a claim is in the hands of one worker; equal jobs are as many as were put.
    shop.put(&[b"1", b"2", b"2", b"\xff"]).expect("a queue");
    assert_eq!(
        shop.pop(LONG).expect("a queue").as_deref(),
        Some(b"1".as_slice())
    );
    let (mut first, mut second) = (connect(), connect());
    let (one, other) = (take(&mut *first), take(&mut *second));
    assert_eq!([one.0, other.0], ["2", "2"]);
    assert_eq!(shop.count().expect("a queue"), (1, 2));
    assert!(
        shop.done(&one.1).expect("a queue"),
        "anybody may strike it off"
    );
    assert!(!shop.done(&one.1).expect("a queue"), "only once");
    assert_eq!(shop.count().expect("a queue"), (1, 1));

    // A worker that goes on living keeps its job, however long that takes.
    let begin = Instant::now();
    while begin.elapsed() < 3 * LEASE {
        assert_eq!(shop.recover().expect("a queue"), [""; 0]);
    }
    shop.set_aside(&other.1, "cold").expect("a queue");
    assert_eq!(shop.aside().expect("a queue"), ["2: cold"]);
    let (_, bytes) = take(&mut *first);
    assert_eq!(bytes.job, b"\xff");
    shop.set_aside(&bytes, "not text").expect("a queue");
    assert_eq!(shop.count().expect("a queue"), (0, 0));

    // What a dead worker had comes first, in its order.
    shop.put(&[b"3", b"4", b"5"]).expect("a queue");
    let mut dies = connect();
    let claims = (take(&mut *dies), take(&mut *dies));
    drop((dies, claims));
    let mut given_back = recover(&mut *shop);
    given_back.sort();
    assert_eq!(given_back, ["3", "4"]);
    for expected in ["3", "4", "5"] {
        let (job, claim) = take(&mut *first);
        assert_eq!(job, expected);
        assert!(first.done(&claim).expect("a queue"));
    }

    // A job that kills its workers is set aside at last.
    shop.put(&[b"6"]).expect("a queue");
    for _ in 0..4 {
        let mut dies = connect();
        let (job, claim) = take(&mut *dies);
        assert_eq!(job, "6");
        drop((dies, claim));
        assert_eq!(recover(&mut *shop), ["6"]);
    }
    assert_eq!(shop.count().expect("a queue"), (0, 0));
    let aside = shop.aside().expect("a queue");
    assert_eq!(
        aside.last().map(String::as_str),
        Some("6: 4 workers died with it")
    );
}

pub fn a_worker_outlives_a_restart() {
    let mut server = Server::start_durable().expect("a server");
    let place = Place::Given {
        url: server.url(),
        queue: "restart".to_owned(),
    };
    let mut shop = place.connect(LEASE).expect("a queue");
    let mut worker = place.connect(LEASE).expect("a queue");
    shop.put(&[b"1", b"2"]).expect("a queue");
    let (_, before) = take(&mut *worker);
    server.kill();
    server.start_again().expect("the port is still free");
    // Both connections are broken, and nobody hears of it.
    let (job, after) = take(&mut *worker);
    assert_eq!(job, "2");
    assert!(
        worker.done(&before).expect("a queue"),
        "its old lease still lives"
    );
    assert!(shop.done(&after).expect("a queue"));
    shop.put(&[b"3"]).expect("a queue");
    assert_eq!(shop.count().expect("a queue"), (1, 0));
}

pub fn a_given_server_is_left_as_it_was() {
    let server = Server::start().expect("a server");
    let client = redis::Client::open(server.url()).expect("an address");
    let mut redis = client.get_connection().expect("a server");
    redis::Commands::set::<_, _, ()>(&mut redis, "somebody's", "key").expect("a server");
    let place = Place::Given {
        url: server.url(),
        queue: "guest".to_owned(),
    };
    let mut shop = place.connect(LEASE).expect("a queue");
    shop.put(&[b"1", b"tea"]).expect("a queue");
    let (_, claim) = take(&mut *shop);
    shop.set_aside(&claim, "a test").expect("a queue");
    drop((shop, claim, place));
    // The heart may beat once more while the keys are removed; its lease ends by itself.
    let keys: Vec<String> = redis::Commands::keys(&mut redis, "*").expect("a server");
    let others = keys
        .iter()
        .filter(|key| !key.starts_with("guest:lease:") && *key != "guest:workers");
    assert!(others.eq(["somebody's"]), "{keys:?}");
}

pub fn orders_are_read() {
    let orders: [&[u8]; 11] = [
        b"0",
        b"+7",
        b"007",
        b"86400",
        b"86401",
        b"-0",
        b"",
        b"+",
        b"1.5",
        b" 1",
        b"99999999999999999999999",
    ];
    assert_eq!(
        orders.map(seconds),
        [
            Ok(0),
            Ok(7),
            Ok(7),
            Ok(86_400),
            Err("longer than a day"),
            Err("negative"),
            Err("not a number"),
            Err("not a number"),
            Err("not a number"),
            Err("not a number"),
            Err("longer than a day"),
        ]
    );
    assert_eq!(seconds("\u{663}".as_bytes()), Err("not a number"));
    assert_eq!(seconds(b"\xff"), Err("not text"));
}

#[track_caller]
fn said(url: &str) -> String {
    in_redis::check(url, LEASE)
        .expect_err("it is wrong")
        .to_string()
}

pub fn wrong_addresses_are_named() {
    assert!(said("tea").starts_with("no address: "), "{}", said("tea"));
    assert!(
        said("http://127.0.0.1/").starts_with("no address: "),
        "{}",
        said("http://127.0.0.1/")
    );
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let silent = said(&format!("redis://:secret@{address}"));
    assert!(
        silent.starts_with(&format!("no server answers at {address}: "))
            && !silent.contains("secret"),
        "{silent}"
    );
    drop(listener);
    let refused = said(&format!("redis://:secret@{address}"));
    assert!(
        refused.starts_with(&format!("no server answers at {address}: "))
            && !refused.contains("secret"),
        "{refused}"
    );
}

pub fn a_server_that_wants_a_password_is_named() {
    let server = Server::start().expect("a server");
    let url = server.url();
    let (_, address) = url.split_once('@').expect("a password before the address");
    let refused = said(&format!("redis://{address}"));
    assert!(
        refused.starts_with(&format!("no server answers at {address}: "))
            && refused.contains("Authentication required"),
        "{refused}"
    );
}
