//! The stylesheet's colours against WCAG 2.2, computed from the tokens as they are served.
//!
//! What may not enter: a colour written down here. The stylesheet is the only place.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also outside its own function")]

use std::collections::BTreeMap;

const THEMES: [&str; 2] = ["light", "dark"];
/// Text on its ground, success criterion 1.4.3 level AA.
const TEXT: f64 = 4.5;
/// The edge of a control, success criterion 1.4.11.
const EDGE: f64 = 3.0;

fn stylesheet() -> String {
    let address = ui::assets::url("app.css");
    let asset = ui::assets::find(address.strip_prefix(ui::assets::MOUNT).unwrap()).unwrap();
    String::from_utf8(asset.bytes.into_owned()).unwrap()
}

/// Every `--name: light-dark(#…, #…)` of a piece of the stylesheet.
fn tokens(css: &str) -> BTreeMap<String, [String; 2]> {
    let mut found = BTreeMap::new();
    for declaration in css.split([';', '{', '}']) {
        let Some((name, value)) = declaration.trim().split_once(": light-dark(") else { continue };
        let (light, dark) = value.trim_end_matches(')').split_once(", ").unwrap();
        found.insert(name.to_owned(), [light.to_owned(), dark.to_owned()]);
    }
    found
}

/// Relative luminance as WCAG 2.2 defines it.
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

/// Contrast ratio as WCAG 2.2 defines it, from 1 to 21.
fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn check(tokens: &BTreeMap<String, [String; 2]>, front: &str, back: &str, least: f64) -> Vec<String> {
    let too_weak = |theme: usize| {
        let ratio = contrast(&tokens[front][theme], &tokens[back][theme]);
        (ratio < least).then(|| format!("{front} on {back} in the {}: {ratio:.2} < {least}", THEMES[theme]))
    };
    (0..THEMES.len()).filter_map(too_weak).collect()
}

#[test]
fn contrast_formula_agrees_with_the_published_extremes() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    assert!((contrast("#777777", "#ffffff") - 4.48).abs() < 0.01);
}

#[test]
fn text_can_be_read_on_every_ground_in_both_themes() {
    let tokens = tokens(&stylesheet());
    let mut weak = Vec::new();
    for back in ["--ground", "--surface", "--sunken"] {
        for front in ["--text", "--muted", "--accent", "--danger", "--success", "--warning"] {
            weak.extend(check(&tokens, front, back, TEXT));
        }
    }
    for (front, back) in [
        ("--on-fill", "--fill"),
        ("--on-fill", "--fill-hover"),
        ("--on-fill", "--danger-fill"),
        ("--accent", "--wash"),
        ("--danger", "--danger-wash"),
        ("--success", "--success-wash"),
        ("--warning", "--warning-wash"),
    ] {
        weak.extend(check(&tokens, front, back, TEXT));
    }
    for wash in ["--wash", "--danger-wash", "--success-wash", "--warning-wash"] {
        weak.extend(check(&tokens, "--text", wash, TEXT));
    }
    assert!(weak.is_empty(), "{weak:#?}");
}

#[test]
fn edges_of_controls_can_be_seen_in_both_themes() {
    let tokens = tokens(&stylesheet());
    let weak: Vec<_> =
        ["--ground", "--surface"].into_iter().flat_map(|back| check(&tokens, "--edge", back, EDGE)).collect();
    assert!(weak.is_empty(), "{weak:#?}");
}

#[test]
fn initials_can_be_read_in_every_hue() {
    let css = stylesheet();
    let mut weak = Vec::new();
    for n in 0..ui::Hue::COUNT {
        let rule = css.split(&format!(".hue-{n} {{")).nth(1).and_then(|rest| rest.split('}').next()).unwrap();
        let tokens = tokens(rule);
        weak.extend(check(&tokens, "--hue", "--hue-wash", TEXT).into_iter().map(|line| format!("hue {n}: {line}")));
    }
    assert!(weak.is_empty(), "{weak:#?}");
}

#[test]
fn stylesheet_has_no_colour_outside_the_tokens_and_fetches_nothing() {
    for line in stylesheet().lines().filter(|line| !line.contains("light-dark(")) {
        assert!(!line.contains("url(") && !line.contains("rgb(") && !line.contains("hsl("), "{line}");
        let hex = line.split('#').skip(1).any(|rest| rest.chars().take(3).all(|c| c.is_ascii_hexdigit()));
        assert!(!hex, "{line}");
    }
}
