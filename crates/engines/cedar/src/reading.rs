//! What a policy's conditions say, taken apart: each part that must hold by itself, what it looks at, and in words what
//! would make it hold or not. What may not enter: a question.

use cedar_policy::pst::{BinaryOp, Expr, Literal, UnaryOp, Var};
use cedar_policy::{EntityTypeName, Expression, Policy, pst};
use kernel::Remedy;
use std::sync::Arc;

/// A policy's conditions.
pub(crate) struct Reading {
    /// All of these must come out as wanted for the policy to apply.
    pub(crate) parts: Vec<Part>,
    /// The attributes looked at, such as `resource.locked`.
    pub(crate) looks_at: Vec<(String, Expression)>,
}

/// One part of the conditions.
pub(crate) struct Part {
    /// As the policy engine has it.
    pub(crate) expr: Arc<Expr>,
    /// Whether it must be true; else it must be false.
    pub(crate) wanted: bool,
    /// To be evaluated by itself.
    pub(crate) expression: Expression,
    /// As it is written.
    pub(crate) text: String,
    /// What makes it true, and what makes it false.
    remedies: [Remedy; 2],
}

impl Part {
    /// What makes it come out as wanted.
    pub(crate) fn to_hold(&self) -> Remedy {
        self.remedies[usize::from(!self.wanted)].clone()
    }

    /// What makes it come out otherwise.
    pub(crate) fn to_fail(&self) -> Remedy {
        self.remedies[usize::from(self.wanted)].clone()
    }

    /// The condition as the policy wants it, to be read.
    pub(crate) fn shown(&self) -> String {
        if self.wanted { self.text.clone() } else { format!("!({})", self.text) }
    }
}

impl Reading {
    /// Of `policy`, about resources of the type `resource`.
    ///
    /// # Errors
    /// What cannot be read, which no valid policy without slots is.
    pub(crate) fn of(policy: &Policy, resource: &EntityTypeName) -> Result<Self, String> {
        let pst = policy.to_pst().map_err(|error| error.to_string())?;
        let (mut exprs, mut looked) = (Vec::new(), Vec::new());
        for clause in pst.body().clauses() {
            let (expr, wanted) = match clause {
                pst::Clause::When(expr) => (expr, true),
                pst::Clause::Unless(expr) => (expr, false),
            };
            look(expr, &mut looked);
            split(expr, wanted, &mut exprs);
        }
        let thing = resource.basename().to_lowercase();
        let part = |(expr, wanted): (Arc<Expr>, bool)| {
            let text = expr.to_string();
            let expression = text.parse().map_err(|error| format!("{text}: {error}"))?;
            let remedies = [remedy(&expr, true, &thing), remedy(&expr, false, &thing)];
            Ok(Part { expr, wanted, expression, text, remedies })
        };
        let looks_at = |name: String| {
            let expression = name.parse().map_err(|error| format!("{name}: {error}"))?;
            Ok((name, expression))
        };
        Ok(Self {
            parts: exprs.into_iter().map(part).collect::<Result<_, String>>()?,
            looks_at: looked.into_iter().map(looks_at).collect::<Result<_, String>>()?,
        })
    }
}

/// Takes `a && b` that must be true apart, and `a || b` that must be false.
fn split(expr: &Arc<Expr>, wanted: bool, into: &mut Vec<(Arc<Expr>, bool)>) {
    match expr.as_ref() {
        Expr::BinaryOp { op: BinaryOp::And, left, right } if wanted => {
            split(left, true, into);
            split(right, true, into);
        }
        Expr::BinaryOp { op: BinaryOp::Or, left, right } if !wanted => {
            split(left, false, into);
            split(right, false, into);
        }
        Expr::UnaryOp { op: UnaryOp::Not, expr } => split(expr, !wanted, into),
        _ => into.push((Arc::clone(expr), wanted)),
    }
}

/// What an expression is made of.
pub(crate) fn inside(expr: &Expr) -> Vec<&Arc<Expr>> {
    match expr {
        Expr::UnaryOp { expr, .. } | Expr::GetAttr { expr, .. } | Expr::HasAttr { expr, .. } => vec![expr],
        Expr::Like { expr, .. } => vec![expr],
        Expr::Is { expr, in_expr, .. } => std::iter::once(expr).chain(in_expr).collect(),
        Expr::BinaryOp { left, right, .. } => vec![left, right],
        Expr::IfThenElse { cond, then_expr, else_expr } => vec![cond, then_expr, else_expr],
        Expr::Set(items) => items.iter().collect(),
        Expr::Record(fields) => fields.values().collect(),
        _ => Vec::new(),
    }
}

/// Every `principal.…`, `resource.…` and `context.…` within.
fn look(expr: &Expr, into: &mut Vec<String>) {
    if let Expr::GetAttr { .. } = expr {
        if let Some(path) = path(expr).filter(|path| !into.contains(path)) {
            into.push(path);
        }
        return;
    }
    for part in inside(expr) {
        look(part, into);
    }
}

fn path(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Var(var) => Some(var_name(var).to_owned()),
        Expr::GetAttr { expr, attr } => path(expr).map(|of| format!("{of}.{attr}")),
        _ => None,
    }
}

const fn var_name(var: &Var) -> &'static str {
    match var {
        Var::Principal => "principal",
        Var::Action => "action",
        Var::Resource => "resource",
        Var::Context => "context",
    }
}

/// Whether `expr` looks at the resource.
pub(crate) fn is_about_resource(expr: &Expr) -> bool {
    matches!(expr, Expr::Var(Var::Resource)) || inside(expr).into_iter().any(|part| is_about_resource(part))
}

/// The attribute's name, if `expr` is one of the resource itself.
pub(crate) fn attribute_of_resource(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::GetAttr { expr, attr } if matches!(expr.as_ref(), Expr::Var(Var::Resource)) => Some(attr),
        _ => None,
    }
}

/// What it takes for `expr` to be `wanted`.
fn remedy(expr: &Expr, wanted: bool, thing: &str) -> Remedy {
    let not = if wanted { "" } else { "not " };
    if let Some(attr) = attribute_of_resource(expr) {
        return Remedy { words: format!("the {thing} {not}to be {}", spaced(attr)), about_caller: false };
    }
    if let Expr::BinaryOp { op, left, right } = expr {
        let sides = (left.as_ref(), right.as_ref());
        if let (BinaryOp::Eq, (Expr::Var(Var::Principal), own) | (own, Expr::Var(Var::Principal))) = (op, sides)
            && let Some(attr) = attribute_of_resource(own)
        {
            // Whether it is theirs is no secret to whoever asks.
            return Remedy { words: format!("{not}to be the {thing}'s {}", spaced(attr)), about_caller: true };
        }
        if let (BinaryOp::In, Expr::Var(Var::Principal)) = (op, sides.0)
            && let Some(name) = group(sides.1)
        {
            return Remedy { words: format!("{not}{name}"), about_caller: true };
        }
    }
    if path(expr).is_some_and(|path| path == "context.session") {
        return Remedy { words: format!("{not}to have logged in"), about_caller: true };
    }
    let words = if wanted { format!("{expr} to hold") } else { format!("{expr} not to hold") };
    Remedy { words, about_caller: !is_about_resource(expr) }
}

fn group(expr: &Expr) -> Option<String> {
    let Expr::Literal(Literal::EntityUID(uid)) = expr else { return None };
    match uid.ty.to_string().as_str() {
        "Polity::Role" if uid.eid == "administrator" => Some("the role administrator".to_owned()),
        "Polity::Role" => Some(format!("the role {} or above", uid.eid)),
        "Polity::CustomRole" => Some(format!("the role {}", uid.eid)),
        "Polity::Group" => Some(format!("to be in the group {}", uid.eid)),
        _ => None,
    }
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}
