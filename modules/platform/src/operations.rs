//! Everything that can be done in platform. What may not enter: an operation of another module.

use kernel::{ORDER_TASKS, Operation, READ_TASKS};

/// All of them, for the policies, the matrix and the documentation.
pub(crate) const OPERATIONS: &[&Operation] = &[&READ_TASKS, &ORDER_TASKS];
