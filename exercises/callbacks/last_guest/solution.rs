use asyncio::{Promise, Result, Task, get_running_loop};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Gives a promise of the teas that were made, filled when all tasks have ended.
pub fn all_done(tasks: &[Task<&'static str>]) -> Result<Promise<Vec<&'static str>>> {
    let report = get_running_loop()?.create_promise();
    if tasks.is_empty() {
        report.set_result(Vec::new())?;
    }
    let made = Rc::new(RefCell::new(Vec::new()));
    let left = Rc::new(Cell::new(tasks.len()));
    for task in tasks {
        let (report, made, left) = (report.clone(), made.clone(), left.clone());
        task.add_done_callback(move |task| {
            // Every end counts, and only a success has something to add.
            if let Ok(tea) = task.result() {
                made.borrow_mut().push(tea);
            }
            left.set(left.get() - 1);
            if left.get() == 0 {
                report.set_result(made.take())
            } else {
                Ok(())
            }
        });
    }
    Ok(report)
}
