//! A browser, driven by the Chrome DevTools Protocol over one WebSocket. Blocking, one page, no more than the tests need.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::Engine as _;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// Names under which it is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-headless-shell", "google-chrome", "chrome"];
/// It says by then where it listens, and answers a command.
const PATIENCE: Duration = Duration::from_secs(60);

/// The browser of this machine. The test fails without one where `PUPPET_TEST_BROWSER_REQUIRED` is set.
pub fn program() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let found = found.into_iter().find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("PUPPET_TEST_BROWSER_REQUIRED").is_none(), "no browser: {NAMES:?}");
        println!("skipped: no browser ({}) is installed", NAMES.join(", "));
    }
    found
}

/// A page of a browser of its own, which ends with it.
pub struct Page {
    child: Child,
    socket: WebSocket<TcpStream>,
    session: String,
    sent: u64,
    /// Exceptions and errors of its console.
    pub faults: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Page {
    /// An empty one of this size.
    pub fn open(program: &Path, (width, height): (u32, u32)) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-dev-shm-usage", "--remote-debugging-port=0"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let url = said.find_map(|line| line.strip_prefix("DevTools listening on ").map(str::to_owned));
        let url = url.expect("the browser says where it listens");
        // What it says later must not fill the pipe.
        std::thread::spawn(move || said.for_each(drop));
        let authority = url.strip_prefix("ws://").unwrap().split('/').next().unwrap().to_owned();
        let stream = TcpStream::connect(authority).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(&url, stream).unwrap();
        let mut page = Self { child, socket, session: String::new(), sent: 0, faults: Vec::new(), _profile: profile };
        let target = page.send("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = page.send("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        page.session = attached["sessionId"].as_str().unwrap().to_owned();
        page.send("Page.enable", json!({}));
        page.send("Runtime.enable", json!({}));
        page.size((width, height));
        page
    }

    /// Sends a command and answers its result.
    #[track_caller]
    pub fn send(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut command = json!({ "id": self.sent, "method": method, "params": params });
        if !self.session.is_empty() {
            command["sessionId"] = self.session.clone().into();
        }
        self.socket.send(Message::text(command.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else { continue };
            let mut message: Value = serde_json::from_str(&text).unwrap();
            if message["id"] == self.sent {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
            self.heard(&message);
        }
    }

    fn heard(&mut self, message: &Value) {
        let params = &message["params"];
        match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.faults.push(params["exceptionDetails"].to_string()),
            Some("Runtime.consoleAPICalled") if params["type"] == "error" => {
                self.faults.push(params["args"].to_string())
            }
            _ => {}
        }
    }

    /// What an expression is; a promise is awaited.
    #[track_caller]
    pub fn eval(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.send("Runtime.evaluate", asked);
        let said: String = expression.chars().take(400).collect();
        assert!(answer["exceptionDetails"].is_null(), "{said}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// Looks again and again until an expression is true.
    #[track_caller]
    pub fn until(&mut self, limit: Duration, expression: &str) {
        let end = Instant::now() + limit;
        while self.eval(&format!("Boolean({expression})")) != true {
            if Instant::now() >= end {
                let shown = self.text();
                panic!("it never came to: {expression} ({:?})\n{shown}", self.faults);
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    /// What a person reads there.
    fn text(&mut self) -> String {
        self.eval("document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Shows this address.
    pub fn go(&mut self, url: &str) {
        self.send("Page.navigate", json!({ "url": url }));
    }

    /// Of this size; below 500 wide it is a phone.
    pub fn size(&mut self, (width, height): (u32, u32)) {
        let asked = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.send("Emulation.setDeviceMetricsOverride", asked);
    }

    /// As a system with this theme, that wants little motion.
    pub fn theme(&mut self, name: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": name }, { "name": "prefers-reduced-motion", "value": "reduce" }]);
        self.send("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// A picture of what is seen, into a file.
    pub fn picture(&mut self, file: &Path) {
        let shot = self.send("Page.captureScreenshot", json!({ "format": "png" }));
        let bytes = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// The element with this `data-testid`, as an expression.
    pub fn by(testid: &str) -> String {
        format!("document.querySelector('[data-testid=\"{testid}\"]')")
    }

    /// Waits for it and presses it.
    #[track_caller]
    pub fn press(&mut self, testid: &str) {
        self.click(&format!("[data-testid=\"{testid}\"]"));
    }

    /// Waits for what a selector finds, and presses it.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        let it = format!("document.querySelector({})", Value::from(selector));
        self.until(PATIENCE, &format!("{it} && !{it}.disabled && {it}.ariaDisabled !== 'true'"));
        self.eval(&format!("{it}.click()"));
    }

    /// Strikes a key: `Tab`, `Shift+Tab`, `Enter`, `Escape`.
    pub fn strike(&mut self, name: &str) {
        let (shift, key) = name.strip_prefix("Shift+").map_or((0, name), |key| (8, key));
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            other => panic!("no key {other}"),
        };
        let mut event =
            json!({ "type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": shift });
        if key == "Enter" {
            event["text"] = "\r".into();
        }
        self.send("Input.dispatchKeyEvent", event.clone());
        event["type"] = "keyUp".into();
        self.send("Input.dispatchKeyEvent", event);
    }

    /// Types into whatever has the focus.
    pub fn types(&mut self, text: &str) {
        self.send("Input.insertText", json!({ "text": text }));
    }

    /// Chooses a file, as its dialog would.
    pub fn choose(&mut self, testid: &str, file: &Path) {
        let it = Self::by(testid);
        self.until(PATIENCE, &it);
        let found = self.send("Runtime.evaluate", json!({ "expression": it }));
        let asked = json!({ "objectId": found["result"]["objectId"], "files": [file] });
        self.send("DOM.setFileInputFiles", asked);
    }

    /// Waits for it, and types into it as a person does.
    #[track_caller]
    pub fn write(&mut self, testid: &str, text: &str) {
        self.write_in(&format!("[data-testid=\"{testid}\"]"), text);
    }

    /// Waits for what a selector finds, and types into it.
    #[track_caller]
    pub fn write_in(&mut self, selector: &str, text: &str) {
        let it = format!("document.querySelector({})", Value::from(selector));
        self.until(PATIENCE, &it);
        self.eval(&format!("({it}.focus(), {it}.select())"));
        self.types(text);
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
