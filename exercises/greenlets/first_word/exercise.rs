use corosensei::{Coroutine, Yielder};

type Guest = Yielder<&'static str, ()>;

fn ask(guest: &Guest, question: &str) -> &'static str {
    println!("{question}?");
    guest.suspend(())
}

fn main() {
    let mut waiter = Coroutine::new(|guest: &Guest, word| {
        println!("heard: {word}");
        let tea = ask(guest, "which tea");
        let milk = ask(guest, "milk");
        println!("{tea} tea, milk: {milk}");
    });
    println!("the door opens");
    for word in ["hello", "green", "no"] {
        waiter.resume(word);
        println!("said: {word}");
    }
}
