//! Writes the components and some pages made of them to a folder, to be looked at in a browser:
//! `cargo run -p ui --example gallery -- <folder>`.
//!
//! What may not enter: a page that a module serves. These only show what pages can look like.

use kernel::{Explanation, FieldFault, Role, Time, UserId};
use std::error::Error;
use std::path::{Path, PathBuf};
use ui::{
    Action, AvatarSize, Button, CategoryCard, CategoryTag, Choice, Column, Composer, Crumb, EmptyState, ErrorPage,
    Field, Flash, Hue, Icon, LiveThread, Markup, Nav, Page, Pages, Person, PostCard, PreEscaped, Render, Script, Tab,
    Table, ThreadRow, Tone, Viewer, Width, alert, assets, avatar, badge, card, category_cards, exact, form_errors,
    html, icon, skeleton, tabs, thread_rows,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("Say into which folder.")?);
    std::fs::create_dir_all(folder.join("assets"))?;
    for name in assets::names() {
        let address = assets::url(&name);
        let asset = assets::find(address.trim_start_matches(assets::MOUNT)).ok_or("An asset is missing.")?;
        std::fs::write(folder.join("assets").join(&*name), asset.bytes)?;
    }
    let now = "2026-03-20T12:00:00Z".parse()?;
    for (name, document) in [
        ("home", home(now)),
        ("thread", thread(now)),
        ("new", new_thread()),
        ("login", log_in()),
        ("empty", empty()),
        ("error", error()),
        ("people", people(now)),
        ("kit", kit(now)),
    ] {
        write(&folder, name, &document)?;
    }
    Ok(())
}

/// Each page twice: in the colours the system asks for, and in the dark.
fn write(folder: &Path, name: &str, document: &str) -> std::io::Result<()> {
    let address = assets::url("");
    let document = document.replace(&address, "assets/");
    std::fs::write(folder.join(format!("{name}.html")), &document)?;
    let dark = document.replacen("<html lang=\"en\">", "<html lang=\"en\" data-theme=\"dark\">", 1);
    std::fs::write(folder.join(format!("{name}-dark.html")), dark)
}

fn viewer(role: Role) -> Viewer {
    Viewer {
        operator: false,
        community: None,
        id: "018f2f3a-7b1c-7a00-8000-00000000000a".parse::<UserId>().ok(),
        display_name: Some("Mara Lindqvist".to_owned()),
        handle: Some("mara".to_owned()),
        role,
    }
}

fn tags() -> [CategoryTag; 5] {
    let tag =
        |n, name: &str, slug: &str| CategoryTag { name: name.to_owned(), href: format!("/c/{slug}"), hue: Hue::nth(n) };
    [
        tag(6, "Announcements", "announcements"),
        tag(0, "General", "general"),
        tag(2, "Ideas", "ideas"),
        tag(3, "Help", "help"),
        tag(5, "Off topic", "off-topic"),
    ]
}

fn home(now: Time) -> String {
    let about = [
        ("News from the people who run this place.", 14),
        ("Anything about the neighbourhood that has no better home.", 238),
        ("Proposals, half-formed thoughts and things we might try together.", 91),
        ("Ask, and somebody who knows will answer.", 164),
        ("Cats, bread, the weather.", 1),
    ];
    let cards: Vec<_> = tags()
        .into_iter()
        .zip(about)
        .map(|(tag, (description, thread_count))| CategoryCard {
            tag,
            description: description.to_owned(),
            thread_count,
        })
        .collect();
    let body = html! {
        (category_cards(&cards))
        h2 { "Latest threads" }
        (thread_rows(&rows(now)))
        (Pages::new().on("Older", "?cursor=abc"))
    };
    Page::new("Discussions")
        .viewer(viewer(Role::Member))
        .nav(Nav::Home)
        .lede(html! { "What the neighbourhood is talking about." })
        .description("What the neighbourhood is talking about.")
        .flash(Some(Flash::new(Tone::Success, "Welcome back, Mara.")))
        .render(body)
}

fn rows(now: Time) -> Vec<ThreadRow> {
    let threads: [(&str, usize, &str, u64, i64, bool, bool); 6] = [
        ("Read this first: how we talk to each other", 0, "Oren Adeyemi", 3, 60 * 24 * 90, true, true),
        ("Where should the second bicycle stand go?", 2, "Mara Lindqvist", 42, 3, false, false),
        (
            "The library wants volunteers for Saturday mornings, two hours at a time",
            1,
            "Jun Watanabe",
            17,
            48,
            false,
            false,
        ),
        (
            "Heating bill doubled since January — is anybody else seeing this?",
            3,
            "Ilse van den Berg",
            1,
            60 * 5,
            false,
            false,
        ),
        ("Proposal: a shared calendar for the courtyard", 2, "Tomás Rivera", 128, 60 * 30, true, false),
        ("Sourdough starter to give away", 4, "Nadia", 0, 60 * 24 * 4, false, false),
    ];
    let tags = tags();
    let row =
        |(title, tag, author, reply_count, minutes, locked, pinned): (&str, usize, &str, u64, i64, bool, bool)| {
            ThreadRow {
                href: "/t/1".to_owned(),
                title: title.to_owned(),
                category: tags.get(tag).cloned(),
                author: Person::new(author, author),
                reply_count,
                active_at: earlier(now, minutes),
                now,
                locked,
                pinned,
            }
        };
    threads.into_iter().map(row).collect()
}

fn earlier(now: Time, minutes: i64) -> Time {
    Time::from_timestamp(now.timestamp() - minutes * 60, 0).unwrap_or(now)
}

fn posts(now: Time) -> Vec<PostCard> {
    let mara = Person::new("018f2f3a-7b1c-7a00-8000-00000000000a", "Mara Lindqvist").handle("mara").href("/u/mara");
    let oren = Person::new("Oren Adeyemi", "Oren Adeyemi").handle("oren").standing("Moderator");
    let jun = Person::new("Jun Watanabe", "Jun Watanabe").handle("jun");
    let small = |label: &str, picture| Button::link(label, "#").quiet().small().icon(picture);
    let actions = html! { (small("Reply", Icon::Reply)) (small("Edit", Icon::Pencil)) };
    let post = |number: u64, author: &Person, minutes, edited: Option<i64>, body: &str| PostCard {
        id: format!("p{number}"),
        number,
        author: author.clone(),
        posted_at: earlier(now, minutes),
        edited_at: edited.map(|minutes| earlier(now, minutes)),
        now,
        body: PreEscaped(body.to_owned()),
        actions: actions.clone(),
    };
    vec![
        post(1, &mara, 200, None, FIRST_POST),
        post(2, &oren, 130, Some(95), SECOND_POST),
        post(3, &jun, 12, None, THIRD_POST),
    ]
}

const FIRST_POST: &str = "<p>The first stand has been full every morning since it opened, which is the nicest problem \
    we have had in a while. There is money left for one more.</p><h2>What we know</h2><ul><li>It takes the space of one \
    parked car.</li><li>The council needs our answer by <em>the end of April</em>.</li><li>It cannot be moved later \
    without a new permit.</li></ul><p>So: beside the bakery, or in front of the school? Or somewhere nobody has thought \
    of yet?</p>";

const SECOND_POST: &str = "<blockquote><p>beside the bakery, or in front of the school?</p></blockquote><p>The school. \
    The bakery's corner floods every autumn, and the council has <a href=\"#\">the drainage on its list</a> for 2027 at \
    the earliest.</p>";

const THIRD_POST: &str = "<p>I counted yesterday between 8 and 9:</p><pre><code>bakery    11 bicycles, 3 of them locked \
    to the lamp post\nschool    34 bicycles\nlibrary    6 bicycles</code></pre><p>So <strong>the school</strong>, by a \
    distance. Count it yourself with <code>awk '{ n += $2 } END { print n }'</code>.</p>";

fn thread(now: Time) -> String {
    let live = LiveThread {
        events_url: "/t/1/events?after=7".to_owned(),
        fragment_base: "/fragments/posts/".to_owned(),
        post_count: 3,
        shows_end: true,
    };
    let body = html! {
        (live.list(&posts(now)))
        div.card { (Composer::new("/t/1/replies", "Your reply", "Post reply").preview_url("/preview").rows(5)) }
    };
    let [.., ideas, _, _] = tags();
    Page::new("Where should the second bicycle stand go?")
        .viewer(viewer(Role::Administrator))
        .width(Width::Text)
        .crumbs(vec![Crumb::new("Home", "/"), Crumb::new(ideas.name, ideas.href)])
        .eyebrow(html! { (badge(Some(Tone::Warning), "Locked")) })
        .lede(html! { (live.count()) span { "opened by Mara Lindqvist" } (live.status()) })
        .actions(Action::post("/t/1/lock", Button::submit("Lock").secondary().small().icon(Icon::Lock)).render())
        .script(Script::Live)
        .script(Script::Composer)
        .render(body)
}

fn new_thread() -> String {
    let choices = tags().into_iter().map(|tag| Choice::new(tag.href, tag.name)).collect();
    let before = html! {
        (Field::text("title", "Title").required().hint("A question or a statement, in one line."))
        (Field::select("category", "Category", choices).required())
    };
    let body = Composer::new("/new", "Text", "Open thread").before(before).preview_url("/preview").cancel("/").rows(10);
    Page::new("New thread")
        .viewer(viewer(Role::Member))
        .nav(Nav::NewThread)
        .script(Script::Composer)
        .render(body.render())
}

fn log_in() -> String {
    let faults = [FieldFault { field: "email".to_owned(), detail: "This is not an e-mail address.".to_owned() }];
    let body = html! {
        div.card {
            form.form method="post" action="/login" {
                (form_errors("Please check the form.", &faults, &[("email", "E-mail")]))
                (Field::email("email", "E-mail").required().autocomplete("username").value("mara@").faults(&faults))
                (Field::password("password", "Password").required().autocomplete("current-password"))
                (Field::checkbox("remember", "Stay logged in on this device"))
                (Button::submit("Log in").wide())
            }
        }
        p.aside { "No account yet? " a href="/register" { "Register" } }
    };
    Page::new("Log in").width(Width::Form).lede(html! { "Good to see you again." }).render(body)
}

fn empty() -> String {
    let [.., help, _] = tags();
    let state = EmptyState::new(
        Icon::Bubble,
        "Nobody has asked anything yet",
        "Be the first. Somebody out there knows the answer.",
    )
    .action(Button::link("New thread", "/new").primary().icon(Icon::Plus));
    Page::new("Help")
        .viewer(viewer(Role::Moderator))
        .crumbs(vec![Crumb::new("Home", "/")])
        .lede(html! { (help) })
        .render(html! { (state) })
}

fn explanation() -> Explanation {
    Explanation {
        operation: "forum.lock_thread".to_owned(),
        principal: "user:018f2f3a-7b1c-7a00-8000-00000000000a".to_owned(),
        role: "member".to_owned(),
        resource: "Thread/018f2f3b-0000-7000-8000-000000000001".to_owned(),
        decided_by: Vec::new(),
        would_need: vec!["forum.moderators_keep_order".to_owned(), "forum.authors_close_their_own".to_owned()],
        errors: Vec::new(),
        ..Explanation::default()
    }
}

fn error() -> String {
    let (page, body) = ErrorPage {
        status: 403,
        title: "You may not do this".to_owned(),
        detail: "Only moderators, and whoever opened a thread, can lock it.".to_owned(),
        request_id: "018f2f3c-55aa-7c10-9b8e-2f8d3a4b5c6d".to_owned(),
        explanation: Some(explanation()),
    }
    .into_parts();
    page.viewer(viewer(Role::Member)).render(body)
}

fn people(now: Time) -> String {
    let columns = vec![
        Column::text("Person"),
        Column::text("Role"),
        Column::number("Posts"),
        Column::text("Last seen"),
        Column::actions("Actions"),
    ];
    let rows = [
        ("Mara Lindqvist", "mara", "administrator", 412, 3),
        ("Oren Adeyemi", "oren", "moderator", 1_208, 64),
        ("Jun Watanabe", "jun", "member", 9, 60 * 70),
    ];
    let table = rows.into_iter().fold(Table::new("People", columns), |table, (name, handle, role, posts, minutes)| {
        table.row(vec![
            Person::new(name, name).handle(handle).render(),
            badge((role != "member").then_some(Tone::Info), role),
            html! { (posts) },
            exact(earlier(now, minutes)),
            Button::link("Change", "#").secondary().small().render(),
        ])
    });
    let tab = |label: &str, current, count| Tab {
        label: label.to_owned(),
        href: "#".to_owned(),
        current,
        count: Some(count),
    };
    let body = html! {
        (tabs("People by standing", &[tab("Everybody", true, 128), tab("Moderators", false, 4)]))
        (table)
        (Pages::new().back("Newest", "#").on("Older", "#"))
    };
    Page::new("People")
        .viewer(viewer(Role::Administrator))
        .nav(Nav::People)
        .lede(html! { "Who is here, and what they may do." })
        .render(body)
}

fn kit(now: Time) -> String {
    let alerts = [
        (Tone::Info, "For your information"),
        (Tone::Success, "It worked"),
        (Tone::Warning, "Take care"),
        (Tone::Danger, "It failed"),
    ];
    let body = html! {
        (card("Buttons", html! { div.buttons {
            (Button::submit("Primary")) (Button::submit("Secondary").secondary()) (Button::submit("Quiet").quiet())
            (Button::submit("Danger").danger().icon(Icon::Trash)) (Button::submit("Small").secondary().small())
            (Button::submit("Search").quiet().icon(Icon::Search).label_hidden())
        } }))
        (card("Alerts", html! { div.stack {
            @for (tone, title) in alerts { (alert(tone, title, html! { "The text says what to do about it." })) }
        } }))
        (card("Badges and avatars", html! { div.buttons {
            (badge(None, "Neutral")) @for (tone, title) in alerts { (badge(Some(tone), title)) }
            @for n in 0..16 {
                (avatar(&format!("user-{n}"), &format!("{} B", char::from(b'A' + n)), AvatarSize::Medium))
            }
        } }))
        (card("Icons", html! { div.buttons { @for picture in ICONS { (icon(picture)) } } }))
        (card("Waiting", skeleton(3)))
        (preview_without_scripts())
        p { (exact(now)) }
    };
    Page::new("The kit").viewer(viewer(Role::Administrator)).width(Width::Text).render(body)
}

fn preview_without_scripts() -> Markup {
    let composer = Composer::new("/", "Your reply", "Post reply")
        .value("**Yes.**")
        .preview(PreEscaped("<p><strong>Yes.</strong></p>".to_owned()));
    card("A preview without scripts", composer.render())
}

const ICONS: [Icon; 40] = [
    Icon::Bell,
    Icon::Bold,
    Icon::Bubble,
    Icon::Check,
    Icon::ChevronDown,
    Icon::ChevronLeft,
    Icon::ChevronRight,
    Icon::Clock,
    Icon::Code,
    Icon::Compass,
    Icon::Cross,
    Icon::Dots,
    Icon::Envelope,
    Icon::Eye,
    Icon::Folder,
    Icon::Globe,
    Icon::House,
    Icon::Info,
    Icon::Italic,
    Icon::Key,
    Icon::Link,
    Icon::List,
    Icon::Lock,
    Icon::LogOut,
    Icon::Moon,
    Icon::Pencil,
    Icon::People,
    Icon::Person,
    Icon::Pin,
    Icon::Plus,
    Icon::Quote,
    Icon::Reply,
    Icon::Scroll,
    Icon::Search,
    Icon::Shield,
    Icon::Screen,
    Icon::Sun,
    Icon::Trash,
    Icon::Unlock,
    Icon::Warning,
];
