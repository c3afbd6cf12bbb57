//! What other modules ask admin.

use crate::Admin;
use crate::domain::Context;
use crate::usecases::{Evaluation, FindCommunity, ReadRole, ReadRules, ResolveFlags, RoleTold, Wanted};
use admin_contract::{
    AccessRulesReply, AccessRulesRequest, AdminPortal, CommunityCard, EvaluateFlagsReply, EvaluateFlagsRequest,
    FindCommunityRequest, FlagValue, RoleOfReply, RoleOfRequest,
};
use kernel::{Caller, Fault};
use serde_json::Value;
use std::str::FromStr;
use std::sync::Arc;

/// Tells which role somebody holds, and what flags come to.
pub(crate) struct Portal(pub(crate) Arc<Admin>);

#[async_trait::async_trait]
impl AdminPortal for Portal {
    async fn role_of(&self, caller: &Caller, request: RoleOfRequest) -> Result<RoleOfReply, Fault> {
        let (user, tenant) = (id("user_id", &request.user_id)?, id("tenant_id", &request.tenant_id)?);
        let RoleTold { role, groups, roles, ends_at } = self.0.execute(caller, ReadRole { user, tenant }).await?;
        let operator = self.0.store.is_operator(tenant, user).await?;
        let ends_at_ms = ends_at.map_or(0, |ends_at| ends_at.timestamp_millis());
        Ok(RoleOfReply { role: role.name().to_owned(), groups, roles, ends_at_ms, operator })
    }

    async fn access_rules(&self, caller: &Caller, request: AccessRulesRequest) -> Result<AccessRulesReply, Fault> {
        let told = self.0.execute(caller, ReadRules { known: request.known }).await?;
        let rules = told.rules.map(|rules| serde_json::to_string(&rules)).transpose().map_err(Fault::internal)?;
        Ok(AccessRulesReply { known: told.known, rules_json: rules.unwrap_or_default() })
    }

    async fn find_community(&self, caller: &Caller, request: FindCommunityRequest) -> Result<CommunityCard, Fault> {
        let wanted = match (request.host, request.name) {
            (Some(host), None) => Wanted::Host(host),
            (None, Some(name)) => Wanted::Name(name),
            _ => return Err(Fault::invalid("host", "exactly one of host and name must be given")),
        };
        let found = self.0.execute(caller, FindCommunity { wanted }).await?;
        let profile = found.community.profile;
        Ok(CommunityCard {
            tenant_id: found.community.id.to_string(),
            slug: found.community.slug,
            name: profile.name,
            address: found.address,
            region: profile.region,
            state: found.community.state,
            accent: profile.accent,
            member_limit: profile.member_limit,
            requests_per_minute: profile.requests_per_minute,
        })
    }

    async fn evaluate_flags(
        &self,
        caller: &Caller,
        request: EvaluateFlagsRequest,
    ) -> Result<EvaluateFlagsReply, Fault> {
        let EvaluateFlagsRequest { tenant_id, context_json, keys, kind } = request;
        let context = match context_json.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).map_err(|_| Fault::invalid("context_json", "must be JSON"))?,
        };
        let (tenant, context) = (id("tenant_id", &tenant_id)?, Context::parse(context)?);
        let flags = self.0.execute(caller, ResolveFlags { tenant, context, keys, kind }).await?;
        Ok(EvaluateFlagsReply { flags: flags.into_iter().map(flag_value).collect() })
    }
}

fn flag_value(Evaluation { key, told }: Evaluation) -> FlagValue {
    match told {
        Ok(told) => FlagValue {
            key,
            value_json: told.value.to_string(),
            variant: told.variant,
            reason: told.reason.name().to_owned(),
            error_code: String::new(),
        },
        Err(error) => {
            let (reason, error_code) = ("ERROR".to_owned(), error.code().to_owned());
            FlagValue { key, reason, error_code, ..FlagValue::default() }
        }
    }
}

fn id<T: FromStr>(field: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| Fault::invalid(field, "must be a UUID"))
}
