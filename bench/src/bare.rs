//! The peer: axum and sqlx with nothing between, running the same SQL on the same database file.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Row};
use std::time::Duration;
use uuid::Uuid;

const THREAD: &str = "SELECT t.id, t.category_id, c.slug AS category_slug, c.name AS category_name, t.title, t.locked, \
                      t.post_count, t.author_id, a.display_name AS author_name, l.display_name AS last_author_name, \
                      t.started_at, t.last_post_at, t.version FROM threads t JOIN categories c ON c.id = t.category_id \
                      LEFT JOIN members a ON a.user_id = t.author_id LEFT JOIN members l ON l.user_id = t.last_author_id \
                      WHERE t.id = ?";
const POSTS: &str = "SELECT p.id, p.thread_id, p.number, p.author_id, m.display_name AS author_name, \
                     m.handle AS author_handle, p.body, p.html, p.posted_at, p.edited_at, p.version \
                     FROM posts p LEFT JOIN members m ON m.user_id = p.author_id \
                     WHERE p.thread_id = ? AND p.number > 0 ORDER BY p.number LIMIT 21";

#[derive(Clone)]
struct Pools {
    readers: SqlitePool,
    writer: SqlitePool,
}

type Failure = (StatusCode, String);

fn failure(error: impl std::fmt::Display) -> Failure {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

/// `bench bare ADDRESS FILE`.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [address, file] = arguments.as_slice() else { anyhow::bail!("bare ADDRESS FILE") };
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5));
    let pool = |size| SqlitePoolOptions::new().max_connections(size).test_before_acquire(false);
    let readers = pool(8).connect_with(options.clone()).await?;
    let writer = pool(1).connect_with(options).await?;
    let routes = Router::new()
        .route("/threads/{id}", get(read))
        .route("/threads/{id}/posts", axum::routing::post(create))
        .with_state(Pools { readers, writer });
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("bare is ready");
    Ok(axum::serve(listener, routes).await?)
}

async fn read(State(pools): State<Pools>, Path(id): Path<Uuid>) -> Result<Json<Value>, Failure> {
    let thread = sqlx::query(THREAD).bind(id).fetch_one(&pools.readers).await.map_err(failure)?;
    let posts = sqlx::query(POSTS).bind(id).fetch_all(&pools.readers).await.map_err(failure)?;
    let post = |row: &sqlx::sqlite::SqliteRow| {
        json!({
            "id": row.get::<Uuid, _>(0), "thread_id": row.get::<Uuid, _>(1), "number": row.get::<i64, _>(2),
            "author_id": row.get::<Uuid, _>(3), "author_name": row.get::<Option<String>, _>(4),
            "author_handle": row.get::<Option<String>, _>(5), "body": row.get::<String, _>(6),
            "html": row.get::<String, _>(7), "posted_at": row.get::<String, _>(8),
            "edited_at": row.get::<Option<String>, _>(9), "version": row.get::<i64, _>(10),
        })
    };
    Ok(Json(json!({
        "id": thread.get::<Uuid, _>(0), "category_id": thread.get::<Uuid, _>(1), "title": thread.get::<String, _>(4),
        "locked": thread.get::<bool, _>(5), "post_count": thread.get::<i64, _>(6),
        "author_id": thread.get::<Uuid, _>(7), "author_name": thread.get::<Option<String>, _>(8),
        "started_at": thread.get::<String, _>(10), "last_post_at": thread.get::<String, _>(11),
        "posts": posts.iter().map(post).collect::<Vec<_>>(),
    })))
}

/// The change alone: no permission, no event, no audit, no history, no Markdown.
async fn create(
    State(pools): State<Pools>,
    Path(id): Path<Uuid>,
    Json(input): Json<Value>,
) -> Result<Json<Value>, Failure> {
    let body = input["body"].as_str().unwrap_or_default();
    let now = "2026-11-20T00:00:00+00:00";
    let post = Uuid::now_v7();
    let mut tx = pools.writer.begin_with(AssertSqlSafe("BEGIN IMMEDIATE")).await.map_err(failure)?;
    let count = "UPDATE threads SET post_count = post_count + 1, last_post_at = ? WHERE id = ? RETURNING post_count, author_id, tenant_id";
    let row = sqlx::query(count).bind(now).bind(id).fetch_one(&mut *tx).await.map_err(failure)?;
    let (number, author, tenant): (i64, Uuid, Uuid) = (row.get(0), row.get(1), row.get(2));
    let insert = "INSERT INTO posts (id, tenant_id, thread_id, number, author_id, body, html, posted_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)";
    sqlx::query(insert)
        .bind(post)
        .bind(tenant)
        .bind(id)
        .bind(number)
        .bind(author)
        .bind(body)
        .bind(body)
        .bind(now)
        .execute(&mut *tx)
        .await
        .map_err(failure)?;
    tx.commit().await.map_err(failure)?;
    Ok(Json(json!({ "id": post, "number": number })))
}
