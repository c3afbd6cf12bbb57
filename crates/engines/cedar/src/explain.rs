//! What stood in the way, policy by policy. It is made for refusals and on request; a decision does not pay for it.

use crate::plan::{Plan, Rule};
use crate::vocabulary::Vocabulary;
use cedar_policy::{Effect, Entities, EntityUid, EvalResult, Expression, Request, eval_expression};
use kernel::{Actor, AttributeRead, Explanation, Obstacle, Principal, Remedy};

/// A question as Cedar has it.
pub(crate) struct Posed<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) actor: &'a Actor,
    pub(crate) resource: &'a EntityUid,
    pub(crate) request: &'a Request,
    pub(crate) entities: &'a Entities,
    pub(crate) vocabulary: &'a Vocabulary,
}

impl Posed<'_> {
    /// Adds what the policies that decided looked at.
    pub(crate) fn add_attributes(&self, explanation: &mut Explanation) {
        let decided = explanation.decided_by.iter().filter_map(|id| self.plan.rule(id));
        explanation.attributes = self.attributes(decided);
    }

    /// Adds why nothing allowed it, or what forbade it.
    pub(crate) fn add_obstacles(&self, explanation: &mut Explanation) {
        let forbidden = !explanation.decided_by.is_empty();
        let rules: Vec<&Rule> = if forbidden {
            explanation.decided_by.iter().filter_map(|id| self.plan.rule(id)).collect()
        } else {
            self.plan.rules.iter().filter(|rule| concerns(rule, self.actor)).collect()
        };
        explanation.attributes = self.attributes(rules.iter().copied());
        let each = rules.iter().map(|rule| if forbidden { forbade(rule) } else { self.missed(rule) });
        explanation.obstacles = each.collect();
        // Whoever came nearest first.
        explanation.obstacles.sort_by_key(|obstacle| obstacle.remedies.len());
    }

    /// What a permit that did not apply would have needed.
    fn missed(&self, rule: &Rule) -> Obstacle {
        let mut obstacle = head(rule, self.actor, self.vocabulary);
        if rule.about.as_ref().is_some_and(|about| about != self.resource) {
            obstacle.conditions.push("resource == …".to_owned());
            let words = "to be about the one thing the policy names".to_owned();
            obstacle.remedies.push(Remedy { words, about_caller: false });
        }
        for part in &rule.reading.parts {
            let truth = self.evaluate(&part.expression);
            if truth != Some(EvalResult::Bool(part.wanted)) {
                obstacle.conditions.push(part.shown());
                obstacle.remedies.push(part.to_hold());
            }
        }
        obstacle
    }

    fn attributes<'r>(&self, rules: impl Iterator<Item = &'r Rule>) -> Vec<AttributeRead> {
        let mut read: Vec<AttributeRead> = Vec::new();
        for (name, expression) in rules.flat_map(|rule| &rule.reading.looks_at) {
            if read.iter().all(|known| known.name != *name)
                && let Some(value) = self.evaluate(expression)
            {
                read.push(AttributeRead { name: name.clone(), value: self.shown(value) });
            }
        }
        read
    }

    fn evaluate(&self, expression: &Expression) -> Option<EvalResult> {
        eval_expression(self.request, self.entities, expression).ok()
    }

    fn shown(&self, value: EvalResult) -> String {
        match value {
            EvalResult::EntityUid(uid) => {
                self.vocabulary.person(&uid).map_or_else(|| uid.to_string(), |id| Principal::User(id).to_string())
            }
            EvalResult::String(text) => text,
            other => other.to_string(),
        }
    }
}

/// What can be said before anything is known of the resource: whom each permit's head asks for.
pub(crate) fn heads(plan: &Plan, actor: &Actor, vocabulary: &Vocabulary) -> Vec<Obstacle> {
    let missed = |rule: &&Rule| concerns(rule, actor) && !rule.scope.admits(actor, vocabulary);
    plan.rules.iter().filter(missed).map(|rule| head(rule, actor, vocabulary)).collect()
}

/// Whether this permit could have been meant: what one service may do is none of anybody else's business.
fn concerns(rule: &Rule, actor: &Actor) -> bool {
    let service = matches!(actor.principal, Principal::Service(_));
    rule.effect == Effect::Permit && (service || !rule.scope.is_one_service())
}

fn head(rule: &Rule, actor: &Actor, vocabulary: &Vocabulary) -> Obstacle {
    let mut obstacle =
        Obstacle { policy: rule.id.clone(), forbids: false, conditions: Vec::new(), remedies: Vec::new() };
    if !rule.scope.admits(actor, vocabulary)
        && let Some(words) = rule.scope.words(vocabulary)
    {
        obstacle.conditions.push(format!("principal: {words}"));
        obstacle.remedies.push(Remedy { words, about_caller: true });
    }
    obstacle
}

/// A forbid that applied: each of its conditions held, and without any one of them it would not have.
fn forbade(rule: &Rule) -> Obstacle {
    Obstacle {
        policy: rule.id.clone(),
        forbids: true,
        conditions: rule.reading.parts.iter().map(|part| part.shown()).collect(),
        remedies: rule.reading.parts.iter().map(|part| part.to_fail()).collect(),
    }
}
