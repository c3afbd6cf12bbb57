//! Who could do what, and what the API says of itself.

use crate::house::policies;

#[test]
fn each_operation_is_for_these_and_nobody_else() {
    let expected = "\
operation                guest  member  moderator  administrator  service
forum.create_category    no     no      no         yes            no
forum.edit_post          no     if      yes        yes            no
forum.list_categories    yes    yes     yes        yes            yes
forum.list_threads       yes    yes     yes        yes            yes
forum.lock_thread        no     no      yes        yes            no
forum.post_reply         no     yes     yes        yes            no
forum.preview_text       yes    yes     yes        yes            yes
forum.read_post          yes    yes     yes        yes            yes
forum.read_post_history  yes    yes     yes        yes            yes
forum.read_thread        yes    yes     yes        yes            yes
forum.reconcile_counts   no     no      no         no             if
forum.record_member      no     no      no         no             if
forum.start_thread       no     yes     yes        yes            no
forum.unlock_thread      no     no      yes        yes            no
";
    assert_eq!(policies().matrix().to_string(), expected);
}

#[test]
fn every_route_is_described() {
    let document = serde_json::to_value((forum::SPEC.openapi)()).unwrap();
    let routes = document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
        let mut methods: Vec<_> = methods.as_object().unwrap().keys().cloned().collect();
        methods.sort_unstable();
        methods.into_iter().map(move |method| format!("{method} {}", path.trim_start_matches("/api/v1/forum")))
    });
    let expected = [
        "get /categories",
        "post /categories",
        "get /posts/{id}",
        "put /posts/{id}",
        "get /posts/{id}/versions",
        "get /threads",
        "post /threads",
        "get /threads/{id}",
        "get /threads/{id}/live",
        "get /threads/{id}/live/ws",
        "delete /threads/{id}/lock",
        "put /threads/{id}/lock",
        "get /threads/{id}/posts",
        "post /threads/{id}/posts",
    ];
    assert_eq!(routes.collect::<Vec<_>>(), expected);
}
