//! Markdown (CommonMark and GitHub's tables, strikethrough, task lists, autolinks) to HTML that cannot hurt.
//!
//! comrak writes the HTML, raw HTML in the source included; ammonia then keeps only what is on its list. The order matters:
//! the list is the one place that decides.

use ammonia::Builder;
use comrak::Options;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Deeper nesting than this is flattened: browsers and parsers pay for depth more than for length.
const DEEPEST: usize = 64;

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(cleaner);
static OPTIONS: LazyLock<Options<'static>> = LazyLock::new(options);

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.render.r#unsafe = true;
    options
}

fn cleaner() -> Builder<'static> {
    let mut cleaner = Builder::default();
    cleaner
        .add_tags(["input"])
        // Not `type`: an attribute listed here is kept with any value, whatever the values allowed below.
        .add_tag_attributes("input", ["checked", "disabled"])
        .add_tag_attributes("code", ["class"])
        .rm_tags(["map", "area", "article", "aside", "header", "footer", "nav", "figure", "figcaption"])
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .link_rel(Some("nofollow ugc noopener noreferrer"))
        .tag_attribute_values(HashMap::from([("input", HashMap::from([("type", HashSet::from(["checkbox"]))]))]))
        .set_tag_attribute_value("input", "disabled", "")
        .set_tag_attribute_value("img", "loading", "lazy")
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            // Only comrak's own language marks survive, so that nobody borrows the page's styles.
            ("code", "class") => is_language_mark(value).then(|| value.into()),
            _ => Some(value.into()),
        });
    cleaner
}

/// `language-rust` and the like, alone.
fn is_language_mark(class: &str) -> bool {
    let name = class.strip_prefix("language-").unwrap_or_default();
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+#.-".contains(c))
}

/// The HTML of a post.
pub(crate) fn render(markdown: &str) -> String {
    let html = comrak::markdown_to_html(&flattened(markdown), &OPTIONS);
    CLEANER.clean(&html).to_string()
}

/// Cuts block quote and list markers beyond [`DEEPEST`] at the start of a line.
fn flattened(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    for line in markdown.split_inclusive('\n') {
        let markers = line.chars().take_while(|c| matches!(c, '>' | ' ' | '\t' | '-' | '*' | '+')).collect::<Vec<_>>();
        let depth = markers.iter().filter(|c| !c.is_whitespace()).count();
        if depth > DEEPEST && markers.contains(&'>') {
            let rest: String = line.chars().skip(markers.len()).collect();
            text.extend(std::iter::repeat_n('>', DEEPEST));
            text.push(' ');
            text.push_str(&rest);
        } else {
            text.push_str(line);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn markdown_becomes_html() {
        let html = render(
            "# Hi\n\n**bold** ~~gone~~ <https://example.org>\n\n| a |\n| - |\n| 1 |\n\n- [x] done\n\n```rust\nfn main() {}\n```\n",
        );
        for part in
            ["<h1>Hi</h1>", "<strong>bold</strong>", "<del>gone</del>", "<table>", "type=\"checkbox\"", "language-rust"]
        {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }

    #[test]
    fn links_of_members_are_not_vouched_for() {
        assert!(render("[a](https://example.org)").contains("rel=\"nofollow ugc noopener noreferrer\""));
    }

    #[test]
    fn hostile_html_renders_harmless() {
        let hostile = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "<a href=\"java\nscript:alert(1)\">x</a>",
            "<svg onload=alert(1)><script>alert(1)</script></svg>",
            "<iframe src=https://example.org></iframe>",
            "<form action=/logout method=post><button>x</button></form>",
            "<style>*{display:none}</style>",
            "<div style=\"position:fixed;inset:0\">x</div>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "<input type=password name=p autofocus onfocus=alert(1)>",
            "<base href=https://example.org>",
            "<meta http-equiv=refresh content=0>",
        ];
        for source in hostile {
            let html = render(source).to_lowercase();
            for bad in [
                "<script",
                "onerror",
                "onload",
                "onfocus",
                "javascript:",
                "data:text",
                "<iframe",
                "<form",
                "<style",
                "style=",
                "<svg",
                "<math",
                "<base",
                "<meta",
                "type=\"password\"",
            ] {
                assert!(!html.contains(bad), "{bad} survives {source}: {html}");
            }
        }
    }

    #[test]
    fn members_cannot_borrow_the_styles_of_the_page() {
        assert!(render("<code class=\"language-c++\">x</code>").contains("language-c++"));
        assert!(!render("<code class=\"language-x pill\">x</code>").contains("pill"));
        assert!(!render("<p class=\"pill\" id=\"main\">x</p>").contains("main"));
    }

    #[test]
    fn deep_nesting_neither_hangs_nor_overflows() {
        for source in
            [">".repeat(20_000), "[".repeat(20_000), "*a ".repeat(6_000), "- ".repeat(10_000), "<b>".repeat(6_000)]
        {
            // The test runner's own limit notices a parser that runs away.
            assert!(render(&source).len() < 2_000_000);
        }
    }
}
