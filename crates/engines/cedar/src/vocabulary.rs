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
    group: EntityTypeName,
    custom_role: EntityTypeName,
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
            group: "Polity::Group".parse()?,
            custom_role: "Polity::CustomRole".parse()?,
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

    /// Whether these are groups or roles of a community.
    pub(crate) fn is_belonging(&self, name: &EntityTypeName) -> bool {
        *name == self.group || *name == self.custom_role
    }

    pub(crate) fn is_group(&self, name: &EntityTypeName) -> bool {
        *name == self.group
    }

    /// What a community's own role is called in policies.
    pub(crate) fn custom_role(&self, name: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.custom_role.clone(), EntityId::new(name))
    }

    /// Whether the actor is in that group, or holds that role.
    pub(crate) fn belongs(&self, actor: &Actor, uid: &EntityUid) -> bool {
        let names = if *uid.type_name() == self.group { &actor.belongs.groups } else { &actor.belongs.roles };
        matches!(actor.principal, Principal::User(_)) && names.iter().any(|name| name == uid.id().unescaped())
    }

    /// The person of that name in policies.
    pub(crate) fn person(&self, uid: &EntityUid) -> Option<UserId> {
        (*uid.type_name() == self.user).then(|| uid.id().unescaped().parse().ok()).flatten()
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
        let mut parents = roles.unwrap_or_default();
        if kind == PrincipalKind::User {
            let emergency = RestrictedExpression::new_bool(actor.belongs.emergency_until.is_some());
            attributes.insert("emergency".to_owned(), emergency);
            let named = |kind: &EntityTypeName, name: &String| {
                EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(name))
            };
            parents.extend(actor.belongs.groups.iter().map(|name| named(&self.group, name)));
            parents.extend(actor.belongs.roles.iter().map(|name| named(&self.custom_role, name)));
        }
        Ok(Entity::new(uid, attributes, parents)?)
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
