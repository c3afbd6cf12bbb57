//! Whom a policy's head speaks of. Conditions are not looked at here.

use crate::vocabulary::{PrincipalKind, Vocabulary, standing};
use cedar_policy::{EntityUid, PrincipalConstraint};
use kernel::{Actor, Role};

/// The principals a policy's head lets through.
#[derive(Debug, Clone)]
pub(crate) enum Scope {
    Anyone,
    Kind(PrincipalKind),
    Holding(Option<PrincipalKind>, Role),
    Exactly(PrincipalKind, EntityUid),
    /// In a group, or holding a role that a community made up.
    Belonging(EntityUid),
}

/// How much of a kind of principal with a role a scope lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Nobody,
    Somebody,
    Everybody,
}

impl Scope {
    /// Reads a policy's head; nothing when it can let nobody through.
    pub(crate) fn read(constraint: PrincipalConstraint, vocabulary: &Vocabulary) -> Option<Self> {
        match constraint {
            PrincipalConstraint::Any => Some(Self::Anyone),
            PrincipalConstraint::Is(name) => vocabulary.kind_of(&name).map(Self::Kind),
            PrincipalConstraint::Eq(uid) => Self::exactly(uid, vocabulary),
            PrincipalConstraint::In(uid) => Self::within(None, uid, vocabulary),
            PrincipalConstraint::IsIn(name, uid) => Self::within(Some(vocabulary.kind_of(&name)?), uid, vocabulary),
        }
    }

    fn within(kind: Option<PrincipalKind>, uid: EntityUid, vocabulary: &Vocabulary) -> Option<Self> {
        if vocabulary.is_role(uid.type_name()) {
            return Role::parse(uid.id().unescaped()).map(|role| Self::Holding(kind, role));
        }
        if vocabulary.is_belonging(uid.type_name()) {
            return kind.is_none_or(|kind| kind == PrincipalKind::User).then_some(Self::Belonging(uid));
        }
        // Roles and groups alone have something below them, and everything is in itself.
        Self::exactly(uid, vocabulary)
    }

    fn exactly(uid: EntityUid, vocabulary: &Vocabulary) -> Option<Self> {
        vocabulary.kind_of(uid.type_name()).map(|kind| Self::Exactly(kind, uid))
    }

    pub(crate) fn reach(&self, kind: PrincipalKind, role: Role) -> Reach {
        let everybody = match self {
            Self::Anyone => true,
            Self::Kind(of) => *of == kind,
            Self::Holding(of, at_least) => of.is_none_or(|of| of == kind) && *at_least <= role,
            Self::Belonging(_) if kind == PrincipalKind::User => return Reach::Somebody,
            Self::Belonging(_) => false,
            Self::Exactly(of, _) => return if *of == kind { Reach::Somebody } else { Reach::Nobody },
        };
        if everybody { Reach::Everybody } else { Reach::Nobody }
    }

    pub(crate) fn is_one_service(&self) -> bool {
        matches!(self, Self::Exactly(PrincipalKind::Service, _))
    }

    /// Whether this actor is let through.
    pub(crate) fn admits(&self, actor: &Actor, vocabulary: &Vocabulary) -> bool {
        match self {
            Self::Exactly(_, uid) => return *uid == vocabulary.principal(actor),
            Self::Belonging(uid) => return vocabulary.belongs(actor, uid),
            _ => {}
        }
        let (kind, role) = standing(actor);
        self.reach(kind, role) == Reach::Everybody
    }

    /// What somebody outside would need, in words that go on from "needs"; nothing when it lets everybody through.
    pub(crate) fn words(&self, vocabulary: &Vocabulary) -> Option<String> {
        let kind = |kind: &PrincipalKind| match kind {
            PrincipalKind::User => "to be logged in",
            PrincipalKind::Guest => "to be a guest",
            PrincipalKind::Service => "to be a service",
        };
        Some(match self {
            Self::Anyone => return None,
            Self::Kind(of) => kind(of).to_owned(),
            Self::Holding(_, Role::Administrator) => "the role administrator".to_owned(),
            Self::Holding(_, role) => format!("the role {} or above", role.name()),
            Self::Exactly(PrincipalKind::Service, uid) => format!("to be the service {}", uid.id().unescaped()),
            Self::Exactly(..) => "to be the one person named".to_owned(),
            Self::Belonging(uid) if vocabulary.is_group(uid.type_name()) => {
                format!("to be in the group {}", uid.id().unescaped())
            }
            Self::Belonging(uid) => format!("the role {}", uid.id().unescaped()),
        })
    }
}
