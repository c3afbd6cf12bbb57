//! A whole installation for one test: its processes, its databases, its address.

use crate::client::Client;
use kernel::{SystemClock, SystemIds};
use settings::Inputs;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::{Store, StoreOptions};
use tempfile::TempDir;
use testkit::{Engine, Process, TestDatabase, free_ports};

/// How the modules are spread over processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topology {
    /// Everything in one.
    AllInOne,
    /// One each, behind the gateway.
    Split,
    /// The same, but auth's requests, tasks and schedules are apart.
    Apart,
}

const MODULES: [&str; 5] = ["auth", "admin", "forum", "audit", "platform"];
/// A cold start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A running installation.
pub(crate) struct Stack {
    pub(crate) url: String,
    pub(crate) processes: Vec<(String, Process)>,
    environment: Vec<(String, String)>,
    /// The public and the internal port of each command ever run.
    ports: BTreeMap<String, (u16, u16)>,
    folder: TempDir,
    _database: TestDatabase,
}

impl Stack {
    /// A new one; none when the engine is not installed.
    pub(crate) async fn start(topology: Topology, engine: Engine) -> Option<Self> {
        Self::start_with(topology, engine, &[]).await
    }

    /// One whose processes are told more, by variables.
    pub(crate) async fn start_with(topology: Topology, engine: Engine, more: &[(&str, &str)]) -> Option<Self> {
        let database = TestDatabase::new(engine).await?;
        let folder = TempDir::new().unwrap();
        let ports = free_ports(1 + 2 * MODULES.len());
        let url = format!("http://127.0.0.1:{}", ports[0]);
        let mut environment = vec![
            ("ENVIRONMENT".to_owned(), "test".to_owned()),
            ("POLITY_DATA_DIR".to_owned(), folder.path().display().to_string()),
            ("POLITY_HTTP_PUBLIC_URL".to_owned(), url.clone()),
            ("POLITY_HTTP_RATE_LIMIT_ENABLED".to_owned(), "false".to_owned()),
            ("POLITY_AUTH_PASSWORD_MEMORY_KIB".to_owned(), "1024".to_owned()),
            ("POLITY_AUTH_PASSWORD_ITERATIONS".to_owned(), "1".to_owned()),
        ];
        environment.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        if engine != Engine::Sqlite {
            environment.push(("POLITY_STORE_URL".to_owned(), database.url.clone()));
        }
        let mut stack =
            Self { url, processes: Vec::new(), environment, ports: BTreeMap::new(), folder, _database: database };
        match topology {
            Topology::AllInOne => stack.run("run-all-in-one", ports[0], 0).await,
            Topology::Split => stack.start_split(&ports, &["run-auth"]).await,
            Topology::Apart => {
                let apart = ["run-auth-http", "run-auth-taskmill-worker", "run-auth-taskmill-scheduler"];
                stack.start_split(&ports, &apart).await;
            }
        }
        Some(stack)
    }

    /// `auth` are the commands that auth runs as; the first of them answers requests.
    async fn start_split(&mut self, ports: &[u16], auth: &[&str]) {
        let token = "journeys-journeys-journeys-journeys";
        self.environment.push(("POLITY_INTERNAL_TOKEN".to_owned(), token.to_owned()));
        self.environment.push(("POLITY_HTTP_TRUSTED_PROXIES".to_owned(), "127.0.0.1/32".to_owned()));
        for (n, module) in MODULES.iter().enumerate() {
            let key = format!("POLITY_MODULES_{}", module.to_uppercase());
            let (http, internal) = (ports[1 + 2 * n], ports[2 + 2 * n]);
            self.environment.push((format!("{key}_HTTP_ADDRESS"), format!("http://127.0.0.1:{http}")));
            self.environment.push((format!("{key}_ADDRESS"), format!("http://127.0.0.1:{internal}")));
        }
        self.run(auth[0], ports[1], ports[2]).await;
        for command in &auth[1..] {
            self.run(command, 0, 0).await;
        }
        for (n, module) in MODULES.iter().enumerate().skip(1) {
            self.run(&format!("run-{module}"), ports[1 + 2 * n], ports[2 + 2 * n]).await;
        }
        self.run("run-gateway", ports[0], 0).await;
    }

    /// Starts one more process and waits until it is ready.
    pub(crate) async fn run(&mut self, command: &str, http_port: u16, internal_port: u16) {
        let (http, internal) = (http_port.to_string(), internal_port.to_string());
        let mut environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        environment.extend([("POLITY_HTTP_PORT", http.as_str()), ("POLITY_INTERNAL_PORT", internal.as_str())]);
        let binary = Path::new(env!("CARGO_BIN_EXE_polity-under-test"));
        let process = Process::spawn(binary, &[command], &environment, self.folder.path());
        process.wait_for_line("is ready", START).await;
        self.ports.insert(command.to_owned(), (http_port, internal_port));
        self.processes.push((command.to_owned(), process));
    }

    /// What processes started from now on are configured with.
    pub(crate) fn set(&mut self, variable: &str, value: &str) {
        self.environment.push((variable.to_owned(), value.to_owned()));
    }

    /// Ends the process that runs `command` on the spot.
    pub(crate) async fn kill(&mut self, command: &str) {
        let at = self.processes.iter().position(|(name, _)| name == command).unwrap();
        self.processes.remove(at).1.kill().await;
    }

    /// Starts what was killed again, on the same ports.
    pub(crate) async fn start_again(&mut self, command: &str) {
        let (http, internal) = self.ports[command];
        self.run(command, http, internal).await;
    }

    /// The process that runs `command`.
    pub(crate) fn process(&self, command: &str) -> &Process {
        &self.processes.iter().find(|(name, _)| name == command).unwrap().1
    }

    /// A command at a shell beside the databases, and everything it said.
    pub(crate) fn shell(&self, arguments: &[&str]) -> String {
        // At the shell every module is at hand, whatever else runs elsewhere.
        let environment = self.environment.iter().filter(|(key, _)| !key.starts_with("POLITY_MODULES_"));
        let environment: Vec<_> = environment.map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let outcome = crate::configuration::polity(arguments, &environment);
        assert!(outcome.success, "{}", outcome.said);
        outcome.said
    }

    /// The database of `module`, as one more process sees it.
    pub(crate) async fn database(&self, module: &'static str) -> Store {
        let inputs = Inputs {
            variables: self.environment.iter().cloned().collect(),
            modules: MODULES.iter().map(|&module| module.to_owned()).collect(),
            ..Inputs::default()
        };
        let options = StoreOptions::of(&settings::load(&inputs).unwrap().settings, module);
        Store::open(module, &options, &[], Arc::new(SystemClock), Arc::new(SystemIds)).await.unwrap()
    }

    /// The one-time link that the first start printed, as a path.
    pub(crate) async fn setup_path(&self) -> String {
        let is_printer = |name: &str| ["run-all-in-one", "run-auth", "run-auth-http"].contains(&name);
        let printer = self.processes.iter().find(|(name, _)| is_printer(name)).unwrap();
        let line = printer.1.wait_for_line("/welcome/", START).await;
        let at = line.find("/welcome/").unwrap();
        line[at..].split_whitespace().next().unwrap().to_owned()
    }

    /// The first administrator, made through the set-up link as a person would.
    pub(crate) async fn founder(&self) -> Client {
        let client = Client::new(&self.url);
        let path = self.setup_path().await;
        let form = [
            ("email", "founder@example.org"),
            ("handle", "founder"),
            ("display_name", "Fay Founder"),
            ("password", "correct horse battery"),
        ];
        let answer = client.post_form(&path, &form).await;
        assert!(answer.status.is_redirection(), "{answer:?}");
        client.log_in("founder@example.org", "correct horse battery").await
    }
}
