//! The list of threads shows what each of its readers may open, page by page, whatever a community's own policies say.

use crate::house::{ADA, API, BO, House, MO, person};
use kernel::{Actor, Attribute, Caller, CommunityRules, Operation, Question, Resource, Role, TenantId};
use rstest::rstest;
use serde_json::Value;
use testkit::Engine;

static READ_THREAD: Operation = Operation::query("forum.read_thread", "Thread");

const POLICIES: [&str; 4] = [
    "",
    "@id(\"a\") forbid (principal, action == Forum::Action::\"read_thread\", resource) when { resource.locked };",
    "@id(\"b\") forbid (principal, action == Forum::Action::\"read_thread\", resource) \
     unless { resource.author == principal || principal in Polity::Role::\"moderator\" };",
    "@id(\"c\") forbid (principal, action == Forum::Action::\"read_thread\", resource) \
     when { resource.locked && !(resource.author == principal) };",
];

/// Every thread of the list as `who` pages through it, and how long each page but the last is.
async fn listed(house: &House, who: Option<&str>) -> (Vec<Value>, Vec<usize>) {
    let (mut all, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let ask = house.get(&format!("{API}/threads?limit=2{cursor}"));
        let page = match who {
            Some(who) => ask.by(who).send().await,
            None => ask.send().await,
        };
        let page = page.json();
        let items = page["items"].as_array().unwrap().clone();
        let Some(next) = page["next"].as_str() else {
            all.extend(items);
            return (all, sizes);
        };
        sizes.push(items.len());
        all.extend(items);
        cursor = format!("&cursor={next}");
    }
}

fn caller(who: Option<&str>) -> Caller {
    let tenant = TenantId::FIRST;
    let actor = match who {
        None => Actor::guest(tenant),
        Some(token) => {
            let (role, n) = token.split_once(' ').unwrap();
            Actor::user(tenant, person(n.parse().unwrap()), Role::parse(role).unwrap(), "Somebody")
        }
    };
    Caller::new(actor, "request")
}

fn resource(thread: &Value) -> Resource {
    let author = thread["author_id"].as_str().unwrap().parse().unwrap();
    Resource::new("Thread", thread["id"].as_str().unwrap(), TenantId::FIRST)
        .with("author", Attribute::User(author))
        .with("locked", Attribute::Flag(thread["locked"].as_bool().unwrap()))
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn list_is_what_deciding_on_each_thread_would_leave(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    for n in 0..7 {
        let started = house.starts(if n % 2 == 0 { ADA } else { BO }, &format!("Thread {n}"), "Words.").await;
        if n % 3 == 0 {
            house.locks(&started).await;
        }
    }
    let (everything, _) = listed(&house, None).await;
    assert_eq!(everything.len(), 7);
    for (number, policies) in POLICIES.into_iter().enumerate() {
        let revision = i64::try_from(number).unwrap() + 1;
        let rules =
            CommunityRules { tenant: TenantId::FIRST, revision, policies: policies.to_owned(), roles: Vec::new() };
        house.decisions.adopt(&rules).unwrap();
        for who in [None, Some(ADA), Some(BO), Some(MO)] {
            let caller = caller(who);
            let may = |thread: &&Value| {
                let about = resource(thread);
                let question = Question { caller: &caller, operation: &READ_THREAD, resource: &about };
                house.decisions.decide(question).allowed
            };
            let expected: Vec<Value> = everything.iter().filter(may).cloned().collect();
            let (shown, sizes) = listed(&house, who).await;
            assert_eq!(shown, expected, "{policies} for {who:?}");
            assert!(sizes.iter().all(|size| *size == 2), "no page is shorter than asked for: {sizes:?}");
        }
    }
}
