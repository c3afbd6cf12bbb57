//! Register, talk and read by gRPC, over the public address.

use crate::stack::{Stack, Topology};
use auth_contract::{LogInRequest, MeRequest, RegisterRequest, Tokens, UserCard};
use forum_contract::{PostReplyReply, PostReplyRequest, ReadThreadReply, ReadThreadRequest};
use forum_contract::{StartThreadReply, StartThreadRequest};
use rstest::rstest;
use testkit::Engine;
use tokio_stream::StreamExt;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

const REGISTER: &str = "/polity.auth.v1.AuthApi/Register";
const LOG_IN: &str = "/polity.auth.v1.AuthApi/LogIn";
const ME: &str = "/polity.auth.v1.AuthApi/Me";
const START_THREAD: &str = "/polity.forum.v1.ForumApi/StartThread";
const POST_REPLY: &str = "/polity.forum.v1.ForumApi/PostReply";
const READ_THREAD: &str = "/polity.forum.v1.ForumApi/ReadThread";

/// A program that speaks gRPC, logged in or not.
struct Program {
    channel: Channel,
    metadata: Vec<(&'static str, String)>,
}

impl Program {
    async fn new(url: &str) -> Self {
        let channel = Endpoint::from_shared(url.to_owned()).unwrap().connect().await.unwrap();
        Self { channel, metadata: Vec::new() }
    }

    fn with(&self, name: &'static str, value: &str) -> Self {
        let mut metadata = self.metadata.clone();
        metadata.push((name, value.to_owned()));
        Self { channel: self.channel.clone(), metadata }
    }

    async fn call<Q, A>(&self, path: &'static str, message: Q) -> Result<A, Status>
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        let mut request = Request::new(message);
        for (name, value) in &self.metadata {
            request.metadata_mut().insert(*name, value.parse().unwrap());
        }
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client.ready().await.unwrap();
        let codec = ProstCodec::<Q, A>::default();
        Ok(client.unary(request, PathAndQuery::from_static(path), codec).await?.into_inner())
    }
}

fn reason(status: &Status) -> &str {
    status.metadata().get("polity-reason").map_or("", |reason| reason.to_str().unwrap())
}

#[rstest]
#[case::all_in_one(Topology::AllInOne)]
#[case::split(Topology::Split)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn program_registers_talks_and_reads(#[case] topology: Topology) {
    let Some(stack) = Stack::start(topology, Engine::Sqlite).await else { return };
    let category = stack.founder().await.category("machines").await;
    let guest = Program::new(&stack.url).await;
    let grace = join(&guest).await;

    let started: StartThreadReply = {
        let (title, body) = ("Can machines talk?".to_owned(), "They *can*.".to_owned());
        grace.call(START_THREAD, StartThreadRequest { category_id: category, title, body }).await.unwrap()
    };
    let thread_id = started.thread.unwrap().thread_id;
    let reply = || PostReplyRequest { thread_id: thread_id.clone(), body: "To each other.".to_owned() };
    let once = grace.with("idempotency-key", "only-once");
    let first: PostReplyReply = once.call(POST_REPLY, reply()).await.unwrap();
    let again: PostReplyReply = once.call(POST_REPLY, reply()).await.unwrap();
    assert_eq!(first.post.as_ref().unwrap().post_id, again.post.unwrap().post_id);

    let ask = || ReadThreadRequest { thread_id: thread_id.clone(), cursor: None, limit: Some(1) };
    let page: ReadThreadReply = guest.call(READ_THREAD, ask()).await.unwrap();
    assert_eq!((page.thread.unwrap().reply_count, page.posts[0].body.as_str()), (1, "They *can*."));
    let rest = ReadThreadRequest { cursor: page.next_cursor, ..ask() };
    let rest: ReadThreadReply = guest.call(READ_THREAD, rest).await.unwrap();
    assert_eq!((rest.posts, rest.next_cursor), (vec![first.post.unwrap()], None));

    refusals_tell_their_reason(&guest, &grace, &thread_id).await;
}

/// A new member, logged in.
async fn join(guest: &Program) -> Program {
    let (email, password) = ("grace@example.org".to_owned(), "a password for machines".to_owned());
    let form = RegisterRequest {
        email: email.clone(),
        handle: "grace".to_owned(),
        display_name: "Grace".to_owned(),
        password: password.clone(),
        invitation: String::new(),
    };
    let card: UserCard = guest.call(REGISTER, form).await.unwrap();
    let tokens: Tokens = guest.call(LOG_IN, LogInRequest { email, password }).await.unwrap();
    let grace = guest.with("authorization", &format!("Bearer {}", tokens.access_token));
    let me: UserCard = grace.call(ME, MeRequest {}).await.unwrap();
    assert_eq!((me.user_id, me.handle.as_str()), (card.user_id, "grace"));
    grace
}

async fn refusals_tell_their_reason(guest: &Program, grace: &Program, thread_id: &str) {
    let reply = |body: &str| PostReplyRequest { thread_id: thread_id.to_owned(), body: body.to_owned() };
    let stranger = guest.call::<_, PostReplyReply>(POST_REPLY, reply("Me too")).await.unwrap_err();
    assert_eq!((stranger.code(), reason(&stranger)), (Code::Unauthenticated, "access.log_in"));
    let empty = grace.call::<_, PostReplyReply>(POST_REPLY, reply("")).await.unwrap_err();
    assert_eq!((empty.code(), reason(&empty)), (Code::InvalidArgument, "request.invalid"));
    let nowhere =
        ReadThreadRequest { thread_id: "0192f0c0-0000-7000-8000-000000000000".to_owned(), ..Default::default() };
    let missing = guest.call::<_, ReadThreadReply>(READ_THREAD, nowhere).await.unwrap_err();
    assert_eq!((missing.code(), reason(&missing)), (Code::NotFound, "forum.no_such_thread"));
    let once = grace.with("idempotency-key", "only-once");
    let reused = once.call::<_, PostReplyReply>(POST_REPLY, reply("Something else")).await.unwrap_err();
    assert_eq!((reused.code(), reason(&reused)), (Code::FailedPrecondition, "request.idempotency_key_reused"));
    let forged = guest.with("authorization", "Bearer forged");
    let refused = forged.call::<_, UserCard>(ME, MeRequest {}).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::Unauthenticated, "access.credential_rejected"));
}

#[rstest]
#[case::all_in_one(Topology::AllInOne, &["polity.auth.v1.AuthApi", "polity.forum.v1.ForumApi"])]
// One process answers for the whole address: the one that also serves whatever nobody else does.
#[case::split(Topology::Split, &["polity.forum.v1.ForumApi"])]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_public_services_are_told_of_and_they_are_well(#[case] topology: Topology, #[case] expected: &[&str]) {
    let Some(stack) = Stack::start(topology, Engine::Sqlite).await else { return };
    let channel = Program::new(&stack.url).await.channel;
    let mut ours: Vec<String> = listed(&channel).await;
    ours.retain(|name| name.starts_with("polity."));
    assert_eq!(ours, expected);
    let mut health = HealthClient::new(channel);
    for service in [""].iter().chain(expected) {
        let answer = health.check(HealthCheckRequest { service: (*service).to_owned() }).await.unwrap();
        assert_eq!(answer.into_inner().status(), ServingStatus::Serving, "{service}");
    }
    // A service for processes has no address here.
    let portal = health.check(HealthCheckRequest { service: "polity.auth.v1.AuthPortal".to_owned() }).await;
    assert_eq!(portal.unwrap_err().code(), Code::NotFound);
    let guest = Program::new(&stack.url).await;
    let asked = auth_contract::FindUserRequest { handle: Some("founder".to_owned()), ..Default::default() };
    let refused = guest.call::<_, UserCard>("/polity.auth.v1.AuthPortal/FindUser", asked).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::Unimplemented, "request.no_route"));
}

/// The names of the services reflection tells of, sorted.
async fn listed(channel: &Channel) -> Vec<String> {
    let question = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(channel.clone());
    let mut answers = client.server_reflection_info(tokio_stream::once(question)).await.unwrap().into_inner();
    let answer = answers.next().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let mut names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    names
}
