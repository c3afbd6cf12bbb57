//! What is measured, in the order of the table.

use crate::engines::Engine;
use bench_loads::Scenario;

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) scenario: Scenario,
    pub(crate) tasks: u32,
    pub(crate) workers: usize,
    pub(crate) churn: u32,
    pub(crate) pace: u32,
}

/// Numbers of tasks at scale 1: a measurement of the fastest takes a second or more.
const ROWS: [(Scenario, u32, usize); 10] = [
    (Scenario::EnqueueOne, 20_000, 1),
    (Scenario::EnqueueBatch, 200_000, 1),
    (Scenario::Drain, 200_000, 1),
    (Scenario::Drain, 200_000, 2),
    (Scenario::Drain, 200_000, 8),
    (Scenario::FullContract, 200_000, 8),
    (Scenario::Latency, 1_000, 1),
    (Scenario::FreeHorizon, 100_000, 8),
    (Scenario::HeldHorizon, 100_000, 8),
    (Scenario::Soak, 480_000, 8),
];

/// Tasks that went through the queue before, in both horizon scenarios.
const CHURN: u32 = 200_000;

/// Fewer would measure starting and stopping.
const LEAST: u32 = 100;

/// The other engines get one task in so many: they are slower, and nothing is compared with them.
const OTHERS: u32 = 10;

/// The lines of the table; ten minutes of soak only when asked for.
pub(crate) fn rows(scale: f64, only: Option<Scenario>) -> impl Iterator<Item = Row> {
    let scaled = move |count: u32| ((f64::from(count) * scale) as u32).max(LEAST);
    let wanted = move |scenario| only.map_or(scenario != Scenario::Soak, |only| only == scenario);
    ROWS.into_iter().filter(move |(scenario, ..)| wanted(*scenario)).map(move |(scenario, tasks, workers)| Row {
        scenario,
        tasks: scaled(tasks),
        workers,
        churn: scaled(CHURN),
        pace: if scenario == Scenario::Soak { 800 } else { 100 },
    })
}

impl Row {
    /// Whether it says something about a queue on this engine.
    pub(crate) fn is_for(&self, engine: Engine) -> bool {
        let everywhere = matches!(self.scenario, Scenario::Drain | Scenario::FullContract | Scenario::Latency);
        engine == Engine::Postgres || everywhere
    }

    pub(crate) fn tasks_on(&self, engine: Engine) -> u32 {
        match engine {
            Engine::Postgres => self.tasks,
            _ if self.scenario == Scenario::Latency => self.tasks,
            Engine::Sqlite | Engine::MariaDb => (self.tasks / OTHERS).max(LEAST),
        }
    }
}
