//! A real browser: Chromium without a window, driven through WebDriver (W3C WebDriver 2) by chromedriver.
//!
//! What may not enter: knowledge of a page. Sessions speak of labels, buttons, links and words, as people do.

mod devtools;
mod locate;
mod session;

pub use session::Session;

use crate::absent::{Absent, program};
use crate::leash::Leash;
use crate::process::Process;
use fantoccini::ClientBuilder;
use fantoccini::wd::Capabilities;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const ABSENT: Absent = Absent { key: "chromium", name: "Chromium with chromedriver" };

/// Nothing that talks to the outside or depends on the machine, and nothing that a container forbids.
const ARGUMENTS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--lang=en-US",
];

/// What sort of visitor a session plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// Whether pages may run scripts.
    pub javascript: bool,
    /// Whether the screen is a phone's (390 × 844 CSS pixels, touch) instead of a desk's (1280 × 900).
    pub phone: bool,
    /// Whether the visitor prefers dark pages.
    pub dark: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { javascript: true, phone: false, dark: false }
    }
}

/// One chromedriver. All its browsers and their profiles go with it, or with the test process.
#[derive(Debug)]
pub struct Browser {
    chromium: PathBuf,
    address: String,
    profiles: AtomicUsize,
    // Before the leash: the browsers must be gone when their directory is removed.
    _driver: Process,
    leash: Arc<Leash>,
}

impl Browser {
    /// Starts the driver. Prints that the test is skipped, and gives nothing, when there is no browser.
    ///
    /// # Panics
    /// When it does not start, or is absent though `POLITY_REQUIRE` lists `chromium`.
    pub async fn start() -> Option<Self> {
        let chromium = program(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]);
        let (Some(chromium), Some(driver)) = (chromium, program(&["chromedriver"])) else {
            return ABSENT.skip();
        };
        Some(Self::launch(chromium, &driver).await)
    }

    async fn launch(chromium: PathBuf, driver: &Path) -> Self {
        let leash = Arc::new(Leash::with_directory("KILL", "polity-browser-"));
        let directory = leash.directory();
        // Chromium writes caches and settings to the home directory, which is not the test's to change.
        let home = directory.to_string_lossy();
        let env = [("HOME", &*home), ("TMPDIR", &*home)];
        let driver = Process::spawn_on(Arc::clone(&leash), driver, &["--port=0"], &env, directory);
        let line = driver.wait_for_line("started successfully on port", Duration::from_secs(30)).await;
        let port = line.trim_end_matches('.').rsplit(' ').next().unwrap_or_default();
        let address = format!("http://127.0.0.1:{port}");
        Self { chromium, address, profiles: AtomicUsize::new(0), _driver: driver, leash }
    }

    /// A visitor at a desk: a browser of their own, that shares nothing with other sessions.
    ///
    /// # Panics
    /// When Chromium does not start.
    pub async fn session(&self) -> Session {
        self.session_with(SessionOptions::default()).await
    }

    /// A visitor whose pages run no scripts.
    ///
    /// # Panics
    /// When Chromium does not start.
    pub async fn session_without_javascript(&self) -> Session {
        self.session_with(SessionOptions { javascript: false, ..SessionOptions::default() }).await
    }

    /// A visitor of any sort.
    ///
    /// # Panics
    /// When Chromium does not start.
    pub async fn session_with(&self, options: SessionOptions) -> Session {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(self.capabilities(options));
        let client = builder.connect(&self.address).await;
        let session = Session::new(client.unwrap_or_else(|error| panic!("Chromium does not start: {error}")));
        if options.dark {
            let preference = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
            session.devtools("Emulation.setEmulatedMedia", preference).await;
        }
        session
    }

    fn capabilities(&self, options: SessionOptions) -> Capabilities {
        let profile = self.leash.directory().join(self.profiles.fetch_add(1, Ordering::Relaxed).to_string());
        let own = [format!("--user-data-dir={}", profile.display()), "--window-size=1280,900".to_owned()];
        let arguments: Vec<_> = ARGUMENTS.into_iter().map(str::to_owned).chain(own).collect();
        let mut chrome = json!({ "binary": self.chromium, "args": arguments, "prefs": {} });
        if !options.javascript {
            // A setting of the browser, so that <noscript> shows and the driver's own scripts still run.
            chrome["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        if options.phone {
            let metrics = json!({ "width": 390, "height": 844, "pixelRatio": 2.0, "touch": true, "mobile": true });
            chrome["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        let wanted = [
            ("browserName", Value::from("chrome")),
            ("goog:loggingPrefs", json!({ "browser": "ALL" })),
            ("goog:chromeOptions", chrome),
        ];
        wanted.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
