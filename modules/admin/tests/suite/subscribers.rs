//! What admin makes of auth's events: each one once, whatever is delivered.

use crate::house::{House, person};
use auth_contract::{ProfileChanged, SuperuserCreated};
use rstest::rstest;
use testkit::{Engine, eventually};

fn count(told: &[kernel::Event], operation: &str) -> usize {
    told.iter().filter(|event| event.data["operation"] == operation).count()
}

#[tokio::test]
async fn people_go_by_their_newest_name_and_keep_the_day_they_came() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    let before = house.listed("ada").await.unwrap();
    house.auth_tells(&ProfileChanged {
        user_id: person(1).to_string(),
        handle: "countess".into(),
        display_name: "Ada Lovelace".into(),
    });
    eventually("the new name is listed", async || house.listed("countess").await.is_some()).await;
    let after = house.listed("countess").await.unwrap();
    assert_eq!(after["display_name"], "Ada Lovelace");
    assert_eq!((&after["id"], &after["registered_at"]), (&before["id"], &before["registered_at"]));
    assert!(house.listed("ada").await.is_none());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn event_delivered_twice_has_one_effect(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    house.registers(1, "ada", "Ada").await;
    let renamed = house.auth_tells(&ProfileChanged {
        user_id: person(1).to_string(),
        handle: "ada".into(),
        display_name: "Countess".into(),
    });
    house.auth.append(renamed);
    let founded = house.auth_tells(&SuperuserCreated { user_id: person(1).to_string(), created_at_ms: 0 });
    house.auth.append(founded);
    // Both subscriptions are past everything before once they have handled what comes last.
    house.registers(2, "bo", "Bo").await;
    house.founds(2).await;
    let told = house.told().await;
    assert_eq!(count(&told, "admin.record_person"), 3);
    assert_eq!(count(&told, "admin.grant_founder"), 2);
    assert_eq!(house.listed("ada").await.unwrap()["display_name"], "Countess");
}

#[tokio::test]
async fn founder_made_twice_is_granted_once() {
    let house = House::new().await;
    house.founds(1).await;
    house.founds(1).await;
    house.founds(2).await;
    assert_eq!(count(&house.told().await, "admin.grant_founder"), 2);
}
