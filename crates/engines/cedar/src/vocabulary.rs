//! How the kernel's people and roles are called in policies. Nothing here knows a module or a policy.

use cedar_policy::{Context, ContextCreationError, RestrictedExpression};
use cedar_policy::{Entity, EntityAttrEvaluationError, EntityId, EntityTypeName, EntityUid, ParseErrors};
use kernel::{Actor, Attribute, Principal, Role, UserId};
use std::collections::{HashMap, HashSet};

/// The kinds of principal of the base schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrincipalKind {
    User,
    Guest,
    Service,
}

/// The base schema's names, parsed once.
pub(crate) struct Vocabulary {
    user: EntityTypeName,
    guest: EntityTypeName,
    service: EntityTypeName,
    role: EntityTypeName,
    /// For each of [`Role::ALL`], the roles that its holder is in.
    held: Vec<(Role, HashSet<EntityUid>)>,
}

impl Vocabulary {
    /// # Errors
    /// When one of the names below is not a name, which a test of any build would show.
    pub(crate) fn new() -> Result<Self, Box<ParseErrors>> {
        let role: EntityTypeName = "Polity::Role".parse()?;
        let uid = |held: Role| EntityUid::from_type_name_and_id(role.clone(), EntityId::new(held.name()));
        let held =
            Role::ALL.map(|held| (held, Role::ALL.into_iter().filter(|other| *other <= held).map(uid).collect()));
        Ok(Self {
            user: "Polity::User".parse()?,
            guest: "Polity::Guest".parse()?,
            service: "Polity::Service".parse()?,
            held: held.into(),
            role,
        })
    }

    pub(crate) fn kind_of(&self, name: &EntityTypeName) -> Option<PrincipalKind> {
        [
            (&self.user, PrincipalKind::User),
            (&self.guest, PrincipalKind::Guest),
            (&self.service, PrincipalKind::Service),
        ]
        .into_iter()
        .find_map(|(known, kind)| (known == name).then_some(kind))
    }

    pub(crate) fn is_role(&self, name: &EntityTypeName) -> bool {
        *name == self.role
    }

    /// The principal's name in policies: `Polity::User::"…"`.
    pub(crate) fn principal(&self, actor: &Actor) -> EntityUid {
        let (name, id) = match &actor.principal {
            Principal::User(id) => return self.user(*id),
            Principal::Guest => (&self.guest, EntityId::new("guest")),
            Principal::Service(service) => (&self.service, EntityId::new(service)),
        };
        EntityUid::from_type_name_and_id(name.clone(), id)
    }

    /// The principal with everything policies may look at.
    ///
    /// # Errors
    /// Only for values that Cedar computes, of which there is none here.
    pub(crate) fn principal_entity(
        &self,
        uid: EntityUid,
        actor: &Actor,
    ) -> Result<Entity, Box<EntityAttrEvaluationError>> {
        let (kind, role) = standing(actor);
        let mut attributes = HashMap::from([("tenant".to_owned(), text(actor.tenant.to_string()))]);
        if kind == PrincipalKind::User && !actor.display_name.is_empty() {
            attributes.insert("name".to_owned(), text(actor.display_name.clone()));
        }
        if kind == PrincipalKind::User {
            attributes.insert("operator".to_owned(), RestrictedExpression::new_bool(actor.operator));
        }
        let roles = self.held.iter().find(|(held, _)| *held == role).map(|(_, roles)| roles.clone());
        Ok(Entity::new(uid, attributes, roles.unwrap_or_default())?)
    }

    /// A resource's attribute as Cedar writes it.
    pub(crate) fn value(&self, attribute: &Attribute) -> RestrictedExpression {
        match attribute {
            Attribute::Text(words) => text(words.clone()),
            Attribute::Number(number) => RestrictedExpression::new_long(*number),
            Attribute::Flag(flag) => RestrictedExpression::new_bool(*flag),
            Attribute::User(id) => RestrictedExpression::new_entity_uid(self.user(*id)),
        }
    }

    fn user(&self, id: UserId) -> EntityUid {
        EntityUid::from_type_name_and_id(self.user.clone(), EntityId::new(id.to_string()))
    }
}

/// What the actor counts as. A guest is a guest whatever role it claims.
pub(crate) fn standing(actor: &Actor) -> (PrincipalKind, Role) {
    match actor.principal {
        Principal::User(_) => (PrincipalKind::User, actor.role),
        Principal::Guest => (PrincipalKind::Guest, Role::Guest),
        Principal::Service(_) => (PrincipalKind::Service, actor.role),
    }
}

/// The base schema's `Polity::Context` for this actor.
///
/// # Errors
/// Only for values that Cedar computes, of which there is none here.
pub(crate) fn context(actor: &Actor) -> Result<Context, Box<ContextCreationError>> {
    Ok(Context::from_pairs([
        ("tenant".to_owned(), text(actor.tenant.to_string())),
        ("session".to_owned(), RestrictedExpression::new_bool(actor.session.is_some())),
    ])?)
}

pub(crate) fn text(words: String) -> RestrictedExpression {
    RestrictedExpression::new_string(words)
}
