//! A browser, driven by the WebDriver protocol: JSON over HTTP, one request after the other.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

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
    http: Agent,
    /// Where the driver takes commands for this browser.
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
            http: Agent::config_builder()
                // The driver has limits of its own; this is for a driver that hangs.
                .timeout_global(Some(LONGEST))
                .http_status_as_error(false)
                .build()
                .into(),
            session: format!("http://127.0.0.1:{port}/session"),
            _profile: profile,
        };
        let folder = format!("--user-data-dir={}", browser._profile.path().display());
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &folder,
        ];
        let wanted = json!({"alwaysMatch": {
            "goog:chromeOptions": {"binary": CHROMIUM, "args": args},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }});
        let answer = browser.command("", json!({"capabilities": wanted}))?;
        browser.session += &format!("/{}", text(&answer["sessionId"]));
        browser.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}),
        )?;
        browser.devtools("Emulation.setTouchEmulationEnabled", json!({"enabled": phone}))?;
        // Somebody may be writing in the book meanwhile: its pages must not reload by themselves.
        let deaf = "window.EventSource = class { close() {} };";
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": deaf}))?;
        let scheme = if dark { "dark" } else { "light" };
        browser.devtools(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        )?;
        Ok(browser)
    }

    pub fn open(&self, address: &str) -> Result<()> {
        self.command("/url", json!({"url": address}))?;
        Ok(())
    }

    pub fn reload(&self) -> Result<()> {
        self.command("/refresh", json!({}))?;
        Ok(())
    }

    /// The value of an expression in the page.
    pub fn get(&self, expression: &str) -> Result<Value> {
        self.execute("sync", format!("return {expression};"))
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
        self.command("/timeouts", deadline)?;
        let script = format!(
            "const tell = arguments[0];
            const look = () => {{ if ({expression}) tell(true); else requestAnimationFrame(look); }};
            look();"
        );
        self.execute("async", script).with_context(|| format!("never became true: {expression}"))?;
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
        let element = self.execute("async", script).with_context(|| format!("cannot find {expression}"))?;
        // An object whose one key is the protocol's word for an element.
        let id = element.as_object().and_then(|object| object.values().next());
        let id = text(id.with_context(|| format!("there is no {expression}"))?);
        self.command(&format!("/element/{id}/click"), json!({}))
            .with_context(|| format!("cannot click on {expression}"))?;
        Ok(())
    }

    /// Types characters and other keys, one after the other, to whatever has the focus.
    pub fn type_keys(&self, keys: &str) -> Result<()> {
        let press = |key| [("keyDown", key), ("keyUp", key)];
        self.act(keys.chars().flat_map(press))
    }

    /// Presses a key while the control key is held.
    pub fn control(&self, key: char) -> Result<()> {
        let press = [("keyDown", key), ("keyUp", key), ("keyUp", CONTROL)];
        self.act([("keyDown", CONTROL)].into_iter().chain(press))
    }

    fn act(&self, keys: impl Iterator<Item = (&'static str, char)>) -> Result<()> {
        let actions = keys.map(|(kind, key)| json!({"type": kind, "value": key}));
        let actions: Vec<Value> = actions.collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.command("/actions", json!({"actions": [keyboard]}))?;
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
        let entries = self.log("browser")?.into_iter();
        let said = |entry: Value| format!("{}: {}", text(&entry["level"]), text(&entry["message"]));
        Ok(entries.map(said).collect())
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
        let entries = self.command("/se/log", json!({"type": kind}))?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }

    /// The visible part of the page as a PNG file.
    pub fn screenshot(&self) -> Result<Vec<u8>> {
        let taken = self.devtools("Page.captureScreenshot", json!({}))?;
        Ok(BASE64_STANDARD.decode(text(&taken["data"]))?)
    }

    pub fn devtools(&self, method: &str, params: Value) -> Result<Value> {
        let command = json!({"cmd": method, "params": params});
        self.command("/goog/cdp/execute", command)
    }

    fn execute(&self, kind: &str, script: String) -> Result<Value> {
        let script = json!({"script": script, "args": []});
        self.command(&format!("/execute/{kind}"), script)
    }

    fn command(&self, path: &str, body: Value) -> Result<Value> {
        let request = self.http.post(format!("{}{path}", self.session));
        let answer = request.send(body.to_string())?.into_body().into_reader();
        let value = serde_json::from_reader::<_, Value>(answer)?["value"].take();
        let (error, message) = (&value["error"], &value["message"]);
        ensure!(error.is_null(), "{path}: {}: {}", text(error), text(message));
        Ok(value)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Without this the browser would go on after its driver.
        let _ = self.http.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Text without quotation marks; anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
