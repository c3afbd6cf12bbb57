//! The pages as a browser gets them.

use crate::archive::Archive;
use axum::http::{StatusCode, header};
use kernel::{AuditEntry, Role};

#[tokio::test]
async fn record_shows_who_did_what_and_leads_to_each_entry() {
    let archive = Archive::new().await;
    let entry = archive.entry("forum.post_reply", 1);
    archive.records(&entry).await;
    let page = archive.get("/audit").await;
    for words in ["forum.post_reply", "Ada", "Thread/1", "forum/members_write", &format!("/audit/{}", entry.id)] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let alone = archive.get(&format!("/audit/{}", entry.id)).await;
    assert_eq!(alone.status, StatusCode::OK);
    for words in ["192.0.2.1", &entry.decision_id.to_string(), "2030-01-01 00:01:00"] {
        assert!(alone.text.contains(words), "{words}: {}", alone.text);
    }
}

#[tokio::test]
async fn filter_is_kept_from_page_to_page() {
    let archive = Archive::new().await;
    for minute in 0..=50 {
        archive.logs["forum"].append(archive.event(&archive.entry("forum.post_reply", minute)));
    }
    archive.records(&archive.entry("forum.last", 59)).await;
    let page = archive.get("/audit?operation=forum.post_reply&actor=").await;
    assert!(page.text.contains("/audit?operation=forum.post_reply&amp;cursor="), "{}", page.text);
    assert!(page.text.contains("value=\"forum.post_reply\""), "{}", page.text);
    assert!(!page.text.contains("forum.last"), "{}", page.text);
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_said_at_its_field() {
    let archive = Archive::new().await;
    let page = archive.get("/audit?from=yesterday").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("must be a day such as"), "{}", page.text);
    assert!(page.text.contains("aria-invalid=\"true\""), "{}", page.text);
}

#[tokio::test]
async fn empty_record_says_so() {
    let archive = Archive::new().await;
    assert!(archive.get("/audit").await.text.contains("is recorded here a moment later"));
    assert!(archive.get("/audit?module=x").await.text.contains("Nothing in the record is like that."));
}

#[tokio::test]
async fn pages_are_closed_to_members_and_lead_guests_to_the_door() {
    let archive = Archive::new().await;
    assert_eq!(archive.get_as("/audit", Some(Role::Member)).await.status, StatusCode::FORBIDDEN);
    let guest = archive.get_as("/audit", None).await;
    assert_eq!(
        (guest.status, &guest.headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/login?next=/audit".parse().unwrap())
    );
}

#[tokio::test]
async fn words_from_people_are_never_markup() {
    let archive = Archive::new().await;
    let hostile = AuditEntry { actor_name: "<script>alert(1)</script>".into(), ..archive.entry("forum.x", 1) };
    archive.records(&hostile).await;
    let page = archive.get("/audit?actor=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(page.text.contains("&lt;script&gt;") && !page.text.contains("<script>alert"), "{}", page.text);
}
