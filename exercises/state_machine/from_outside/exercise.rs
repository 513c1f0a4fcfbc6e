use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Is ready when it is polled for the second time.
struct Second(bool);

impl Future for Second {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

async fn inner() {
    println!("inner begins");
    Second(false).await;
    println!("inner goes on");
}

async fn outer() {
    println!("outer begins");
    inner().await;
    println!("outer goes on");
}

fn main() {
    let mut future = pin!(outer());
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        println!("poll");
        if future.as_mut().poll(&mut cx).is_ready() {
            break;
        }
    }
}
