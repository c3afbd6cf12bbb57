//! An entry as it is sealed and exported: what of it enters the tree, byte by byte. `docs/audit.md` describes the format
//! to strangers; a change of it is another format, with another name.
//!
//! What may not enter: a personal field in the clear. Name and address enter as a salted hash, so that both and the
//! salt can be forgotten some day, and every proof still holds.

use super::merkle::leaf_hash;
use super::{Digest, Impersonal};
use chrono::SecondsFormat;
use kernel::{AuditEntry, TenantId, Time};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What stands before the fields of a leaf.
const LEAF: &str = "polity.audit.leaf.v1";
/// The same where the entry has a detail.
const DETAILED_LEAF: &str = "polity.audit.leaf.v2";
/// What stands before the personal fields.
const PERSON: &str = "polity.audit.person.v1";
/// The same where the client said what it is.
const PERSON_WITH_AGENT: &str = "polity.audit.person.v2";

/// An entry with its place in the tree. Nothing but these fields may stand in a line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealedEntry {
    /// Which leaf it is, counting from 0.
    pub(crate) leaf: u64,
    /// The leaf's hash, as it was when the entry was sealed.
    pub(crate) hash: Digest,
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) module: String,
    pub(crate) position: i64,
    pub(crate) operation: String,
    pub(crate) actor: String,
    pub(crate) person: Person,
    pub(crate) resource: String,
    pub(crate) decision_id: Uuid,
    pub(crate) policies: Vec<String>,
    pub(crate) changes: Vec<String>,
    pub(crate) events: Vec<String>,
    pub(crate) request_id: String,
    pub(crate) at: Time,
    /// None for entries that were recorded before there was such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<Impersonal>,
}

/// The personal fields, or what is left of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Person {
    /// Still known.
    Known {
        /// The actor's name at the time.
        name: String,
        /// The address it came from.
        address: Option<String>,
        /// What the client called itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_agent: Option<String>,
        /// What makes the hash tell nothing about them.
        salt: Digest,
    },
    /// As they are kept: nobody reads them without the person's key.
    Sealed {
        /// The hash that entered the leaf.
        commitment: Digest,
        /// The fields and their salt, sealed.
        text: String,
    },
    /// Forgotten: only their hash is left.
    Forgotten {
        /// The hash that entered the leaf.
        commitment: Digest,
    },
}

impl Person {
    /// The personal fields of this entry, which nobody has forgotten.
    pub(crate) fn known(entry: &AuditEntry, salt: Digest) -> Self {
        let user_agent = entry.detail.as_ref().and_then(|detail| detail.user_agent.clone());
        Self::Known { name: entry.actor_name.clone(), address: entry.address.clone(), user_agent, salt }
    }

    /// The salted hash that enters the leaf.
    pub(crate) fn commitment(&self) -> Digest {
        match self {
            Self::Forgotten { commitment } | Self::Sealed { commitment, .. } => *commitment,
            Self::Known { name, address, user_agent, salt } => {
                let mut bytes = Vec::new();
                text(&mut bytes, if user_agent.is_some() { PERSON_WITH_AGENT } else { PERSON });
                bytes.extend(salt.0);
                text(&mut bytes, name);
                list(&mut bytes, address.as_slice());
                if user_agent.is_some() {
                    list(&mut bytes, user_agent.as_slice());
                }
                Digest::of(&[&bytes])
            }
        }
    }
}

impl SealedEntry {
    /// Makes the entry the leaf of that number.
    pub(crate) fn new(leaf: u64, entry: AuditEntry, position: i64, person: Person) -> Self {
        let unhashed = Self::stored(leaf, Digest::of(&[]), entry, position, person);
        Self { hash: unhashed.leaf_hash(), ..unhashed }
    }

    /// The entry as it was sealed: with the hash that the tree holds, whatever its fields say today.
    pub(crate) fn stored(leaf: u64, hash: Digest, entry: AuditEntry, position: i64, person: Person) -> Self {
        Self {
            leaf,
            hash,
            id: entry.id,
            tenant: entry.tenant,
            module: entry.module,
            position,
            operation: entry.operation,
            actor: entry.actor,
            person,
            resource: entry.resource,
            decision_id: entry.decision_id,
            policies: entry.policies,
            changes: entry.changes,
            events: entry.events,
            request_id: entry.request_id,
            at: entry.at,
            detail: entry.detail.as_ref().map(Impersonal::of),
        }
    }

    /// The entry without what a program before the detail and the sealed fields did not know of, when that is what it sealed:
    /// it may have run for a while beside one that recorded them. None when it did not, as nearly always.
    pub(crate) fn as_an_older_program_sealed_it(&self, person: Person) -> Option<Self> {
        if self.leaf_hash() == self.hash {
            return None;
        }
        let Person::Known { name, address, user_agent: _, salt } = person else { return None };
        let person = Person::Known { name, address, user_agent: None, salt };
        let older = Self { person, detail: None, ..self.clone() };
        (older.leaf_hash() == older.hash).then_some(older)
    }

    /// The entry again, with its place in its module's log. Of a person who was forgotten it says nothing.
    pub(crate) fn unsealed(self) -> (AuditEntry, i64) {
        let (name, address, user_agent) = match self.person {
            Person::Known { name, address, user_agent, .. } => (name, address, user_agent),
            Person::Forgotten { .. } | Person::Sealed { .. } => (String::new(), None, None),
        };
        let entry = AuditEntry {
            id: self.id,
            module: self.module,
            operation: self.operation,
            actor: self.actor,
            actor_name: name,
            tenant: self.tenant,
            resource: self.resource,
            decision_id: self.decision_id,
            policies: self.policies,
            changes: self.changes,
            events: self.events,
            request_id: self.request_id,
            address,
            at: self.at,
            detail: self.detail.map(|detail| detail.with(user_agent)),
        };
        (entry, self.position)
    }

    /// The hash that the leaf of these fields has.
    pub(crate) fn leaf_hash(&self) -> Digest {
        let mut bytes = Vec::with_capacity(512);
        let at = self.at.to_rfc3339_opts(SecondsFormat::Nanos, true);
        for field in [
            if self.detail.is_some() { DETAILED_LEAF } else { LEAF },
            &self.id.to_string(),
            &self.tenant.to_string(),
            &self.module,
            &self.position.to_string(),
            &self.operation,
            &self.actor,
        ] {
            text(&mut bytes, field);
        }
        bytes.extend(self.person.commitment().0);
        text(&mut bytes, &self.resource);
        text(&mut bytes, &self.decision_id.to_string());
        for texts in [&self.policies, &self.changes, &self.events] {
            list(&mut bytes, texts);
        }
        text(&mut bytes, &self.request_id);
        text(&mut bytes, &at);
        if let Some(detail) = &self.detail {
            detail.enter(&mut bytes);
        }
        leaf_hash(&bytes)
    }
}

/// Its length in bytes as eight bytes, the highest first, and then the text. So no two lists of fields look the same.
pub(super) fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_be_bytes());
    bytes.extend(text.as_bytes());
}

/// How many there are, as eight bytes, and then each of them.
pub(super) fn list(bytes: &mut Vec<u8>, texts: &[String]) {
    bytes.extend((texts.len() as u64).to_be_bytes());
    for each in texts {
        text(bytes, each);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use kernel::{AuditDetail, AuditResult, Difference, SessionId};

    /// The entry of that number in a made-up record.
    pub(crate) fn sealed(leaf: u64) -> SealedEntry {
        SealedEntry::new(leaf, entry(leaf), 5, Person::known(&entry(leaf), Digest([6; 32])))
    }

    /// One that says more.
    fn detailed() -> SealedEntry {
        let difference = Difference {
            of: "post/4@2".to_owned(),
            before: Some("AAAA".to_owned()),
            after: Some("BBBB".to_owned()),
            fields: vec!["text".to_owned()],
        };
        let detail = AuditDetail {
            on_behalf_of: Some("user:8".to_owned()),
            session: Some(SessionId(Uuid::from_u128(9))),
            user_agent: Some("Lynx".to_owned()),
            differences: vec![difference],
            result: AuditResult::Refused { reason: "access.forbidden".to_owned(), times: 3 },
        };
        let entry = AuditEntry { detail: Some(detail), ..entry(0) };
        let person = Person::known(&entry, Digest([6; 32]));
        SealedEntry::new(0, entry, 5, person)
    }

    fn entry(leaf: u64) -> AuditEntry {
        AuditEntry {
            id: Uuid::from_u128(u128::from(leaf) + 100),
            module: "forum".to_owned(),
            operation: "forum.post_reply".to_owned(),
            actor: "user:7".to_owned(),
            actor_name: "Ada".to_owned(),
            tenant: TenantId::FIRST,
            resource: format!("Thread/{leaf}"),
            decision_id: Uuid::from_u128(3),
            policies: vec!["forum/members_write".to_owned()],
            changes: vec!["post/4@1".to_owned()],
            events: vec!["forum.reply_posted.v1".to_owned()],
            request_id: "request-1".to_owned(),
            address: Some("192.0.2.1".to_owned()),
            at: "2030-01-01T00:00:00.000001Z".parse().unwrap(),
            detail: None,
        }
    }

    #[test]
    fn format_of_a_leaf_never_changes() {
        // Whoever kept an export keeps these hashes. Reckoned once by another program from docs/audit.md.
        assert_eq!(sealed(0).person.commitment().to_string(), "w4vlsvl6EjoiDylN06ZexWL172SvPgFemeaaZDp84Hw=");
        assert_eq!(sealed(0).hash.to_string(), "lQUno1Wm2LeX7FVs0YJJEhhXHNUZpAToHOxni/QylWk=");
        assert_eq!(detailed().person.commitment().to_string(), "FcBaFaKalHfXzK9dFyt2jX1ge9lwLoC1GM67+DvELrk=");
        assert_eq!(detailed().hash.to_string(), "6JQ3BfmLb9NDoUPBH4Gb8nsfSZWtWWyQiA67Z9Yi9lQ=");
    }

    #[test]
    fn every_field_of_the_detail_counts() {
        let whole = serde_json::to_value(detailed()).unwrap();
        let mut seen = vec![detailed().hash];
        let difference = |before: &str, fields: &[&str]| serde_json::json!([{ "of": "post/4@2", "before": before, "after": "BBBB", "fields": fields }]);
        for (field, other) in [
            ("on_behalf_of", serde_json::Value::Null),
            ("session", serde_json::Value::Null),
            ("differences", serde_json::json!([])),
            ("differences", difference("CCCC", &["text"])),
            ("differences", difference("AAAA", &[])),
            (
                "differences",
                serde_json::json!([{ "of": "post/4@2", "before": null, "after": "AAAA", "fields": ["text"] }]),
            ),
            (
                "differences",
                serde_json::json!([{ "of": "post/5@2", "before": "AAAA", "after": null, "fields": ["text"] }]),
            ),
            ("result", "done".into()),
            ("result", serde_json::json!({ "refused": { "reason": "access.forbidden", "times": 4 } })),
            ("result", serde_json::json!({ "refused": { "reason": "access.log_in", "times": 3 } })),
        ] {
            let mut changed = whole.clone();
            changed["detail"][field] = other;
            let hash = serde_json::from_value::<SealedEntry>(changed).unwrap().leaf_hash();
            assert!(!seen.contains(&hash), "{field}");
            seen.push(hash);
        }
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove("detail");
        assert!(!seen.contains(&serde_json::from_value::<SealedEntry>(without).unwrap().leaf_hash()));
        let mut other = whole;
        other["person"]["known"]["user_agent"] = "Mosaic".into();
        assert!(!seen.contains(&serde_json::from_value::<SealedEntry>(other).unwrap().leaf_hash()));
    }

    #[test]
    fn every_field_counts() {
        let whole = serde_json::to_value(sealed(0)).unwrap();
        let mut seen = vec![sealed(0).hash];
        let others = [
            ("id", serde_json::json!(Uuid::from_u128(1))),
            ("tenant", serde_json::json!(Uuid::from_u128(2))),
            ("module", "auth".into()),
            ("position", 6.into()),
            ("operation", "forum.post".into()),
            ("actor", "user:8".into()),
            (
                "person",
                serde_json::json!({ "known": { "name": "Bo", "address": "192.0.2.1", "salt": Digest([6; 32]) } }),
            ),
            ("person", serde_json::json!({ "known": { "name": "Ada", "address": null, "salt": Digest([6; 32]) } })),
            ("person", serde_json::json!({ "known": { "name": "Ada", "address": "", "salt": Digest([6; 32]) } })),
            (
                "person",
                serde_json::json!({ "known": { "name": "Ada", "address": "192.0.2.1", "salt": Digest([7; 32]) } }),
            ),
            ("resource", "Thread/1".into()),
            ("decision_id", serde_json::json!(Uuid::from_u128(4))),
            ("policies", serde_json::json!([])),
            ("changes", serde_json::json!([])),
            ("events", serde_json::json!([])),
            ("policies", serde_json::json!(["forum/members_write", "post/4@1"])),
            ("request_id", "request-2".into()),
            ("at", "2030-01-01T00:00:00.000000001Z".into()),
        ];
        for (field, other) in others {
            let mut changed = whole.clone();
            changed[field] = other;
            let hash = serde_json::from_value::<SealedEntry>(changed).unwrap().leaf_hash();
            assert!(!seen.contains(&hash), "{field}");
            seen.push(hash);
        }
        let mut moved = sealed(0);
        moved.policies.append(&mut moved.changes);
        assert!(!seen.contains(&moved.leaf_hash()), "a text that moved to the list before its own");
    }

    #[test]
    fn person_who_is_forgotten_leaves_the_hash_as_it_was() {
        let known = sealed(0);
        let commitment = known.person.commitment();
        let forgotten = SealedEntry { person: Person::Forgotten { commitment }, ..known.clone() };
        assert_eq!(forgotten.leaf_hash(), known.hash);
        let line = serde_json::to_string(&forgotten).unwrap();
        assert!(!line.contains("Ada") && !line.contains("192.0.2.1"), "{line}");
        assert_eq!(serde_json::from_str::<SealedEntry>(&line).unwrap(), forgotten);
    }
}
