
#[test]
fn {{name}}_todo() {
    let (event_loop, trace) = (crate::harness::virtual_loop(), crate::harness::Trace::new());
    let log = trace.clone();
    let main = async move {
        log.say("TODO");
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("{{code}}");
}
