//! Makes a community on paper real, by calls alone: administrator, members, categories, threads with their replies in
//! order. It decides nothing about what is said.

use crate::api::{Api, Creation};
use crate::chance::fnv1a;
use crate::community::{Community, PlannedThread};
use crate::corpus::Corpus;
use crate::error::DemoError;
use crate::report::{Report, Tally};
use crate::session::{Account, Session};
use crate::{MEMBER_PASSWORD, Member};
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Clock, SystemClock, Time};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use uuid::Uuid;

/// How many calls may be under way at once.
const MOST_CONCURRENT: usize = 64;

/// What to fill, how full, and in whose name.
#[derive(Debug, Clone)]
pub struct DemoPlan {
    /// The instance's public address, such as `http://127.0.0.1:8080`.
    pub base_url: String,
    /// How many members there are to be.
    pub members: usize,
    /// How many threads there are to be.
    pub threads: usize,
    /// How many replies there are to be, beside the threads' opening posts.
    pub posts: usize,
    /// The same seed makes the same community.
    pub seed: u64,
    /// The address of an account that may create categories.
    pub admin_email: String,
    /// Its password.
    pub admin_password: SecretString,
    /// How many calls are under way at once.
    pub concurrency: usize,
}

impl DemoPlan {
    /// The usual community: 60 members, 220 threads, 3,200 replies.
    pub fn new(base_url: &str, admin_email: &str, admin_password: SecretString) -> Self {
        Self {
            base_url: base_url.to_owned(),
            members: 60,
            threads: 220,
            posts: 3200,
            seed: 1,
            admin_email: admin_email.to_owned(),
            admin_password,
            concurrency: 8,
        }
    }
}

/// A bar in the style of the command line, for [`fill`] to move.
pub fn progress_bar() -> ProgressBar {
    let template = "{spinner} {msg:<24} [{bar:32}] {pos}/{len} {elapsed_precise} (about {eta} left)";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length().with_style(style.progress_chars("=> "))
}

/// Fills a running instance. A second run of the same plan finds what the first one made and goes on from there.
///
/// The caller has installed a rustls crypto provider for the process.
///
/// # Errors
/// [`DemoError`], in words for whoever started it. What had been made by then stays.
pub async fn fill(plan: DemoPlan, progress: &ProgressBar) -> Result<Report, DemoError> {
    if !(1..=MOST_CONCURRENT).contains(&plan.concurrency) {
        return Err(DemoError::OutOfBounds { field: "concurrency", least: 1, most: MOST_CONCURRENT });
    }
    let corpus = Corpus::shipped().map_err(DemoError::Corpus)?;
    let community = Community::write(&corpus, plan.members, plan.threads, plan.posts, plan.seed)?;
    let api = Api::new(&plan.base_url)?;
    let steps = community.members.len() + corpus.categories.len() + community.threads.len() + community.posts();
    progress.set_length(u64::try_from(steps).unwrap_or(u64::MAX));

    let began = SystemClock.now();
    let (email, password) = (plan.admin_email.as_str(), plan.admin_password.expose_secret());
    let admin = Session::new(&api, Account::Administrator, email, password);
    progress.set_message("categories");
    let (category_ids, categories) = make_categories(&admin, &corpus, plan.seed, progress).await?;

    progress.set_message("members");
    let members = register(&api, &community.members, plan.concurrency, progress).await?;

    progress.set_message("threads and replies");
    let sessions: Vec<Session<'_>> = community
        .members
        .iter()
        .map(|member| Session::new(&api, Account::Member, &member.email, MEMBER_PASSWORD))
        .collect();
    let forum = Forum { sessions: &sessions, category_ids: &category_ids, seed: plan.seed, began, progress };
    let (mut threads, mut posts) = (Tally::default(), Tally::default());
    let mut held = stream::iter(community.threads.iter().enumerate())
        .map(|(index, thread)| forum.hold(index, thread))
        .buffer_unordered(plan.concurrency);
    while let Some((found, replies)) = held.try_next().await? {
        threads.count(found);
        posts.add(replies);
    }

    let examples = community.members.iter().take(3).map(|member| member.email.clone()).collect();
    let (base_url, elapsed) = (api.base_url().to_owned(), progress.elapsed());
    Ok(Report { base_url, members, categories, threads, posts, examples, elapsed })
}

/// The ids of the corpus's categories, in its order, and how many had to be made.
async fn make_categories(
    admin: &Session<'_>,
    corpus: &Corpus,
    seed: u64,
    progress: &ProgressBar,
) -> Result<(Vec<Uuid>, Tally), DemoError> {
    let listed = admin.categories().await?;
    let listed: HashMap<String, Uuid> = listed.into_iter().map(|category| (category.slug, category.id)).collect();
    let (mut ids, mut tally) = (Vec::new(), Tally::default());
    for category in &corpus.categories {
        if let Some(id) = listed.get(&category.slug) {
            ids.push(*id);
            tally.count(true);
        } else {
            let key = format!("demo-{seed}-category-{}", category.slug);
            let creation = Creation::category(&category.slug, &category.name, &category.description, key);
            let made = admin.create(&creation).await?;
            ids.push(made.id);
            tally.count(false);
        }
        progress.inc(1);
    }
    Ok((ids, tally))
}

async fn register(
    api: &Api,
    members: &[Member],
    concurrency: usize,
    progress: &ProgressBar,
) -> Result<Tally, DemoError> {
    let mut registered = stream::iter(members)
        .map(|member| api.register(&member.email, &member.handle, &member.display_name, MEMBER_PASSWORD))
        .buffer_unordered(concurrency);
    let mut tally = Tally::default();
    while let Some(made) = registered.try_next().await? {
        tally.count(!made);
        progress.inc(1);
    }
    Ok(tally)
}

/// Where threads are held.
struct Forum<'a> {
    sessions: &'a [Session<'a>],
    category_ids: &'a [Uuid],
    seed: u64,
    /// When the run began: what is older was there.
    began: Time,
    progress: &'a ProgressBar,
}

impl Forum<'_> {
    /// Opens a thread and posts its replies, each after the one before; says what was found.
    ///
    /// The keys contain a digest of the text: what a larger plan says differently is another post, not a reused key.
    async fn hold(&self, index: usize, thread: &PlannedThread) -> Result<(bool, Tally), DemoError> {
        let seed = self.seed;
        let key = format!("demo-{seed}-thread-{index}-{:016x}", fnv1a(&format!("{}\n{}", thread.title, thread.body)));
        let category_id = self.category_ids[thread.category];
        let creation = Creation::thread(category_id, &thread.title, &thread.body, key);
        let opened = self.sessions[thread.author].create(&creation).await?;
        self.progress.inc(1);
        let mut replies = Tally::default();
        for (number, post) in thread.posts.iter().enumerate() {
            let key = format!("demo-{seed}-post-{index}-{number}-{:016x}", fnv1a(&post.body));
            let creation = Creation::post(opened.id, &post.body, key);
            let posted = self.sessions[post.author].create(&creation).await?;
            replies.count(posted.is_older_than(self.began));
            self.progress.inc(1);
        }
        Ok((opened.is_older_than(self.began), replies))
    }
}
