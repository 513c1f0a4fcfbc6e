//! A browser, driven by the WebDriver protocol: JSON over HTTP, one request after the other.
//!
//! The crates for this bring a whole HTTP client along; what is needed here fits in a page.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

const CHROMIUM: &str = "/usr/bin/chromium";
const CHROMEDRIVER: &str = "/usr/bin/chromedriver";

/// Longer than anything that the page does on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// What waits for this long waits for a compiler.
pub const LONGEST: Duration = Duration::from_secs(600);

/// The keys that are not characters, as the protocol calls them.
const CONTROL: char = '\u{E009}';
pub const BACKSPACE: char = '\u{E003}';
pub const LEFT: char = '\u{E012}';
pub const RIGHT: char = '\u{E014}';
pub const DOWN: char = '\u{E015}';
pub const HOME: char = '\u{E011}';
pub const ENTER: char = '\u{E007}';
pub const ESCAPE: char = '\u{E00C}';
pub const END: char = '\u{E010}';

/// Says what is missing, if anything is.
pub fn missing() -> Option<String> {
    [CHROMIUM, CHROMEDRIVER]
        .into_iter()
        .find(|program| !Path::new(program).is_file())
        .map(|program| format!("there is no {program}"))
}

/// One browser with a profile of its own; it ends with the value.
pub struct Browser {
    driver: Child,
    /// Held open, because the driver goes on writing.
    _stdout: BufReader<ChildStdout>,
    port: u16,
    session: String,
    _profile: TempDir,
}

/// Starts a driver, and gives its port.
///
/// It takes any free port of IPv4, and ends if the same one is taken on IPv6: so there is another try.
fn start_driver() -> Result<(Child, BufReader<ChildStdout>, u16)> {
    for _ in 0..10 {
        let mut driver = Command::new(CHROMEDRIVER)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start chromedriver")?;
        let mut stdout = BufReader::new(driver.stdout.take().context("a pipe")?);
        let mut line = String::new();
        while stdout.read_line(&mut line)? > 0 {
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                let port = port.trim().trim_end_matches('.').parse()?;
                return Ok((driver, stdout, port));
            }
            line.clear();
        }
        driver.wait()?;
    }
    bail!("chromedriver ended ten times before it said its port")
}

impl Browser {
    /// Starts a browser whose pages have this size, in CSS pixels.
    pub fn start((width, height): (u32, u32), phone: bool, dark: bool) -> Result<Browser> {
        let profile = tempfile::tempdir()?;
        let (driver, stdout, port) = start_driver()?;
        let mut browser = Browser {
            driver,
            _stdout: stdout,
            port,
            session: String::new(),
            _profile: profile,
        };
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ];
        let mut args: Vec<String> = args.map(str::to_owned).to_vec();
        let folder = browser._profile.path().display();
        args.push(format!("--user-data-dir={folder}"));
        let answer = browser.send(
            "POST",
            "/session",
            &json!({"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": {"binary": CHROMIUM, "args": args},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }}}),
        )?;
        browser.session = text(&answer["sessionId"]);
        browser.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}),
        )?;
        browser.devtools(
            "Emulation.setTouchEmulationEnabled",
            json!({"enabled": phone}),
        )?;
        // Somebody may be writing in the book meanwhile: its pages must not reload by themselves.
        let deaf = "window.EventSource = class { close() {} };";
        browser.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({"source": deaf}),
        )?;
        let scheme = if dark { "dark" } else { "light" };
        browser.devtools(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        )?;
        Ok(browser)
    }

    pub fn open(&self, address: &str) -> Result<()> {
        self.command("POST", "/url", json!({"url": address}))?;
        Ok(())
    }

    pub fn reload(&self) -> Result<()> {
        self.command("POST", "/refresh", json!({}))?;
        Ok(())
    }

    /// The value of an expression in the page.
    pub fn get(&self, expression: &str) -> Result<Value> {
        let script = json!({"script": format!("return {expression};"), "args": []});
        self.command("POST", "/execute/sync", script)
    }

    pub fn get_text(&self, expression: &str) -> Result<String> {
        Ok(text(&self.get(expression)?))
    }

    /// Waits until the expression is true; the page looks at it once a frame.
    pub fn wait_until(&self, expression: &str) -> Result<()> {
        self.wait_within(DEADLINE, expression)
    }

    pub fn wait_within(&self, deadline: Duration, expression: &str) -> Result<()> {
        let deadline = json!({"script": deadline.as_millis() as u64});
        self.command("POST", "/timeouts", deadline)?;
        let script = format!(
            "const tell = arguments[0];
            const look = () => {{ if ({expression}) tell(true); else requestAnimationFrame(look); }};
            look();"
        );
        let script = json!({"script": script, "args": []});
        self.command("POST", "/execute/async", script)
            .with_context(|| format!("never became true: {expression}"))?;
        Ok(())
    }

    /// Clicks where a reader would: in the middle of what the expression names.
    pub fn click(&self, expression: &str) -> Result<()> {
        // The page's own header would cover what is only just in view, and an editor that grows or shrinks moves what is below it.
        let script = format!(
            "const [tell] = arguments, element = {expression};
            let last;
            const look = () => {{
                element.scrollIntoView({{block: 'center', behavior: 'instant'}});
                const {{x, y}} = element.getBoundingClientRect();
                if (last === `${{x}} ${{y}}`) return tell(element);
                last = `${{x}} ${{y}}`;
                requestAnimationFrame(() => requestAnimationFrame(look));
            }};
            look();"
        );
        let element = self
            .command(
                "POST",
                "/execute/async",
                json!({"script": script, "args": []}),
            )
            .with_context(|| format!("cannot find {expression}"))?;
        let id = element
            .as_object()
            .and_then(|object| object.values().next());
        let id = id.with_context(|| format!("there is no {expression}"))?;
        self.command("POST", &format!("/element/{}/click", text(id)), json!({}))
            .with_context(|| format!("cannot click on {expression}"))?;
        Ok(())
    }

    /// Types characters and other keys, one after the other, to whatever has the focus.
    pub fn type_keys(&self, keys: &str) -> Result<()> {
        let actions = keys
            .chars()
            .flat_map(|key| [("keyDown", key), ("keyUp", key)]);
        self.act(actions)
    }

    /// Presses a key while the control key is held.
    pub fn control(&self, key: char) -> Result<()> {
        self.act([
            ("keyDown", CONTROL),
            ("keyDown", key),
            ("keyUp", key),
            ("keyUp", CONTROL),
        ])
    }

    fn act(&self, keys: impl IntoIterator<Item = (&'static str, char)>) -> Result<()> {
        let actions: Vec<Value> = keys
            .into_iter()
            .map(|(kind, key)| json!({"type": kind, "value": key.to_string()}))
            .collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.command("POST", "/actions", json!({"actions": [keyboard]}))?;
        Ok(())
    }

    /// The page as it is now; this needs no scripts.
    pub fn html(&self) -> Result<String> {
        let root = self.devtools("DOM.getDocument", json!({"depth": 0}))?;
        let node = json!({"nodeId": root["root"]["nodeId"]});
        Ok(text(&self.devtools("DOM.getOuterHTML", node)?["outerHTML"]))
    }

    /// The width and the height of the first element of the kind; this needs no scripts.
    pub fn size(&self, selector: &str) -> Result<(f64, f64)> {
        let root = self.devtools("DOM.getDocument", json!({"depth": 0}))?;
        let wanted = json!({"nodeId": root["root"]["nodeId"], "selector": selector});
        let node = self.devtools("DOM.querySelector", wanted)?;
        let model = self.devtools("DOM.getBoxModel", json!({"nodeId": node["nodeId"]}))?;
        let size = |name: &str| model["model"][name].as_f64().unwrap_or(0.0);
        Ok((size("width"), size("height")))
    }

    /// What the page complained of since the last call: errors, warnings, violations of its policy.
    pub fn complaints(&self) -> Result<Vec<String>> {
        let entries = self.log("browser")?;
        Ok(entries
            .iter()
            .map(|entry| format!("{}: {}", text(&entry["level"]), text(&entry["message"])))
            .collect())
    }

    /// The addresses that were asked for since the last call, by any page.
    pub fn requests(&self) -> Result<Vec<String>> {
        let mut addresses = Vec::new();
        for entry in self.log("performance")? {
            let event: Value = serde_json::from_str(&text(&entry["message"]))?;
            if event["message"]["method"] == "Network.requestWillBeSent" {
                addresses.push(text(&event["message"]["params"]["request"]["url"]));
            }
        }
        Ok(addresses)
    }

    fn log(&self, kind: &str) -> Result<Vec<Value>> {
        let entries = self.command("POST", "/se/log", json!({"type": kind}))?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }

    /// The visible part of the page as a PNG file.
    pub fn screenshot(&self) -> Result<Vec<u8>> {
        let encoded = self.command("GET", "/screenshot", Value::Null)?;
        base64(&text(&encoded)).context("a screenshot that is not base64")
    }

    pub fn devtools(&self, method: &str, params: Value) -> Result<Value> {
        let command = json!({"cmd": method, "params": params});
        self.command("POST", "/goog/cdp/execute", command)
    }

    fn command(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        self.send(method, &format!("/session/{}{path}", self.session), &body)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        // The driver has limits of its own; this is for a driver that hangs.
        stream.set_read_timeout(Some(LONGEST))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        // The driver's children may hold the connection open, so its end says nothing.
        let mut stream = BufReader::new(stream);
        let mut status = String::new();
        stream.read_line(&mut status)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            match line.trim().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse()?;
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let value = serde_json::from_slice::<Value>(&body)?["value"].take();
        if !status.starts_with("HTTP/1.1 200") {
            bail!("{}: {}", text(&value["error"]), text(&value["message"]));
        }
        ensure!(
            value["error"].is_null(),
            "the browser refuses {path}: {value}"
        );
        Ok(value)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Without this the browser would go on after its driver.
        if !self.session.is_empty() {
            let _ = self.command("DELETE", "", Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Text without quotation marks; anything else as JSON.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for digit in text.bytes().take_while(|digit| *digit != b'=') {
        bits = bits << 6 | DIGITS.iter().position(|d| *d == digit)? as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}
