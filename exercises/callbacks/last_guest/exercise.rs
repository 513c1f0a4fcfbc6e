use asyncio::{Error, Promise, Result, Task, get_running_loop};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Gives a promise of the teas that were made, filled when all tasks have ended.
pub fn all_done(tasks: &[Task<&'static str>]) -> Result<Promise<Vec<&'static str>>> {
    let report = get_running_loop()?.create_promise();
    let made = Rc::new(RefCell::new(Vec::new()));
    let left = Rc::new(Cell::new(tasks.len()));
    for task in tasks {
        let (report, made, left) = (report.clone(), made.clone(), left.clone());
        task.add_done_callback(move |task| {
            made.borrow_mut().push(task.result()?);
            left.set(left.get() - 1);
            if left.get() == 0 {
                report.set_result(made.take())?;
            }
            Ok::<_, Error>(())
        });
    }
    Ok(report)
}
