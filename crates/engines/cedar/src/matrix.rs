//! Who could do what, as a table for people to read and review. It is read off the policies' heads, not decided.

use crate::plan::Plan;
use crate::scope::Reach;
use crate::vocabulary::PrincipalKind;
use cedar_policy::Effect;
use kernel::Role;
use std::fmt;

/// Whether somebody could do something in their own community.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Could {
    /// No permit speaks of them, or a forbid without conditions does.
    No,
    /// It depends on the resource, on the context, or on who they are.
    If,
    /// Always.
    Yes,
}

impl fmt::Display for Could {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::No => "no",
            Self::If => "if",
            Self::Yes => "yes",
        })
    }
}

/// One operation's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixRow {
    /// The operation's id.
    pub operation: &'static str,
    /// In the order of [`Matrix::COLUMNS`].
    pub cells: [Could; 5],
}

/// Operations × standings, sorted by operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    /// The lines.
    pub rows: Vec<MatrixRow>,
}

const STANDINGS: [(PrincipalKind, Role); 5] = [
    (PrincipalKind::Guest, Role::Guest),
    (PrincipalKind::User, Role::Member),
    (PrincipalKind::User, Role::Moderator),
    (PrincipalKind::User, Role::Administrator),
    (PrincipalKind::Service, Role::Guest),
];

impl Matrix {
    /// The standings: somebody not recognised, users by role, a part of Polity.
    pub const COLUMNS: [&str; 5] = ["guest", "member", "moderator", "administrator", "service"];

    pub(crate) fn read<'a>(plans: impl Iterator<Item = &'a Plan>) -> Self {
        let row = |plan: &Plan| MatrixRow {
            operation: plan.operation.id,
            cells: STANDINGS.map(|(kind, role)| cell(plan, kind, role)),
        };
        let mut rows: Vec<MatrixRow> = plans.map(row).collect();
        rows.sort_by_key(|row| row.operation);
        Self { rows }
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.rows.iter().map(|row| row.operation.len()).max().unwrap_or_default().max("operation".len());
        let mut line = |first: &str, cells: [String; 5]| {
            let mut text = format!("{first:widest$}");
            for (column, cell) in Self::COLUMNS.iter().zip(cells) {
                text = format!("{text}  {cell:width$}", width = column.len());
            }
            writeln!(f, "{}", text.trim_end())
        };
        line("operation", Self::COLUMNS.map(str::to_owned))?;
        self.rows.iter().try_for_each(|row| line(row.operation, row.cells.map(|cell| cell.to_string())))
    }
}

/// The engine's own rules are left out: the wall between communities stands around every cell.
fn cell(plan: &Plan, kind: PrincipalKind, role: Role) -> Could {
    let mut could = Could::No;
    let mut hindered = false;
    for rule in plan.rules.iter().filter(|rule| !rule.base) {
        let reach = rule.scope.reach(kind, role);
        let always = rule.free && reach == Reach::Everybody;
        match rule.effect {
            _ if reach == Reach::Nobody => {}
            Effect::Forbid if always => return Could::No,
            Effect::Forbid => hindered = true,
            Effect::Permit if always => could = Could::Yes,
            Effect::Permit if could == Could::No => could = Could::If,
            Effect::Permit => {}
        }
    }
    if could == Could::Yes && hindered { Could::If } else { could }
}
