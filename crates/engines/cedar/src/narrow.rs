//! What is left of the policies when everything is known but the resource, as a condition over its attributes: what lists
//! are narrowed by. It says the same as deciding on each of them, also where a policy cannot be evaluated.
//!
//! What may not enter: SQL. A condition is turned into it where the columns are known.

use crate::plan::{Plan, Rule};
use crate::reading::{attribute_of_resource, is_about_resource};
use crate::vocabulary::Vocabulary;
use cedar_policy::pst::{BinaryOp, Expr, Literal, UnaryOp, Var};
use cedar_policy::{Effect, Entities, EvalResult, Request, eval_expression};
use kernel::{Actor, Attribute, Comparison, Condition};

/// Why an expression has no condition: words for whoever wrote it.
pub(crate) struct Untranslatable(pub(crate) String);

/// How many parts a condition may have. More is no list's filter, and could be made to have no end.
const MOST_PARTS: usize = 1_000;

/// When an expression is true, and when it cannot be evaluated.
#[derive(Clone)]
struct When {
    holds: Condition,
    fails: Condition,
}

/// Everything that is known.
pub(crate) struct Known<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) actor: &'a Actor,
    pub(crate) request: &'a Request,
    pub(crate) entities: &'a Entities,
    pub(crate) vocabulary: &'a Vocabulary,
}

impl Known<'_> {
    /// Of which resources the operation is allowed.
    ///
    /// # Errors
    /// The first expression that has no condition.
    pub(crate) fn narrow(&self) -> Result<Condition, Untranslatable> {
        let (mut permits, mut forbids) = (Vec::new(), Vec::new());
        for rule in &self.plan.rules {
            match rule.effect {
                Effect::Permit => permits.push(self.rule(rule)?.holds),
                Effect::Forbid => {
                    // A forbid that cannot be evaluated forbids.
                    let when = self.rule(rule)?;
                    forbids.push(Condition::any([when.holds, when.fails]));
                }
            }
        }
        Ok(Condition::all([Condition::any(permits), Condition::any(forbids).not()]))
    }

    fn rule(&self, rule: &Rule) -> Result<When, Untranslatable> {
        let mut all = if rule.scope.admits(self.actor, self.vocabulary) { truth(true) } else { truth(false) };
        if let Some(about) = &rule.about {
            let same = *about.type_name() == self.plan.resource;
            let id = Attribute::Text(about.id().unescaped().to_owned());
            all = and(all, if same { sure(is("id", Comparison::Equal, id)) } else { truth(false) });
        }
        for part in &rule.reading.parts {
            let when = self.expression(&part.expr)?;
            all = and(all, if part.wanted { when } else { not(when) });
        }
        Ok(all)
    }

    fn expression(&self, expr: &Expr) -> Result<When, Untranslatable> {
        let when = self.unbounded(expr)?;
        if parts(&when.holds, MOST_PARTS) + parts(&when.fails, MOST_PARTS) > MOST_PARTS {
            return Err(Untranslatable("what it says is too long to narrow a list by".to_owned()));
        }
        Ok(when)
    }

    fn unbounded(&self, expr: &Expr) -> Result<When, Untranslatable> {
        if !is_about_resource(expr) {
            return Ok(match self.value(expr) {
                Some(EvalResult::Bool(known)) => truth(known),
                _ => When { holds: Condition::Never, fails: Condition::Always },
            });
        }
        match expr {
            Expr::GetAttr { .. } if attribute_of_resource(expr).is_some() => {
                let name = attribute_of_resource(expr).unwrap_or_default();
                Ok(sure(is(name, Comparison::Equal, Attribute::Flag(true))))
            }
            Expr::UnaryOp { op: UnaryOp::Not, expr } => Ok(not(self.expression(expr)?)),
            Expr::BinaryOp { op: BinaryOp::And, left, right } => {
                Ok(and(self.expression(left)?, self.expression(right)?))
            }
            Expr::BinaryOp { op: BinaryOp::Or, left, right } => {
                Ok(not(and(not(self.expression(left)?), not(self.expression(right)?))))
            }
            Expr::BinaryOp { op, left, right } => self.comparison(*op, left, right, expr),
            // Strict validation leaves one type of resource to an action.
            Expr::Is { expr: of, in_expr: None, .. } if matches!(of.as_ref(), Expr::Var(Var::Resource)) => {
                Ok(truth(true))
            }
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                let cond = self.expression(cond)?;
                let otherwise = cond.clone();
                let (then, other) = (self.expression(then_expr)?, self.expression(else_expr)?);
                Ok(or_apart(and(cond, then), and(not(otherwise), other)))
            }
            _ => Err(untranslatable(expr)),
        }
    }

    fn comparison(&self, op: BinaryOp, left: &Expr, right: &Expr, whole: &Expr) -> Result<When, Untranslatable> {
        match op {
            BinaryOp::NotEq => return Ok(not(self.comparison(BinaryOp::Eq, left, right, whole)?)),
            BinaryOp::Greater => return self.comparison(BinaryOp::Less, right, left, whole),
            BinaryOp::GreaterEq => return self.comparison(BinaryOp::LessEq, right, left, whole),
            BinaryOp::Contains => return self.contains(left, right, whole),
            _ => {}
        }
        if let (BinaryOp::Eq | BinaryOp::In, Expr::Var(Var::Resource), Expr::Literal(Literal::EntityUID(uid))) =
            (op, left, right)
        {
            let same = uid.ty.to_string() == self.plan.resource.to_string();
            let id = Attribute::Text(uid.eid.to_string());
            return Ok(if same { sure(is("id", Comparison::Equal, id)) } else { truth(false) });
        }
        let (name, known, turned) = match (attribute_of_resource(left), attribute_of_resource(right)) {
            (Some(name), None) if !is_about_resource(right) => (name, right, false),
            (None, Some(name)) if !is_about_resource(left) => (name, left, true),
            _ => return Err(untranslatable(whole)),
        };
        let Some(value) = self.value(known) else {
            return Ok(When { holds: Condition::Never, fails: Condition::Always });
        };
        let value = self.attribute(value).ok_or_else(|| untranslatable(whole))?;
        let when = match (op, turned) {
            (BinaryOp::Eq, _) => is(name, Comparison::Equal, value),
            (BinaryOp::Less, false) => is(name, Comparison::Less, value),
            (BinaryOp::LessEq, false) => is(name, Comparison::AtMost, value),
            // `7 < resource.n` is `!(resource.n <= 7)`.
            (BinaryOp::Less, true) => is(name, Comparison::AtMost, value).not(),
            (BinaryOp::LessEq, true) => is(name, Comparison::Less, value).not(),
            _ => return Err(untranslatable(whole)),
        };
        Ok(sure(when))
    }

    /// `[…].contains(resource.attribute)`.
    fn contains(&self, set: &Expr, item: &Expr, whole: &Expr) -> Result<When, Untranslatable> {
        let name = attribute_of_resource(item).filter(|_| !is_about_resource(set));
        let name = name.ok_or_else(|| untranslatable(whole))?;
        let Some(EvalResult::Set(values)) = self.value(set) else {
            return Ok(When { holds: Condition::Never, fails: Condition::Always });
        };
        let is_one = |value: &EvalResult| {
            let value = self.attribute(value.clone()).ok_or_else(|| untranslatable(whole))?;
            Ok(is(name, Comparison::Equal, value))
        };
        Ok(sure(Condition::any(values.iter().map(is_one).collect::<Result<Vec<_>, Untranslatable>>()?)))
    }

    fn value(&self, expr: &Expr) -> Option<EvalResult> {
        let expression = expr.to_string().parse().ok()?;
        eval_expression(self.request, self.entities, &expression).ok()
    }

    fn attribute(&self, value: EvalResult) -> Option<Attribute> {
        match value {
            EvalResult::Bool(flag) => Some(Attribute::Flag(flag)),
            EvalResult::Long(number) => Some(Attribute::Number(number)),
            EvalResult::String(text) => Some(Attribute::Text(text)),
            EvalResult::EntityUid(uid) => match self.vocabulary.person(&uid) {
                Some(person) => Some(Attribute::User(person)),
                // Nobody but people own anything: a service or a guest is not the author of a thread.
                None => Some(Attribute::Text(uid.to_string())),
            },
            _ => None,
        }
    }
}

/// How many parts a condition has; counts no further than `most` and one more.
fn parts(condition: &Condition, most: usize) -> usize {
    let within = |sum: usize, inner: &Condition| if sum > most { sum } else { sum + parts(inner, most - sum) };
    match condition {
        Condition::All(inner) | Condition::Any(inner) => inner.iter().fold(1, within),
        Condition::Not(inner) => within(1, inner),
        Condition::Always | Condition::Never | Condition::Is(..) => 1,
    }
}

fn untranslatable(expr: &Expr) -> Untranslatable {
    Untranslatable(format!("`{expr}` cannot be said in a condition that lists are narrowed by"))
}

fn is(name: &str, comparison: Comparison, value: Attribute) -> Condition {
    Condition::Is(name.to_owned(), comparison, value)
}

fn truth(known: bool) -> When {
    sure(if known { Condition::Always } else { Condition::Never })
}

fn sure(holds: Condition) -> When {
    When { holds, fails: Condition::Never }
}

/// Cedar looks at the left side first, and at the right one only where the left one is true.
fn and(left: When, right: When) -> When {
    let fails = Condition::any([left.fails, Condition::all([left.holds.clone(), right.fails])]);
    When { holds: Condition::all([left.holds, right.holds]), fails }
}

fn not(when: When) -> When {
    let fails = when.fails.clone();
    When { holds: Condition::all([when.holds.not(), when.fails.not()]), fails }
}

/// Of two that are never both evaluated to the end, either. What cannot be evaluated first cannot in both.
fn or_apart(left: When, right: When) -> When {
    When { holds: Condition::any([left.holds, right.holds]), fails: Condition::any([left.fails, right.fails]) }
}
