//! Which tasks and sagas somebody wants to see, read from words. What may not enter: how they are found.

use kernel::{Fault, FieldFault, SagaFilter, TaskFilter, TaskState};
use serde::{Deserialize, Serialize};

/// The states of a saga.
pub(crate) const SAGA_STATES: [&str; 6] = ["running", "waiting", "stuck", "compensating", "done", "undone"];

/// A filter of tasks as it was typed. Empty words are no words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TypedFilter {
    /// In this queue.
    pub(crate) queue: Option<String>,
    /// Of this kind.
    pub(crate) kind: Option<String>,
    /// With this unique key.
    pub(crate) key: Option<String>,
    /// For this community, by its id.
    pub(crate) tenant: Option<String>,
    /// In this state.
    pub(crate) state: Option<String>,
}

impl TypedFilter {
    /// Reads the filter.
    ///
    /// # Errors
    /// `Invalid`, naming `tenant_id` and `state` where they are none, and the words that no database keeps.
    pub(crate) fn parse(&self) -> Result<TaskFilter, Fault> {
        let words = [("queue", &self.queue), ("kind", &self.kind), ("key", &self.key)];
        let mut faults: Vec<_> = words.iter().filter_map(|(field, word)| unkept(field, word.as_deref()?)).collect();
        let tenant = said(self.tenant.as_deref()).map(str::parse).transpose().unwrap_or_else(|_| {
            faults.push(fault("tenant_id", "must be a community's id, a UUID".to_owned()));
            None
        });
        let state = said(self.state.as_deref()).and_then(|name| {
            let state = TaskState::parse(name);
            if state.is_none() {
                faults.push(fault("state", one_of(&TaskState::ALL.map(TaskState::name))));
            }
            state
        });
        if !faults.is_empty() {
            return Err(Fault::invalid_fields(faults));
        }
        let owned = |text: &Option<String>| said(text.as_deref()).map(str::to_owned);
        Ok(TaskFilter { queue: owned(&self.queue), kind: owned(&self.kind), key: owned(&self.key), tenant, state })
    }
}

/// A filter of sagas as it was typed. Empty words are no words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TypedSagaFilter {
    /// Of this kind.
    pub(crate) kind: Option<String>,
    /// With this correlation id.
    pub(crate) correlation: Option<String>,
    /// In this state.
    pub(crate) state: Option<String>,
}

impl TypedSagaFilter {
    /// Reads the filter.
    ///
    /// # Errors
    /// `Invalid`, naming `state` where it is none, and the words that no database keeps.
    pub(crate) fn parse(&self) -> Result<SagaFilter, Fault> {
        let owned = |text: &Option<String>| said(text.as_deref()).map(str::to_owned);
        let state = owned(&self.state);
        let words = [("kind", &self.kind), ("correlation", &self.correlation)];
        let mut faults: Vec<_> = words.iter().filter_map(|(field, word)| unkept(field, word.as_deref()?)).collect();
        if state.as_deref().is_some_and(|state| !SAGA_STATES.contains(&state)) {
            faults.push(fault("state", one_of(&SAGA_STATES)));
        }
        if !faults.is_empty() {
            return Err(Fault::invalid_fields(faults));
        }
        Ok(SagaFilter { kind: owned(&self.kind), correlation: owned(&self.correlation), state })
    }
}

/// What was typed, if anything was.
pub(crate) fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The name of something, in an order about it.
///
/// # Errors
/// `Invalid`, naming `field`, for a name that no database keeps.
pub(crate) fn name(field: &str, name: &str) -> Result<(), Fault> {
    unkept(field, name).map_or(Ok(()), |fault| Err(Fault::invalid_fields(vec![fault])))
}

/// PostgreSQL takes no NUL in a text, so nothing anywhere is called by one.
fn unkept(field: &str, word: &str) -> Option<FieldFault> {
    word.contains('\0').then(|| fault(field, "must not contain a NUL character".to_owned()))
}

fn fault(field: &str, detail: String) -> FieldFault {
    FieldFault { field: field.to_owned(), detail }
}

fn one_of(names: &[&str]) -> String {
    format!("must be one of {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TenantId;

    fn typed(word: &str) -> Option<String> {
        Some(word.to_owned())
    }

    #[test]
    fn empty_words_ask_for_everything() {
        let filter = TypedFilter { queue: typed(" "), kind: typed(""), state: typed(""), ..TypedFilter::default() };
        assert_eq!(filter.parse().unwrap(), TaskFilter::default());
    }

    #[test]
    fn words_are_read_without_what_stands_around_them() {
        let filter = TypedFilter {
            kind: typed(" forum.sweep_drafts "),
            tenant: typed(&TenantId::FIRST.to_string()),
            state: typed("dead"),
            ..TypedFilter::default()
        };
        let wanted = TaskFilter {
            kind: typed("forum.sweep_drafts"),
            tenant: Some(TenantId::FIRST),
            state: Some(TaskState::Dead),
            ..TaskFilter::default()
        };
        assert_eq!(filter.parse().unwrap(), wanted);
    }

    #[test]
    fn every_word_that_means_nothing_is_named() {
        let filter = TypedFilter { tenant: typed("ours"), state: typed("asleep"), ..TypedFilter::default() };
        let fault = filter.parse().unwrap_err();
        assert_eq!(fault.fields.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["tenant_id", "state"]);
        let sagas = TypedSagaFilter { state: typed("asleep"), ..TypedSagaFilter::default() };
        assert_eq!(sagas.parse().unwrap_err().fields[0].field, "state");
    }
}
