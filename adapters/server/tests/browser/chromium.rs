//! Chromium, told what to do through its driver. All waiting is for something on a page, with an
//! end.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oauth2::http::Method;
use serde_json::{Value, json};
use thirtyfour::common::command::{Command as WebDriverCommand, ExtensionCommand};
use thirtyfour::extensions::query::{ElementPollerWithTimeout, ElementQueryable};
use thirtyfour::{
    By, ChromeCapabilities, ChromiumLikeCapabilities, Key, LoggingPrefsLogLevel, WebDriver,
    WebElement, WindowHandle,
};
use tokio::runtime::Runtime;
use url::Url;

use crate::chromedriver::Chromedriver;
use crate::tls::Front;
use crate::tools::Tools;

/// Longer than anything here takes; a test that hangs fails by it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked for what is waited for.
const POLL: Duration = Duration::from_millis(20);

/// What a person likes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// A browser with a fresh profile. Gone, with all of its processes, when it is dropped.
pub(crate) struct Chromium {
    driver: WebDriver,
    runtime: Runtime,
    chromedriver: Chromedriver,
}

impl Chromium {
    /// Every host but the loopback ones is behind the front; those that are not do not exist. Its
    /// profile and its temporary files are in the folder.
    pub(crate) fn start(tools: &Tools, front: &Front, folder: &Path, javascript: bool) -> Self {
        let temporary = folder.join("tmp");
        fs::create_dir(&temporary).unwrap();
        let chromedriver = Chromedriver::start(tools, &temporary);
        let capabilities = capabilities(tools, front, &folder.join("profile"), javascript);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = format!("http://127.0.0.1:{}", chromedriver.port);
        let poller = Arc::new(ElementPollerWithTimeout::new(PATIENCE, POLL));
        let connect =
            WebDriver::builder(url, capabilities).poller(poller).request_timeout(PATIENCE);
        let driver = runtime.block_on(connect.connect()).unwrap();
        Self { driver, runtime, chromedriver }
    }

    /// Ends the driver alone, as somebody's `kill -9` does.
    pub(crate) fn kill_driver(&self) {
        self.chromedriver.kill_alone();
    }

    /// Goes to an address, as if it had been typed.
    pub(crate) fn open(&self, url: &str) {
        self.runtime.block_on(self.driver.goto(url)).unwrap();
    }

    /// What is found by a CSS selector, waited for.
    pub(crate) fn find(&self, css: &str) -> WebElement {
        let found = self.runtime.block_on(self.driver.query(By::Css(css)).first());
        found.unwrap_or_else(|_| panic!("no {css} at {}: {}", self.url(), self.words()))
    }

    /// All that is there by now, in the page's order.
    pub(crate) fn all(&self, css: &str) -> Vec<WebElement> {
        self.runtime.block_on(self.driver.find_all(By::Css(css))).unwrap()
    }

    /// What people read of it.
    pub(crate) fn text(&self, element: &WebElement) -> String {
        self.runtime.block_on(element.text()).unwrap()
    }

    pub(crate) fn attribute(&self, element: &WebElement, name: &str) -> String {
        self.runtime.block_on(element.attr(name)).unwrap().unwrap_or_default()
    }

    /// Clicks on what is found by a CSS selector.
    pub(crate) fn press(&self, css: &str) {
        let element = self.find(css);
        self.runtime.block_on(element.click()).unwrap();
    }

    /// Clicks twice, as fast as a nervous hand.
    pub(crate) fn press_twice(&self, css: &str) {
        let element = self.find(css);
        let twice = self.driver.action_chain().double_click_element(&element);
        self.runtime.block_on(twice.perform()).unwrap();
    }

    /// Types a key, wherever the focus is.
    pub(crate) fn key(&self, key: Key) {
        self.runtime.block_on(self.driver.action_chain().send_keys(key).perform()).unwrap();
    }

    pub(crate) fn focused(&self) -> WebElement {
        self.runtime.block_on(self.driver.active_element()).unwrap()
    }

    pub(crate) fn style(&self, element: &WebElement, property: &str) -> String {
        self.runtime.block_on(element.css_value(property)).unwrap()
    }

    /// A button of the browser's own.
    pub(crate) fn reload(&self) {
        self.runtime.block_on(self.driver.refresh()).unwrap();
    }

    /// A button of the browser's own.
    pub(crate) fn back(&self) {
        self.runtime.block_on(self.driver.back()).unwrap();
    }

    /// A tab, with which it goes on.
    pub(crate) fn new_tab(&self) -> WindowHandle {
        let tab = self.runtime.block_on(self.driver.new_tab()).unwrap();
        self.switch_to(&tab);
        tab
    }

    pub(crate) fn tab(&self) -> WindowHandle {
        self.runtime.block_on(self.driver.window()).unwrap()
    }

    pub(crate) fn switch_to(&self, tab: &WindowHandle) {
        self.runtime.block_on(self.driver.switch_to_window(tab.clone())).unwrap();
    }

    /// Goes on with the tab that a page opens as the n-th, waited for.
    pub(crate) fn switch_to_opened(&self, n: usize) {
        let until = Instant::now() + PATIENCE;
        let tab = self.runtime.block_on(async {
            loop {
                if let Some(tab) = self.driver.windows().await.unwrap().get(n) {
                    break tab.clone();
                }
                assert!(Instant::now() < until, "no tab was opened");
                tokio::time::sleep(POLL).await;
            }
        });
        self.switch_to(&tab);
    }

    /// Looks into a frame of the page, or with `None` at the page again.
    pub(crate) fn look_into(&self, frame: Option<u16>) {
        self.runtime
            .block_on(async {
                match frame {
                    Some(frame) => self.driver.enter_frame(frame).await,
                    None => self.driver.enter_default_frame().await,
                }
            })
            .unwrap();
    }

    /// Runs a script that the page's own policy does not hold up; what it returns, or what the
    /// promise comes to that it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        let ran = self.runtime.block_on(self.driver.execute(script, Vec::new())).unwrap();
        ran.json().clone()
    }

    /// Shows the page in a window of this size, in pixels, to somebody who likes this scheme.
    pub(crate) fn show(&self, scheme: Scheme, (width, height): (u32, u32)) {
        let scheme = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let media = [json!({ "name": "prefers-color-scheme", "value": scheme })];
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": media }));
        let window =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", window);
    }

    /// The whole page, as PNG.
    pub(crate) fn picture(&self) -> Vec<u8> {
        let mut clip = self.devtools("Page.getLayoutMetrics", json!({}))["cssContentSize"].take();
        clip["scale"] = 1.into();
        let asked = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.devtools("Page.captureScreenshot", asked);
        STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()
    }

    /// The status of the answer that the page came with.
    pub(crate) fn status(&self) -> u64 {
        let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
        self.run(status).as_u64().unwrap()
    }

    /// Where it is, once there is this on the page.
    pub(crate) fn at(&self, css: &str) -> Url {
        self.find(css);
        self.url()
    }

    pub(crate) fn url(&self) -> Url {
        self.runtime.block_on(self.driver.current_url()).unwrap()
    }

    /// What people read of the page.
    pub(crate) fn words(&self) -> String {
        self.text(&self.all("body")[0])
    }

    /// What the console said since it was last asked.
    pub(crate) fn console(&self) -> Vec<String> {
        let entries = self.runtime.block_on(self.driver.browser_log()).unwrap();
        entries.into_iter().map(|entry| format!("{} {}", entry.level, entry.message)).collect()
    }

    /// A command of the Chrome DevTools Protocol.
    pub(crate) fn devtools(&self, command: &'static str, parameters: Value) -> Value {
        let command = DevTools { command, parameters };
        let command = WebDriverCommand::ExtensionCommand(Box::new(command));
        let answer = self.runtime.block_on(self.driver.cmd(command)).unwrap();
        answer.value_json().unwrap()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let quit = self.driver.clone().quit();
        // A page that hangs keeps the browser from ending when it is told to; the group ends it.
        let _ = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, quit).await });
    }
}

fn capabilities(
    tools: &Tools,
    front: &Front,
    profile: &Path,
    javascript: bool,
) -> ChromeCapabilities {
    let mut capabilities = ChromeCapabilities::new();
    capabilities.set_binary(tools.chromium.to_str().unwrap()).unwrap();
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
    let arguments = [
        "--headless=new".to_owned(),
        // Tests run as root in containers, which the sandbox refuses.
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--hide-scrollbars".to_owned(),
        "--no-first-run".to_owned(),
        // Nothing of its own accord, and nothing beyond this machine.
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-default-apps".to_owned(),
        "--disable-extensions".to_owned(),
        "--disable-sync".to_owned(),
        "--no-proxy-server".to_owned(),
        format!(
            "--host-resolver-rules=MAP *.test 127.0.0.1:{}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            front.port
        ),
        format!("--ignore-certificate-errors-spki-list={}", front.key_hash),
        format!("--user-data-dir={}", profile.display()),
    ];
    for argument in arguments {
        capabilities.add_arg(&argument).unwrap();
    }
    if !javascript {
        const BLOCK: u8 = 2;
        let blocked = json!({ "profile.managed_default_content_settings.javascript": BLOCK });
        capabilities.add_experimental_option("prefs", blocked).unwrap();
    }
    capabilities
}

#[derive(Debug)]
struct DevTools {
    command: &'static str,
    parameters: Value,
}

impl ExtensionCommand for DevTools {
    fn parameters_json(&self) -> Option<Value> {
        Some(json!({ "cmd": self.command, "params": self.parameters }))
    }

    fn method(&self) -> Method {
        Method::POST
    }

    fn endpoint(&self) -> Arc<str> {
        "/goog/cdp/execute".into()
    }
}
