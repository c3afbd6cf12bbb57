//! gRPC for clients, over the same use cases as REST.

use crate::Auth;
use crate::domain::{AccountForm, TypedSecret};
use crate::usecases::{
    AccountView, FinishTokens, IssueTokens, IssuedTokens, LogInStep, ReadMe, RefreshTokens, Register,
};
use auth_contract::{
    AuthApi, FinishLogInRequest, LogInRequest, MeRequest, RefreshRequest, RegisterRequest, Tokens, UserCard,
};
use kernel::{Caller, Fault};

#[async_trait::async_trait]
impl AuthApi for Auth {
    async fn register(&self, caller: &Caller, request: RegisterRequest) -> Result<UserCard, Fault> {
        let form = AccountForm {
            email: request.email,
            handle: request.handle,
            display_name: request.display_name,
            password: TypedSecret::new(request.password),
        };
        let invitation = TypedSecret::new(request.invitation);
        let echo = UserCard {
            handle: form.handle.clone(),
            display_name: form.display_name.clone(),
            email: form.email.clone(),
            ..UserCard::default()
        };
        Ok(self.execute(caller, Register { form, invitation }).await?.map_or(echo, card))
    }

    async fn log_in(&self, caller: &Caller, request: LogInRequest) -> Result<Tokens, Fault> {
        let password = TypedSecret::new(request.password);
        Ok(match self.execute(caller, IssueTokens { email: request.email, password }).await? {
            LogInStep::Done(issued) => tokens(issued),
            LogInStep::SecondFactor(challenge) => Tokens { challenge, ..Tokens::default() },
        })
    }

    async fn finish_log_in(&self, caller: &Caller, request: FinishLogInRequest) -> Result<Tokens, Fault> {
        let (challenge, code) = (TypedSecret::new(request.challenge), TypedSecret::new(request.code));
        self.execute(caller, FinishTokens { challenge, code }).await.map(tokens)
    }

    async fn refresh(&self, caller: &Caller, request: RefreshRequest) -> Result<Tokens, Fault> {
        let refresh_token = TypedSecret::new(request.refresh_token);
        self.execute(caller, RefreshTokens { refresh_token }).await.map(tokens)
    }

    async fn me(&self, caller: &Caller, _: MeRequest) -> Result<UserCard, Fault> {
        self.execute(caller, ReadMe).await.map(card)
    }
}

fn card(account: AccountView) -> UserCard {
    UserCard {
        user_id: account.id.to_string(),
        handle: account.handle,
        display_name: account.display_name,
        email: account.email,
        registered_at_ms: account.registered_at.timestamp_millis(),
    }
}

fn tokens(issued: IssuedTokens) -> Tokens {
    Tokens {
        access_token: issued.access_token,
        refresh_token: issued.refresh_token,
        expires_in_s: issued.expires_in_s,
        token_type: "Bearer".to_owned(),
        challenge: String::new(),
    }
}
