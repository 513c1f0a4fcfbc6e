//! What a reader does on a page.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use workbook::book::Book;

use crate::site::{self, Server};
use crate::webdriver::{BACKSPACE, Browser, DOWN, END, ENTER, ESCAPE, HOME, LONGEST};

/// The page knows that it may run programs.
pub const READY: &str = "document.querySelector('.run-main')?.title === 'Run (Ctrl-Enter)'";

/// The page knows that nobody here runs its programs.
pub const ELSEWHERE: &str =
    "[...document.querySelectorAll('.run-main')].some((button) => button.textContent.includes('play.rust-lang.org'))";

/// The first program of the chapter on coroutines, which uses this project's library.
const FIRST: &str = "document.querySelector('.program:has(.language-rust)')";

/// The box of the example.
pub const EXAMPLE: &str = "document.querySelector('.program:has([type=text])')";

pub const SMALL: (u32, u32) = (390, 844);
pub const LARGE: (u32, u32) = (1280, 800);

/// The first program of the page that has such a part.
fn program_with(selector: &str) -> String {
    format!("document.querySelector('.program:has({selector})')")
}

pub fn button(program: &str, name: &str) -> String {
    format!("[...{program}.querySelectorAll('button')].find((button) => button.textContent === '{name}')")
}

pub fn printed(program: &str) -> String {
    format!("[...{program}.querySelectorAll('.run-stdout .run-text')].map((part) => part.textContent).join('')")
}

pub fn ending(program: &str) -> String {
    format!("{program}.querySelector('.run-end')?.textContent")
}

/// What the editor holds.
pub fn text(program: &str) -> String {
    format!("ace.edit({program}.querySelector('.run-editor')).getValue()")
}

const EDITS: &str = "Object.keys(localStorage).filter((key) => key.startsWith('workbook.edit:')).length";

#[track_caller]
pub fn check_equal(found: &str, wanted: &str) -> Result<()> {
    ensure!(found == wanted, "found {found:?}, wanted {wanted:?}");
    Ok(())
}

/// Runs the program by its button, and waits for this end.
pub fn run(browser: &Browser, program: &str, end: &str) -> Result<()> {
    browser.click(&format!("{program}.querySelector('.run-main')"))?;
    // The crates may still have to be compiled.
    browser.wait_within(LONGEST, &format!("{}?.includes('{end}')", ending(program)))
}

/// Goes to the end of a line of the open editor.
pub fn go_to_end_of_line(browser: &Browser, line: usize) -> Result<()> {
    browser.control(HOME)?;
    browser.type_keys(&DOWN.to_string().repeat(line - 1))?;
    browser.type_keys(&END.to_string())
}

pub fn take_picture(browser: &Browser, name: &str) -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), browser.screenshot()?)?;
    Ok(())
}

/// Holds the pages to what every page owes: no complaint of the browser, and no request to another machine.
pub fn check_quiet(browser: &Browser, address: &str) -> Result<()> {
    let complaints = browser.complaints()?;
    ensure!(complaints.is_empty(), "{complaints:#?}");
    check_requests(browser, address)
}

pub fn check_requests(browser: &Browser, address: &str) -> Result<()> {
    let requests = browser.requests()?;
    ensure!(!requests.is_empty(), "no request was seen");
    // The browser begins with a page of its own.
    let foreign = requests.iter().filter(|request| {
        let own = [address, "data:", "chrome:"];
        !own.iter().any(|start| request.starts_with(start))
    });
    let foreign: Vec<_> = foreign.collect();
    ensure!(foreign.is_empty(), "requests elsewhere: {foreign:#?}");
    Ok(())
}

pub fn a_program_is_run_edited_stopped_and_reset() -> Result<()> {
    let (address, token, _turn) = site::served_alone()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/coroutine.html#token={token}"))?;
    browser.wait_until(READY)?;
    let page = browser.get_text("location.href")?;
    check_equal(&page, &format!("{address}/coroutine.html"))?;

    // What the program prints is what the book says, in the next block.
    run(&browser, FIRST, "Ended after")?;
    let promised = browser.get_text("document.querySelector('.language-text.output').textContent")?;
    check_equal(&browser.get_text(&printed(FIRST))?, &promised)?;
    let original = browser.get_text(&format!("{FIRST}.querySelector('code').textContent"))?;
    let served = original.lines().position(|line| line.contains("println!(\"served"));
    let line = served.context("the program prints `served`")? + 1;

    // A mistake is shown at its line.
    browser.click(&button(FIRST, "Edit"))?;
    go_to_end_of_line(&browser, line)?;
    let mistake = " let cups: u32 = \"two\";";
    browser.type_keys(mistake)?;
    let wrong = browser.get_text(&text(FIRST))?;
    ensure!(wrong.lines().nth(line - 1).unwrap_or("").ends_with(mistake));
    browser.control(ENTER)?;
    browser.wait_until(&format!("{} === 'Does not compile.'", ending(FIRST)))?;
    let said = browser.get_text(&format!("{FIRST}.querySelector('.run-compiler').textContent"))?;
    ensure!(said.contains("error[E0308]: mismatched types"), "{said}");
    let marked = browser.get_text(&format!("{FIRST}.querySelector('.ace_gutter-cell.ace_error').textContent"))?;
    check_equal(&marked, &line.to_string())?;
    take_picture(&browser, "compile-error.png")?;
    browser.click(&format!("{FIRST}.querySelector('.run-place')"))?;
    let cursor = browser.get(&format!("ace.edit({FIRST}.querySelector('.run-editor')).getCursorPosition()"))?;
    ensure!(cursor["row"] == line - 1, "the cursor is at {cursor}");

    // Mended, it is the book's text again, and no edit.
    browser.type_keys(&END.to_string())?;
    browser.type_keys(&BACKSPACE.to_string().repeat(mistake.len()))?;
    check_equal(&browser.get_text(&text(FIRST))?, &original)?;
    check_equal(&browser.get_text(EDITS)?, "0")?;
    browser.type_keys(&format!("{ENTER}println!(\"the reader speaks\");"))?;
    run(&browser, FIRST, "Ended after")?;
    let mine = promised.replace("served tea\n", "served tea\nthe reader speaks\n");
    check_equal(&browser.get_text(&printed(FIRST))?, &mine)?;

    // The edit outlives the page.
    let edited = browser.get_text(&text(FIRST))?;
    browser.reload()?;
    browser.wait_until(READY)?;
    check_equal(&browser.get_text(&text(FIRST))?, &edited)?;
    run(&browser, FIRST, "Ended after")?;
    check_equal(&browser.get_text(&printed(FIRST))?, &mine)?;
    browser.get(&format!("{FIRST}.scrollIntoView({{block: 'center'}})"))?;
    take_picture(&browser, "edited.png")?;

    // What does not end is stopped, by the reader or by the limit.
    browser.click(&format!("{FIRST}.querySelector('.ace_content')"))?;
    go_to_end_of_line(&browser, line + 1)?;
    browser.type_keys(" loop {}")?;
    browser.control(ENTER)?;
    let begun = format!("{} === 'served tea\\nthe reader speaks\\n'", printed(FIRST));
    browser.wait_until(&begun)?;
    browser.type_keys(&ESCAPE.to_string())?;
    browser.wait_until(&format!("{}?.startsWith('Stopped by you')", ending(FIRST)))?;
    run(&browser, FIRST, "Stopped at the limit of time: it was stopped after 3 s.")?;

    // The book's text comes back, and stays.
    browser.click(&button(FIRST, "Reset"))?;
    check_equal(&browser.get_text(&text(FIRST))?, &original)?;
    check_equal(&browser.get_text(EDITS)?, "0")?;
    browser.reload()?;
    browser.wait_until(READY)?;
    check_equal(&browser.get_text("document.querySelectorAll('.run-editor').length")?, "0")?;

    // Programs that must fail do so as the book says.
    let panics = program_with(".should_panic");
    run(&browser, &panics, "Panicked after")?;
    ensure!(browser.get(&format!("{panics}.querySelector('.run-stderr') !== null"))? == true);
    run(&browser, &program_with(".compile_fail"), "as the book says")?;

    hidden_lines_are_sent_and_can_be_seen(&browser)?;
    check_quiet(&browser, &address)
}

/// The program's `main` is hidden.
fn hidden_lines_are_sent_and_can_be_seen(browser: &Browser) -> Result<()> {
    let program = program_with(".boring");
    run(browser, &program, "Ended after")?;
    let shown = format!("{program}.querySelector('.boring').offsetHeight > 0");
    ensure!(browser.get(&shown)? == false);
    browser.click(&button(&program, "Show hidden lines"))?;
    ensure!(browser.get(&shown)? == true);
    browser.click(&button(&program, "Hide lines"))?;
    let whole = browser.get_text(&format!("{program}.querySelector('code').textContent"))?;
    browser.click(&button(&program, "Edit"))?;
    check_equal(&browser.get_text(&text(&program))?, &whole)?;
    let folds = format!("{program}.querySelectorAll('.ace_fold').length");
    browser.wait_until(&format!("{folds} > 0"))?;
    take_picture(browser, "hidden-lines.png")?;
    browser.click(&button(&program, "Show hidden lines"))?;
    browser.wait_until(&format!("{folds} === 0"))
}

pub fn an_example_runs_on_a_phone_in_the_dark() -> Result<()> {
    let (address, token, _turn) = site::served_alone()?;
    let browser = Browser::start(SMALL, true, true)?;
    browser.open(&format!("{address}/gather_wait.html#token={token}"))?;
    browser.wait_until(READY)?;
    ensure!(browser.get("document.documentElement.classList.contains('navy')")? == true);

    browser.click(&format!("{EXAMPLE}.querySelector('[type=text]')"))?;
    browser.type_keys(&format!("gather{ENTER}"))?;
    browser.wait_within(LONGEST, &format!("{}?.startsWith('Ended after')", ending(EXAMPLE)))?;
    let transcript = project().join("examples/gather_wait.txt");
    let transcript = fs::read_to_string(transcript)?;
    let first = transcript.find("\n== ").map_or(&*transcript, |end| &transcript[..=end]);
    check_equal(&browser.get_text(&printed(EXAMPLE))?, first)?;
    take_picture(&browser, "phone-example.png")?;

    let program = program_with(".language-rust");
    run(&browser, &program, "Ended after")?;
    browser.click(&button(&program, "Edit"))?;
    take_picture(&browser, "phone-program.png")?;
    let width = browser.get("document.documentElement.scrollWidth")?;
    ensure!(width == SMALL.0, "the page is {width} pixels wide");
    check_quiet(&browser, &address)
}

/// A book of one page and one program, with the page script and nothing else: mdBook leaves its editor out.
pub fn small_book(folder: &Path) -> Result<()> {
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().context("a folder")?)?;
        fs::write(file, text).context("a writable temporary folder")
    };
    write(
        "book.toml",
        "[book]\ntitle = \"Small\"\n[output.html]\nadditional-js = [\"run.js\"]\nadditional-css = [\"run.css\"]\n[output.html.playground]\nrunnable = false\n",
    )?;
    write("src/SUMMARY.md", "# Summary\n\n- [One](one.md)\n")?;
    write("src/one.md", "# One\n\n```rust\nfn main() {\n    println!(\"small\");\n}\n```\n")?;
    for name in ["run.js", "run.css"] {
        let text = fs::read_to_string(project().join("book/theme").join(name))?;
        write(name, &text)?;
    }
    Ok(())
}

/// The only program of the small book.
pub const ONLY: &str = "document.querySelector('.program')";

pub fn an_edit_outlives_the_server() -> Result<()> {
    let book = tempfile::tempdir()?;
    small_book(book.path())?;
    let browser = Browser::start(LARGE, false, false)?;
    let mut server = Server::start(Some(book.path()))?;
    let address = server.address.clone();
    let port = address.rsplit(':').next().context("a port")?.to_owned();
    for edit in ["// one\n", "// two\n"] {
        let token = &server.token;
        browser.open(&format!("{address}/one.html#token={token}"))?;
        browser.wait_until(READY)?;
        run(&browser, ONLY, "Ended after")?;
        let before = browser.get_text(&format!("{ONLY}.querySelector('textarea')?.value ?? ''"))?;
        if before.is_empty() {
            browser.click(&button(ONLY, "Edit"))?;
        } else {
            check_equal(&before[..edit.len()], "// one\n")?;
            browser.click(&format!("{ONLY}.querySelector('textarea')"))?;
        }
        browser.control(HOME)?;
        browser.type_keys(&edit.replace('\n', &ENTER.to_string()))?;
        drop(server);
        server = Server::start_on(Some(book.path()), &port)?;
    }
    // The new key comes with the new start; the old page had another.
    browser.open("about:blank")?;
    browser.open(&format!("{address}/one.html#token={}", server.token))?;
    browser.wait_until(READY)?;
    let kept = browser.get_text(&format!("{ONLY}.querySelector('textarea').value"))?;
    check_equal(&kept, "// two\n// one\nfn main() {\n    println!(\"small\");\n}")?;
    run(&browser, ONLY, "Ended after")
}

pub fn without_its_editor_a_program_is_edited_in_the_browsers_own() -> Result<()> {
    let book = tempfile::tempdir()?;
    small_book(book.path())?;
    let server = Server::start(Some(book.path()))?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{}/one.html#token={}", server.address, server.token))?;
    browser.wait_until(READY)?;
    ensure!(browser.get("window.ace === undefined")? == true);
    run(&browser, ONLY, "Ended after")?;
    browser.click(&button(ONLY, "Edit"))?;
    browser.control(HOME)?;
    browser.type_keys(&format!("{DOWN}{END}"))?;
    browser.type_keys(" let x: u8 = \"a\";")?;
    browser.control(ENTER)?;
    browser.wait_within(LONGEST, &format!("{} === 'Does not compile.'", ending(ONLY)))?;
    // The compiler's place leads into the text.
    browser.click(&format!("{ONLY}.querySelector('.run-place')"))?;
    browser.type_keys("5 +")?;
    let area = format!("{ONLY}.querySelector('textarea').value");
    let edited = browser.get_text(&area)?;
    ensure!(edited.contains("let x: u8 = 5 +\"a\";"), "{edited}");
    browser.click(&button(ONLY, "Reset"))?;
    check_equal(&browser.get_text(&area)?, "fn main() {\n    println!(\"small\");\n}")?;
    run(&browser, ONLY, "Ended after")?;
    check_equal(&browser.get_text(&printed(ONLY))?, "small\n")?;
    check_quiet(&browser, &server.address)
}

pub fn limits_that_a_system_lacks_are_named() -> Result<()> {
    let book = tempfile::tempdir()?;
    small_book(book.path())?;
    let server = Server::start(Some(book.path()))?;
    let browser = Browser::start(LARGE, false, false)?;
    let page = format!("{}/one.html#token={}", server.address, server.token);
    browser.open(&page)?;
    browser.wait_until(READY)?;
    let named = "document.querySelector('.run-missing')?.textContent";
    ensure!(browser.get(named)? == Value::Null, "Linux has all limits");
    // As a server on another system answers.
    let elsewhere = "const real = window.fetch; window.fetch = async (path, ...more) => {
        const answer = await real(path, ...more);
        if (path !== '/status') return answer;
        return new Response(JSON.stringify({...await answer.json(), missing: ['one', 'two']}));
    };";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": elsewhere}))?;
    browser.reload()?;
    let words = "What you run here has fewer limits than on Linux: one; two.";
    browser.wait_until(&format!("{named} === '{words}'"))?;
    check_quiet(&browser, &server.address)
}

pub fn a_page_without_the_key_says_where_it_is() -> Result<()> {
    let (address, _) = site::served()?;
    let browser = Browser::start(LARGE, false, false)?;
    let locked = "document.querySelector('.run-main')?.title.includes('no key')";
    // The key of an earlier start is as good as none.
    for key in ["", "#token=0123456789abcdef"] {
        browser.open(&format!("{address}/coroutine.html{key}"))?;
        browser.wait_until(locked)?;
        run(&browser, FIRST, "open the address")?;
    }
    take_picture(&browser, "no-key.png")?;
    check_requests(&browser, &address)?;
    // The server refuses to say more, which the browser notes.
    let complaints = browser.complaints()?;
    let asked = |complaint: &String| {
        let paths = ["/status", "/exercises"];
        paths.iter().any(|path| complaint.contains(&format!("{address}{path} ")))
    };
    ensure!(complaints.iter().all(asked), "{complaints:#?}");
    Ok(())
}

pub fn a_page_from_elsewhere_says_what_to_do() -> Result<()> {
    let pages = tempfile::tempdir()?;
    Book::find(None)?.render(pages.path())?;
    let files = format!("file://{}", pages.path().display());
    let server = site::serve_files(pages.path())?;
    let browser = Browser::start(LARGE, false, false)?;
    for address in [&files, &server] {
        browser.open(&format!("{address}/coroutine.html"))?;
        browser.wait_until(ELSEWHERE)?;
        run(&browser, FIRST, "this book\\'s library")?;
        run(&browser, EXAMPLE, "cargo run --example coroutine")?;
        let said = browser.get_text(&ending(FIRST))?;
        ensure!(said.contains("start `cargo run`"), "{said}");

        // The other site would get the program on a click, and only then.
        browser.get("window.open = (address) => { window.opened = address; }")?;
        let name = "Run on play.rust-lang.org";
        let program = format!(
            "[...document.querySelectorAll('.program')].find((program) => program.querySelector('.run-main').textContent === '{name}')"
        );
        let code = browser.get_text(&format!("{program}.querySelector('code').textContent"))?;
        let keys = "new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true, bubbles: true})";
        browser.get(&format!("{program}.querySelector('.run-main').dispatchEvent({keys})"))?;
        browser.wait_until(&format!("{}?.startsWith('Press “{name}”')", ending(&program)))?;
        ensure!(browser.get("window.opened")? == Value::Null);
        run(&browser, &program, "another tab")?;
        let opened = browser.get_text("window.opened")?;
        let sent = opened.strip_prefix("https://play.rust-lang.org/?version=stable&mode=debug&edition=2024&code=");
        let sent = percent_decode_str(sent.context(opened.clone())?).decode_utf8()?;
        check_equal(&sent, &code)?;
        take_picture(&browser, "elsewhere.png")?;
        check_requests(&browser, address)?;
        // A plain web server is not even asked whether it is the workbook's.
        let complaints = browser.complaints()?;
        ensure!(complaints.is_empty(), "{complaints:#?}");
    }
    Ok(())
}

pub fn project() -> PathBuf {
    workbook::programs::cargo::workspace()
}
