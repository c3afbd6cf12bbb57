//! What every operation of the API is asked with another community's ids, and what there is to be given away.

use crate::client::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::eventually;

/// What an endpoint does to whoever asks it with another community's ids.
pub(super) enum Case {
    /// It refuses: there is no such thing, or they may not.
    Refuses(Value),
    /// It answers, with nothing of the other community in it.
    ShowsNothing(Value),
    /// It takes no id and tells nothing of others: it is about whoever asks, or about a secret they hold.
    Own,
}

/// Every operation there is, with the ids in its path replaced by the other community's.
pub(super) fn case(operation: &str) -> Option<Case> {
    let none = || Value::Null;
    Some(match operation {
        "POST /api/v1/admin/policies/{number}/approval"
        | "POST /api/v1/admin/policies/{number}/rejection"
        | "GET /api/v1/forum/posts/{id}"
        | "GET /api/v1/forum/posts/{id}/versions"
        | "GET /api/v1/forum/threads/{id}"
        | "GET /api/v1/forum/threads/{id}/live"
        | "GET /api/v1/forum/threads/{id}/live/ws"
        | "GET /api/v1/forum/threads/{id}/posts"
        | "PUT /api/v1/forum/threads/{id}/lock"
        | "DELETE /api/v1/forum/threads/{id}/lock"
        | "GET /api/v1/audit/entries/{id}"
        | "GET /api/v1/audit/entries/{id}/proof"
        | "GET /api/v1/admin/flags/{key}"
        | "DELETE /api/v1/admin/flags/{key}"
        | "GET /api/v1/admin/flags/{key}/versions"
        | "GET /api/v1/admin/communities"
        | "GET /api/v1/admin/communities/{community}"
        | "GET /api/v1/platform/queues"
        | "POST /api/v1/platform/queues/{module}/{queue}/{order}"
        | "GET /api/v1/platform/sagas"
        | "GET /api/v1/platform/sagas/{module}/{id}"
        | "POST /api/v1/platform/sagas/{module}/{id}/{order}"
        | "GET /api/v1/platform/schedules"
        | "POST /api/v1/platform/schedules/{module}/{name}/{order}"
        | "GET /api/v1/platform/tasks"
        | "GET /api/v1/platform/tasks/count"
        | "GET /api/v1/platform/tasks/{module}/{id}"
        | "POST /api/v1/platform/tasks/{module}/{id}/{order}"
        | "GET /api/v1/platform/throughput" => Case::Refuses(none()),
        "PUT /api/v1/forum/posts/{id}" | "POST /api/v1/forum/threads/{id}/posts" => {
            Case::Refuses(json!({ "body": "From next door." }))
        }
        "POST /api/v1/forum/threads" => {
            Case::Refuses(json!({ "category_id": "{category}", "title": "From next door", "body": "Hello." }))
        }
        "PUT /api/v1/admin/standings/{kind}/{name}/holders/{holder}" => Case::Refuses(json!({})),
        "PUT /api/v1/admin/people/{id}/role" => Case::Refuses(json!({ "role": "administrator" })),
        "PUT /api/v1/admin/flags/{key}" => Case::Refuses(json!({ "definition": flag() })),
        "PUT /api/v1/admin/flags/{key}/rollout" => Case::Refuses(json!({ "rule": 0, "percent": 100 })),
        "PUT /api/v1/admin/flags/{key}/switch" => Case::Refuses(json!({ "enabled": false })),
        "POST /api/v1/admin/flags/{key}/try" => Case::Refuses(json!({ "context": {} })),
        "POST /ofrep/v1/evaluate/flags/{key}" => Case::Refuses(json!({ "context": {} })),
        "POST /api/v1/admin/communities" | "PUT /api/v1/admin/communities/{community}" => {
            Case::Refuses(json!({ "slug": "stolen", "name": "Stolen" }))
        }
        "PUT /api/v1/admin/communities/{community}/state" => Case::Refuses(json!({ "state": "suspended" })),
        "PUT /api/v1/platform/queues/{module}/{queue}/limits" => Case::Refuses(json!({})),
        "POST /api/v1/platform/tasks/redrive" => Case::Refuses(json!({})),
        "GET /api/v1/forum/categories"
        | "GET /api/v1/forum/threads"
        | "GET /api/v1/admin/people"
        | "GET /api/v1/admin/tenant"
        | "GET /api/v1/admin/flags"
        | "GET /api/v1/admin/policies"
        | "GET /api/v1/admin/standings"
        // What is not held is taken already: it answers so, and takes nothing.
        | "DELETE /api/v1/admin/standings/{kind}/{name}/holders/{holder}"
        | "GET /api/v1/audit/entries"
        | "GET /api/v1/audit/export"
        | "GET /api/v1/audit/checkpoint"
        | "GET /api/v1/audit/checkpoints" => Case::ShowsNothing(none()),
        "POST /ofrep/v1/evaluate/flags" => Case::ShowsNothing(json!({ "context": { "targetingKey": "{user}" } })),
        "POST /api/v1/admin/decisions/explain" => Case::Refuses(json!({
            "who": "{user}", "operation": "forum.lock_thread", "resource": { "kind": "Thread", "id": "{thread}" },
        })),
        "GET /api/v1/audit/consistency"
        | "PUT /api/v1/admin/tenant"
        | "POST /api/v1/forum/categories"
        | "POST /api/v1/admin/flags"
        | "POST /api/v1/admin/policies"
        | "PUT /api/v1/admin/standings/{kind}/{name}" => Case::Own,
        _ => return case_of_accounts(operation),
    })
}

/// Those about accounts, and about what lets people and programs in.
fn case_of_accounts(operation: &str) -> Option<Case> {
    let none = || Value::Null;
    Some(match operation {
        "DELETE /api/v1/auth/invitations/{id}"
        | "POST /api/v1/auth/invitations/{id}/mails"
        | "DELETE /api/v1/auth/keys/{id}"
        | "GET /api/v1/auth/profiles/{handle}"
        | "GET /api/v1/auth/service-accounts/{id}/keys"
        | "DELETE /api/v1/auth/sessions/{id}"
        | "GET /api/v1/auth/users/{id}"
        | "POST /api/v1/auth/users/{id}/restoration" => Case::Refuses(none()),
        "POST /api/v1/auth/service-accounts/{id}/keys" => {
            Case::Refuses(json!({ "name": "From next door", "scopes": ["forum:read"] }))
        }
        "PUT /api/v1/auth/users/{id}/deletion" | "PUT /api/v1/auth/users/{id}/suspension" => {
            Case::Refuses(json!({ "reason": "From next door." }))
        }
        "GET /api/v1/auth/invitations"
        | "GET /api/v1/auth/keys"
        | "GET /api/v1/auth/me"
        | "GET /api/v1/auth/me/security"
        | "GET /api/v1/auth/service-accounts"
        | "GET /api/v1/auth/sessions" => Case::ShowsNothing(none()),
        "GET /.well-known/jwks.json"
        | "POST /api/v1/auth/email-proofs"
        | "POST /api/v1/auth/invitations"
        | "POST /api/v1/auth/keys"
        | "PUT /api/v1/auth/me/deletion"
        | "PUT /api/v1/auth/me/email"
        | "POST /api/v1/auth/me/email/proof"
        | "PUT /api/v1/auth/me/password"
        | "PUT /api/v1/auth/me/profile"
        | "POST /api/v1/auth/me/recovery-codes"
        | "POST /api/v1/auth/me/totp"
        | "PUT /api/v1/auth/me/totp"
        | "POST /api/v1/auth/me/totp/removal"
        | "PUT /api/v1/auth/password-resets"
        | "POST /api/v1/auth/password-resets"
        | "POST /api/v1/auth/register"
        | "POST /api/v1/auth/service-accounts"
        | "DELETE /api/v1/auth/sessions"
        | "POST /api/v1/auth/tokens"
        | "POST /api/v1/auth/tokens/refresh"
        | "POST /api/v1/auth/tokens/second-factor" => Case::Own,
        _ => return None,
    })
}

fn flag() -> Value {
    json!({ "kind": "boolean", "variants": { "on": true, "off": false }, "default": "off", "off": "off" })
}

/// What there is in the first community: its ids by the names that paths and bodies have for them.
pub(super) struct Things(BTreeMap<&'static str, String>);

impl Things {
    pub(super) async fn of(founder: &Client) -> Self {
        let category = founder.category("secrets").await;
        let thread = founder.thread(&category, "Nobody else may know").await;
        let post = founder.posts(&thread).await.remove(0);
        founder.post("/api/v1/admin/flags", &json!({ "key": "only-ours", "definition": flag() })).await.ok();
        let user = founder.get("/api/v1/auth/me").await.ok()["id"].as_str().unwrap().to_owned();
        let session = founder.get("/api/v1/auth/sessions").await.ok()["items"][0]["id"].as_str().unwrap().to_owned();
        let entries = "/api/v1/audit/entries?operation=forum.start_thread";
        eventually("the thread is on record", async || {
            !founder.get(entries).await.ok()["items"].as_array().unwrap().is_empty()
        })
        .await;
        let entry = founder.get(entries).await.ok()["items"][0]["id"].as_str().unwrap().to_owned();
        let (service, service_key, invitation) = ways_in(founder).await;
        governs(founder, &user).await;
        let (key, community) = ("only-ours".to_owned(), "main".to_owned());
        Self(BTreeMap::from([
            ("category", category),
            ("thread", thread),
            ("post", post),
            ("key", key),
            ("community", community),
            ("user", user),
            ("session", session),
            ("entry", entry),
            ("service", service),
            ("service_key", service_key),
            ("invitation", invitation),
        ]))
    }

    /// The id of that thing.
    pub(super) fn id(&self, name: &str) -> &str {
        &self.0[name]
    }

    /// The path with ids of these things; what is no id of a community stays a word.
    pub(super) fn path(&self, path: &str) -> String {
        let id = [
            ("/posts/{id}", "post"),
            ("/threads/{id}", "thread"),
            ("/people/{id}", "user"),
            ("/sessions/{id}", "session"),
            ("/entries/{id}", "entry"),
            ("/users/{id}", "user"),
            ("/service-accounts/{id}", "service"),
            ("/keys/{id}", "service_key"),
            ("/invitations/{id}", "invitation"),
        ];
        let kind = id.iter().find(|(part, _)| path.contains(part)).map_or("thread", |(_, kind)| kind);
        let mut path = path.replace("{id}", &self.0[kind]);
        let order = [("/tasks/", "cancel"), ("/sagas/", "retry")];
        let order = order.iter().find(|(part, _)| path.contains(part)).map_or("pause", |(_, order)| order);
        let name = if path.contains("/standings/") { "keepers" } else { "forum.reconcile" };
        let holder = format!("user:{}", self.0["user"]);
        for (name, word) in [
            ("module", "forum"),
            ("queue", "default"),
            ("name", name),
            ("order", order),
            ("kind", "group"),
            ("holder", holder.as_str()),
            ("number", "1"),
            ("handle", "founder"),
        ] {
            path = path.replace(&format!("{{{name}}}"), word);
        }
        self.0.iter().fold(path, |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
    }

    pub(super) fn body(&self, body: &Value) -> Value {
        let text = self.0.iter().fold(body.to_string(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id));
        serde_json::from_str(&text).unwrap()
    }

    /// What of these an answer names that it was not asked with.
    pub(super) fn named_in(&self, answer: &str, asked: &str) -> Vec<&str> {
        let ids = self.0.iter().filter(|(name, _)| **name != "community");
        let words = ["Nobody else may know", "Fay Founder", "founder@example.org", "\"secrets\""];
        let all = ids.map(|(_, id)| id.as_str()).chain(words);
        all.filter(|word| answer.contains(word) && !asked.contains(word)).collect()
    }
}

/// A service account, its one key, and an invitation: their ids. None of them sends a mail.
async fn ways_in(founder: &Client) -> (String, String, String) {
    let made = async |path: &str, body: Value| founder.post(path, &body).await.ok()["id"].as_str().unwrap().to_owned();
    let robot = json!({ "handle": "our-robot", "display_name": "Nobody else may know" });
    let service = made("/api/v1/auth/service-accounts", robot).await;
    let key = json!({ "name": "Nobody else may know", "scopes": ["forum:read"] });
    let key = made(&format!("/api/v1/auth/service-accounts/{service}/keys"), key).await;
    let invitation = made("/api/v1/auth/invitations", json!({ "note": "Nobody else may know" })).await;
    (service, key, invitation)
}

/// Policies that wait for approval, and a group with one person in it.
async fn governs(founder: &Client, user: &str) {
    let policies = "@id(\"frozen\")\nforbid (principal, action == Admin::Action::\"define_flag\", resource);";
    let proposal = json!({ "policies": policies, "note": "Nobody else may know" });
    founder.post("/api/v1/admin/policies", &proposal).await.ok();
    let group = "/api/v1/admin/standings/group/keepers";
    founder.put(group, None, &json!({ "about": "Nobody else may know" })).await.ok();
    let holder = format!("{group}/holders/user:{user}");
    eventually("the founder is a keeper", async || founder.put(&holder, None, &json!({})).await.status.is_success())
        .await;
}
