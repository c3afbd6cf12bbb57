//! The reference page of every setting, made from the table so that it cannot fall behind.

use crate::table::SETTINGS;
use std::fmt::Write;

const HEAD: &str = "# Configuration

This page is generated from the table of settings. Do not edit it.

A value is taken from the first of these that gives it:

1. the environment variable beside the setting (`*` stands for a module's name in capitals);
2. the file: the one named by `--config`, or else `<ENVIRONMENT>.yaml` in `./config` or in the folder that
   `POLITY_CONFIG_DIR` names, or else the copy of that file inside the binary;
3. the default.

`DB_HOST`, `DB_NAME`, `DB_USER` and `DB_PASSWORD` together (with `DB_PORT`, 5432 unless given, and `DB_SSLMODE`) make a
PostgreSQL `store.url` and win over every other source of it. Lists in variables are separated by commas. Unknown keys, unknown
`POLITY_` variables and wrong values stop the start, all named at once. `polity config explain` shows what holds and
where it came from.

In `staging` and `production`, `store.url`, `secrets.master_key`, `auth.signing_key`, `audit.signing_key` and an https
`http.public_url` must be given, `log.format` must be `json`, and `internal.token` must have 32 characters when `internal.port` is on. In
`production` database servers must also be spoken to over TLS, and so must Redis unless it is on this machine.

`mysql://` is the form for MySQL and for MariaDB. Each module has a database of its own on that server: `…/polity` makes
`polity_auth`, `polity_forum` and so on, where the user may create them.
";

const COLUMNS: &str = "| setting | variable | value | default | what it does |
| --- | --- | --- | --- | --- |";

/// The page as Markdown.
pub fn reference_markdown() -> String {
    let mut out = HEAD.to_owned();
    let mut group = None;
    for setting in SETTINGS {
        let own = setting.key.split_once('.').map_or("General", |(group, _)| group);
        if group != Some(own) {
            group = Some(own);
            // Writing to a `String` cannot fail.
            let _ = writeln!(out, "\n## {own}\n\n{COLUMNS}");
        }
        let default = setting.default.map_or("none".to_owned(), |default| format!("`{default}`"));
        let (key, variable, kind, about) = (setting.key, setting.variable(), setting.kind.describe(), setting.about);
        let _ = writeln!(out, "| `{key}` | `{variable}` | {kind} | {default} | {about} |");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_setting_and_its_variable() {
        let page = reference_markdown();
        for setting in SETTINGS {
            assert!(page.contains(&format!("| `{}` | `{}` |", setting.key, setting.variable())), "{}", setting.key);
        }
    }
}
