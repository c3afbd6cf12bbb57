//! The icons: strokes on a 24 × 24 grid that take the colour of the text around them, drawn for Polity.
//!
//! What may not enter: an icon that carries meaning alone. Words stand beside it, or it has a hidden label.

use maud::{Markup, PreEscaped, html};

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says what is drawn")]
pub enum Icon {
    Bell,
    Bold,
    Bubble,
    Check,
    ChevronDown,
    ChevronLeft,
    ChevronRight,
    Clock,
    Code,
    Compass,
    Cross,
    Dots,
    Envelope,
    Eye,
    Folder,
    Globe,
    House,
    Info,
    Italic,
    Key,
    Link,
    List,
    Lock,
    LogOut,
    Moon,
    Pencil,
    People,
    Person,
    Pin,
    Plus,
    Pulse,
    Quote,
    Reply,
    Scroll,
    Search,
    Shield,
    Screen,
    Sun,
    Trash,
    Unlock,
    Warning,
}

/// The picture, hidden from screen readers.
pub fn icon(icon: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round"
            stroke-linejoin="round" aria-hidden="true" focusable="false" { (PreEscaped(strokes(icon))) }
    }
}

/// Polity's mark: the seats of an assembly round the one who speaks.
pub fn logo() -> Markup {
    html! {
        svg.logo viewBox="0 0 32 32" aria-hidden="true" focusable="false" {
            rect.logo__ground width="32" height="32" rx="8.5" {}
            g.logo__seats {
                circle cx="6.8" cy="19.6" r="2.1" {}
                circle cx="9.5" cy="12.6" r="2.1" {}
                circle cx="16" cy="9.8" r="2.1" {}
                circle cx="22.5" cy="12.6" r="2.1" {}
                circle cx="25.2" cy="19.6" r="2.1" {}
                circle cx="16" cy="20.4" r="3.6" {}
            }
        }
    }
}

fn strokes(icon: Icon) -> &'static str {
    match icon {
        Icon::Bell => {
            r#"<path d="M6.8 10.4a5.2 5.2 0 0 1 10.4 0c0 3.4.7 5 2.1 6.4H4.7c1.4-1.4 2.1-3 2.1-6.4ZM12 5.2V3.6M9.9 19.6c1.2 1 3 1 4.2 0"/>"#
        }
        Icon::Bold => r#"<path d="M8 12V5.5h5a3.25 3.25 0 0 1 0 6.5H8h6a3.25 3.25 0 0 1 0 6.5H8V12Z"/>"#,
        Icon::Bubble => {
            r#"<path d="M5 5h14a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 19 16h-7l-4.5 3.8V16H5a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 5 5Z"/>"#
        }
        Icon::Check => r#"<path d="m5 12.8 4.4 4.4L19 7.2"/>"#,
        Icon::ChevronDown => r#"<path d="m7 10 5 5 5-5"/>"#,
        Icon::ChevronLeft => r#"<path d="m14 7-5 5 5 5"/>"#,
        Icon::ChevronRight => r#"<path d="m10 7 5 5-5 5"/>"#,
        Icon::Clock => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3.2 2.2"/>"#,
        Icon::Code => r#"<path d="m8.5 7.5-5 4.5 5 4.5M15.5 7.5l5 4.5-5 4.5"/>"#,
        Icon::Compass => r#"<circle cx="12" cy="12" r="8.5"/><path d="m15.4 8.6-2 4.8-4.8 2 2-4.8 4.8-2Z"/>"#,
        Icon::Cross => r#"<path d="m6.5 6.5 11 11M17.5 6.5l-11 11"/>"#,
        Icon::Dots => r#"<path d="M5.5 12h.01M12 12h.01M18.5 12h.01" stroke-width="2.75"/>"#,
        Icon::Envelope => {
            r#"<rect x="3.5" y="5.5" width="17" height="13" rx="1.8"/><path d="m4.2 7.4 7.8 5.8 7.8-5.8"/>"#
        }
        Icon::Eye => {
            r#"<path d="M2.8 12c2.2-3.9 5.4-5.9 9.2-5.9s7 2 9.2 5.9c-2.2 3.9-5.4 5.9-9.2 5.9s-7-2-9.2-5.9Z"/><circle cx="12" cy="12" r="2.7"/>"#
        }
        Icon::Folder => {
            r#"<path d="M3.5 17.8V6.2a1 1 0 0 1 1-1h4.6l2.2 2.6h8.2a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1ZM3.5 11.2h17"/>"#
        }
        Icon::Globe => {
            r#"<circle cx="12" cy="12" r="8.5"/><path d="M3.8 12h16.4M12 3.6c4.6 4.9 4.6 11.9 0 16.8-4.6-4.9-4.6-11.9 0-16.8Z"/>"#
        }
        Icon::House => r#"<path d="M4 11.2 12 4.4l8 6.8V19a1 1 0 0 1-1 1h-4.6v-5.4H9.6V20H5a1 1 0 0 1-1-1v-7.8Z"/>"#,
        Icon::Info => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 11.2v5M12 7.8h.01"/>"#,
        Icon::Italic => r#"<path d="M10.5 5.5h6M7.5 18.5h6M14 5.5l-4 13"/>"#,
        Icon::Key => r#"<circle cx="8" cy="15.5" r="4"/><path d="m11 12.6 8.2-8.1M15.6 8.2l2.9 2.9"/>"#,
        Icon::Link => {
            r#"<path d="m10 14 4-4M11 7.4l2.2-2.2a3.96 3.96 0 0 1 5.6 5.6L16.6 13M13 16.6l-2.2 2.2a3.96 3.96 0 0 1-5.6-5.6L7.4 11"/>"#
        }
        Icon::List => r#"<path d="M9.5 6.5h10M9.5 12h10M9.5 17.5h10M4.8 6.5h.01M4.8 12h.01M4.8 17.5h.01"/>"#,
        Icon::Lock => {
            r#"<rect x="5" y="10.8" width="14" height="9.2" rx="1.8"/><path d="M8.2 10.8V8a3.8 3.8 0 0 1 7.6 0v2.8"/>"#
        }
        Icon::LogOut => {
            r#"<path d="M13.5 4.5H6A1.5 1.5 0 0 0 4.5 6v12A1.5 1.5 0 0 0 6 19.5h7.5M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5"/>"#
        }
        Icon::Moon => r#"<path d="M19.8 14.2A8.2 8.2 0 0 1 9.8 4.2a8.2 8.2 0 1 0 10 10Z"/>"#,
        Icon::Pencil => {
            r#"<path d="m5 19 .8-3.9L15.9 5a1.7 1.7 0 0 1 2.4 0l.7.7a1.7 1.7 0 0 1 0 2.4L8.9 18.2 5 19ZM14 6.9l3.1 3.1"/>"#
        }
        Icon::People => {
            r#"<circle cx="9" cy="8.5" r="3.3"/><path d="M3 19.2c.5-3.4 2.8-5.2 6-5.2s5.5 1.8 6 5.2M15.2 5.5a3.3 3.3 0 0 1 0 6M17.4 14.5c2 .7 3.3 2.3 3.6 4.7"/>"#
        }
        Icon::Person => r#"<circle cx="12" cy="8.2" r="3.7"/><path d="M5 19.8c.6-3.7 3.2-5.7 7-5.7s6.4 2 7 5.7"/>"#,
        Icon::Pin => r#"<path d="M9 4h6l-.8 6.2 3.3 3.3h-11l3.3-3.3L9 4ZM12 13.5V20"/>"#,
        Icon::Plus => r#"<path d="M12 5.5v13M5.5 12h13"/>"#,
        Icon::Pulse => r#"<path d="M3 12.5h4.2L10 5.5l4.2 13 2.6-6H21"/>"#,
        Icon::Quote => {
            r#"<path d="M10 7.5c-3 .6-4.7 2.6-4.7 6v3.2h4.6v-4.6H5.5M19 7.5c-3 .6-4.7 2.6-4.7 6v3.2h4.6v-4.6h-4.4"/>"#
        }
        Icon::Reply => r#"<path d="M9.5 6 4 11.5 9.5 17M4.5 11.5H14a6 6 0 0 1 6 6v1"/>"#,
        Icon::Scroll => {
            r#"<path d="M6 4h11.5A1.5 1.5 0 0 1 19 5.5v13a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5V5a1 1 0 0 1 1-1ZM8.5 8.5h7M8.5 12h7M8.5 15.5h4"/>"#
        }
        Icon::Search => r#"<circle cx="10.8" cy="10.8" r="6.3"/><path d="m15.5 15.5 4.5 4.5"/>"#,
        Icon::Shield => {
            r#"<path d="M12 3.6c2.2 1.6 4.6 2.4 7.4 2.5 0 6.8-2.2 11.4-7.4 14.3-5.2-2.9-7.4-7.5-7.4-14.3 2.8-.1 5.2-.9 7.4-2.5Z"/>"#
        }
        Icon::Screen => r#"<rect x="3.5" y="5" width="17" height="11.5" rx="1.6"/><path d="M8.5 20h7M12 16.5V20"/>"#,
        Icon::Sun => {
            r#"<circle cx="12" cy="12" r="3.9"/><path d="M12 3v1.8M12 19.2V21M3 12h1.8M19.2 12H21M5.6 5.6l1.3 1.3M17.1 17.1l1.3 1.3M5.6 18.4l1.3-1.3M17.1 6.9l1.3-1.3"/>"#
        }
        Icon::Trash => {
            r#"<path d="M4.5 6.8h15M9 6.5V4.3h6v2.2M6.3 7l.9 12a1 1 0 0 0 1 1h7.6a1 1 0 0 0 1-1l.9-12M10 10.5v6M14 10.5v6"/>"#
        }
        Icon::Unlock => {
            r#"<rect x="5" y="10.8" width="14" height="9.2" rx="1.8"/><path d="M8.2 10.8V7.6a3.8 3.8 0 0 1 7.4-1.2"/>"#
        }
        Icon::Warning => r#"<path d="M12 4.2 3.4 19h17.2L12 4.2ZM12 10v4.2M12 16.7h.01"/>"#,
    }
}
