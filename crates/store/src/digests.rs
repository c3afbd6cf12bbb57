//! What an audit entry says of states without saying what stands in them: digests, and the names of fields that differ.
//!
//! A plain hash of a short state, such as an address or a vote, could be found by trying. So each is an HMAC-SHA-256 under
//! a key of that version alone, 32 random bytes that stand in the history beside the state and nowhere else. Whoever has
//! the history can show that it is the one that was recorded; whoever has the record alone learns nothing, and neither
//! does anybody once state and key were erased.

use crate::sql::statement;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::{Difference, Ids, Revision};
use ring::hmac;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value as Bound};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The digest of a state as the history keeps it, under the key that it keeps beside it. None where the key is none.
pub(crate) fn digest(key: &str, state: &str) -> Option<String> {
    let key = STANDARD.decode(key).ok()?;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), state.as_bytes());
    Some(STANDARD.encode(tag.as_ref()))
}

/// A version as it goes into the history.
pub(crate) struct Digested {
    /// The key of this version's digest, in base64.
    pub(crate) key: String,
    /// The state as it is kept.
    pub(crate) state: Option<String>,
    /// What the entry says of it.
    pub(crate) difference: Difference,
}

/// Digests these revisions. Those before them are read where the commit leaves an entry.
pub(crate) async fn digested(
    tx: &DatabaseTransaction,
    revisions: &[Revision],
    ids: &dyn Ids,
    audited: bool,
) -> Result<Vec<Digested>, DbErr> {
    let mut former = if audited { former(tx, revisions).await? } else { BTreeMap::new() };
    let one = |revision: &Revision| {
        let key = STANDARD.encode(ids.secret());
        let state = revision.state.as_ref().map(Value::to_string);
        let before = former.remove(&(revision.kind.to_owned(), revision.id, revision.version - 1));
        let (before_state, before_key) = before.unwrap_or_default();
        let old = before_state.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let difference = Difference {
            of: format!("{}/{}@{}", revision.kind, revision.id, revision.version),
            before: before_key.zip(before_state).and_then(|(key, state)| digest(&key, &state)),
            after: state.as_deref().and_then(|state| digest(&key, state)),
            fields: differing(old.as_ref(), revision.state.as_ref()),
        };
        Digested { key, state, difference }
    };
    Ok(revisions.iter().map(one).collect())
}

/// State and key of a version in the history.
type Former = BTreeMap<(String, Uuid, i64), (Option<String>, Option<String>)>;

/// The versions before these.
async fn former(tx: &DatabaseTransaction, revisions: &[Revision]) -> Result<Former, DbErr> {
    let mut found = Former::new();
    let later: Vec<_> = revisions.iter().filter(|revision| revision.version > 1).collect();
    // Few enough for every engine's bound on parameters.
    for some in later.chunks(100) {
        let (mut wanted, mut values) = (Vec::with_capacity(some.len()), Vec::<Bound>::with_capacity(some.len() * 3));
        for revision in some {
            let first = values.len() + 1;
            wanted.push(format!("(kind = ${first} AND id = ${} AND version = ${})", first + 1, first + 2));
            values.extend([revision.kind.into(), revision.id.into(), (revision.version - 1).into()]);
        }
        let sql = format!("SELECT kind, id, version, state, digest_key FROM history WHERE {}", wanted.join(" OR "));
        for row in tx.query_all_raw(statement(tx.get_database_backend(), sql, values)).await? {
            let place = (row.try_get("", "kind")?, row.try_get("", "id")?, row.try_get("", "version")?);
            found.insert(place, (row.try_get("", "state")?, row.try_get("", "digest_key")?));
        }
    }
    Ok(found)
}

/// The names of the fields that one has and the other has not, or has in another way.
fn differing(before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
    let fields = |state: Option<&Value>| state.and_then(Value::as_object).cloned().unwrap_or_default();
    let (before, after) = (fields(before), fields(after));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn digest_is_the_hmac_of_rfc_4231() {
        // Test case 2: the key "Jefe" and the text "what do ya want for nothing?".
        let tag = digest(&STANDARD.encode("Jefe"), "what do ya want for nothing?").unwrap();
        assert_eq!(STANDARD.decode(&tag).unwrap()[..8], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]);
        assert_eq!(digest("no base64!", "x"), None);
    }

    #[test]
    fn fields_that_came_went_or_changed_are_named() {
        let (before, after) = (json!({ "a": 1, "b": 2, "d": 4 }), json!({ "a": 1, "b": 3, "c": null }));
        assert_eq!(differing(Some(&before), Some(&after)), ["b", "c", "d"]);
        assert_eq!(differing(None, Some(&after)), ["a", "b", "c"]);
        assert_eq!(differing(Some(&before), None), ["a", "b", "d"]);
        assert_eq!(differing(None, Some(&json!("text"))), Vec::<String>::new());
    }
}
