//! Somebody who has an exported record and no installation.

use crate::configuration::polity;
use std::fs;
use tempfile::TempDir;

/// A record in which nothing was sealed yet; the key is the one of the signed note's specification.
const EMPTY: &str = r#"{"header":{"format":"polity-audit-export/1","tenant":"00000000-0000-0000-0000-000000000001","public_key":"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"}}
"#;

#[test]
fn record_is_verified_where_nothing_is_configured() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("audit.jsonl");
    let verify = ["audit", "verify", file.to_str().unwrap()];
    // Anything else would name all that production must be told.
    let bare = [("ENVIRONMENT", "production")];
    fs::write(&file, EMPTY).unwrap();
    let whole = polity(&verify, &bare);
    assert!(whole.success && whole.said.contains("nothing to verify"), "{}", whole.said);
    fs::write(&file, format!("{EMPTY}{{\"entry\":{{\"leaf\":0,")).unwrap();
    let torn = polity(&verify, &bare);
    assert!(!torn.success, "{}", torn.said);
    assert_eq!(torn.said, "polity: Line 2 cannot be read: it ends in the middle. (audit.export_broken)\n");
}
