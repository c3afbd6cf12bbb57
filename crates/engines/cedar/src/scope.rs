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
        // Roles alone have something below them, and everything is in itself.
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
            Self::Exactly(of, _) => return if *of == kind { Reach::Somebody } else { Reach::Nobody },
        };
        if everybody { Reach::Everybody } else { Reach::Nobody }
    }

    /// Whether this actor is let through.
    pub(crate) fn admits(&self, actor: &Actor, vocabulary: &Vocabulary) -> bool {
        if let Self::Exactly(_, uid) = self {
            return *uid == vocabulary.principal(actor);
        }
        let (kind, role) = standing(actor);
        self.reach(kind, role) == Reach::Everybody
    }
}
