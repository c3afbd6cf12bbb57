//! What is personal in the record: sealed under a key of the person, with the salt that their hash was made with. Destroying
//! the key erases both, here, in archives and in backups; the hash stays in the leaf, and every proof holds.

use super::{AuditStore, Entry};
use crate::domain::{Digest, Person};
use audit_contract::reasons::DAMAGED;
use kernel::{Fault, TenantId, Time, reasons};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Value};
use serde::{Deserialize, Serialize};
use store::{Change, ChangeError, Changed, Place, Sealer, destroy_subject, insert_ignoring_duplicates, statement};
use uuid::Uuid;

/// What the keys are for.
const PURPOSE: &str = "audit.person";

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Personal {
    name: String,
    address: Option<String>,
    user_agent: Option<String>,
    salt: Digest,
}

/// An entry on its way into the record.
pub(crate) struct NewEntry {
    /// Without what is personal, where that is sealed.
    pub(super) entry: Entry,
    /// The name to find the person by.
    pub(super) name: Option<String>,
}

/// The person that `actor` names, if it is one.
fn person_of(actor: &str) -> Option<Uuid> {
    actor.strip_prefix("user:")?.parse().ok()
}

fn place(tenant: TenantId, entry: Uuid, person: Uuid) -> Place {
    Place::new(PURPOSE, tenant, entry).of_subject(person)
}

impl AuditStore {
    /// The entry as it is to be kept: what is personal is sealed when a person acted. Of one who was forgotten, and of one
    /// whose key does not unwrap, it is dropped: an entry without a name is better than none.
    pub(crate) async fn prepared(&self, mut entry: Entry) -> Result<NewEntry, Fault> {
        let Some(person) = person_of(&entry.entry.actor) else { return Ok(NewEntry { entry, name: None }) };
        let known = Person::known(&entry.entry, Digest(self.0.ids().secret()));
        let commitment = known.commitment();
        let Person::Known { name, address, user_agent, salt } = known else { return Err(unreadable(&entry)) };
        let personal = Personal { name: name.clone(), address, user_agent, salt };
        let plain = serde_json::to_vec(&personal).map_err(Fault::internal)?;
        let place = place(entry.entry.tenant, entry.entry.id, person);
        let (person, name) = match self.0.sealer().seal(&place, &plain).await {
            Ok(text) => (Person::Sealed { commitment, text }, Some(name)),
            Err(fault) if fault.is(&reasons::ERASED) || fault.is(&reasons::UNREADABLE) => {
                (Person::Forgotten { commitment }, None)
            }
            Err(fault) => return Err(fault),
        };
        (entry.entry.actor_name, entry.entry.address) = (String::new(), None);
        if let Some(detail) = &mut entry.entry.detail {
            detail.user_agent = None;
        }
        entry.person = Some(person);
        Ok(NewEntry { entry, name: name.filter(|name| !name.is_empty() && name.chars().count() <= 400) })
    }

    /// The hash of what is personal is checked too: whatever is given out, or archived, is what was sealed.
    pub(super) async fn surely_opened(&self, of: (TenantId, Uuid, &str), person: Person) -> Result<Person, Fault> {
        let commitment = person.commitment();
        let damaged = || DAMAGED.fault().detail(format!("What entry {} says of the person cannot be read.", of.1));
        match self.opened(of, person).await {
            Ok(person) if person.commitment() == commitment => Ok(person),
            Ok(_) => Err(damaged()),
            Err(fault) if fault.is(&reasons::UNREADABLE) => Err(damaged().because(fault)),
            Err(fault) => Err(fault),
        }
    }

    /// What is personal, read again: known, unless somebody had it forgotten. `secrets.unreadable` when it is not what was
    /// sealed for this entry.
    async fn opened(&self, (tenant, entry, actor): (TenantId, Uuid, &str), person: Person) -> Result<Person, Fault> {
        let Person::Sealed { commitment, text } = person else { return Ok(person) };
        let Some(subject) = person_of(actor) else { return Ok(Person::Forgotten { commitment }) };
        match self.0.sealer().open(&place(tenant, entry, subject), &text).await {
            Ok(plain) => {
                let Personal { name, address, user_agent, salt } =
                    serde_json::from_slice(&plain).map_err(Fault::internal)?;
                Ok(Person::Known { name, address, user_agent, salt })
            }
            Err(fault) if fault.is(&reasons::ERASED) => Ok(Person::Forgotten { commitment }),
            Err(fault) => Err(fault),
        }
    }

    /// The entry with what is personal in it. One where that cannot be read keeps no list from being shown; its proof tells.
    pub(super) async fn read(&self, mut found: Entry) -> Result<Entry, Fault> {
        let Some(person) = found.person.take() else { return Ok(found) };
        let entry = &mut found.entry;
        let commitment = person.commitment();
        let person = match self.opened((entry.tenant, entry.id, &entry.actor), person).await {
            Err(fault) if fault.is(&reasons::UNREADABLE) => Person::Forgotten { commitment },
            opened => opened?,
        };
        if let Person::Known { name, address, user_agent, .. } = &person {
            (entry.actor_name, entry.address) = (name.clone(), address.clone());
            if let Some(detail) = &mut entry.detail {
                detail.user_agent.clone_from(user_agent);
            }
        }
        found.person = Some(person);
        Ok(found)
    }
}

fn unreadable(entry: &Entry) -> Fault {
    Fault::internal(format!("entry {} has no personal fields", entry.entry.id))
}

/// Keeps by which name the actor was known, unless they were forgotten meanwhile. Whoever forgets them waits for the key's row,
/// or is waited for.
pub(super) async fn keep_name(
    tx: &DatabaseTransaction,
    (tenant, actor): (TenantId, &str),
    name: &str,
) -> Result<(), ChangeError> {
    let Some(person) = person_of(actor) else { return Ok(()) };
    let backend = tx.get_database_backend();
    // On SQLite whoever writes is alone.
    let lock = if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE" };
    let live = format!("SELECT id FROM data_keys WHERE purpose = $1 AND subject = $2 AND wrapped IS NOT NULL{lock}");
    let of: [Value; 2] = [PURPOSE.into(), person.to_string().into()];
    if tx.query_one_raw(statement(backend, live, of)).await?.is_none() {
        return Ok(());
    }
    let known = "INSERT INTO known_names (tenant_id, actor, name) VALUES ($1, $2, $3)";
    let known = insert_ignoring_duplicates(backend, known, "name");
    let values: [Value; 3] = [tenant.0.into(), actor.into(), name.into()];
    tx.execute_raw(statement(backend, known, values)).await?;
    Ok(())
}

/// A person whom the record is to forget, even one of whom it has nothing yet.
pub(crate) struct Forget {
    pub(crate) person: Uuid,
    pub(crate) at: Time,
    pub(crate) sealer: Sealer,
}

#[async_trait::async_trait]
impl Change for Forget {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        self.sealer.bar_subject(tx, PURPOSE, self.person, self.at).await?;
        destroy_subject(tx, self.person, self.at).await?;
        let names = "DELETE FROM known_names WHERE actor = $1";
        let actor = format!("user:{}", self.person);
        tx.execute_raw(statement(tx.get_database_backend(), names, [actor.into()])).await?;
        Ok(Vec::new())
    }
}
