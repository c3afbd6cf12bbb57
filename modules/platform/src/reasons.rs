//! Why the console may refuse: its own reasons, and those of the desks whose answers it passes on. Every module's desk
//! has the same, so they are published once, here.

use kernel::Reason;
use taskmill::DESK_REASONS;

const PARTS: [&[Reason]; 3] = [platform_contract::reasons::ALL, DESK_REASONS, taskmill::saga::REASONS];
const COUNT: usize = PARTS[0].len() + PARTS[1].len() + PARTS[2].len();

/// All of them.
pub(crate) static ALL: [Reason; COUNT] = joined();

const fn joined() -> [Reason; COUNT] {
    let mut joined = [PARTS[0][0]; COUNT];
    let (mut part, mut from) = (0, 0);
    while part < PARTS.len() {
        let mut nth = 0;
        while nth < PARTS[part].len() {
            joined[from + nth] = PARTS[part][nth];
            nth += 1;
        }
        from += nth;
        part += 1;
    }
    joined
}
