//! Who could do what, for people to read and review.

use crate::house::decisions;

#[test]
fn who_could_do_what() {
    insta::assert_snapshot!(decisions().matrix());
}
