//! The Merkle tree of RFC 9162 section 2.1 (the one of RFC 6962): hashes, the right edge on which it grows, and which
//! stored nodes a proof is made of. How proofs are checked is in `proof.rs`.
//!
//! What may not enter: what a leaf says, where nodes are kept.

use super::Digest;
use std::collections::BTreeMap;
use std::ops::Range;

/// The hash of a leaf.
pub(crate) fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest::of(&[&[0], leaf])
}

/// The hash over two subtrees.
pub(crate) fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of(&[&[1], &left.0, &right.0])
}

/// A complete subtree: `2^level` leaves, the `index`th such from the left. Level 0 are the leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) level: u32,
    pub(crate) index: u64,
}

/// Hashes of complete subtrees.
pub(crate) type Nodes = BTreeMap<Place, Digest>;

/// The right edge of a tree: the largest complete subtrees that make it up, from the left. Enough to add leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frontier {
    size: u64,
    edge: Vec<Digest>,
}

impl Frontier {
    /// The edge of a tree of `size` leaves, taken from its nodes. None when one of them is missing.
    pub(crate) fn of(size: u64, nodes: &Nodes) -> Option<Self> {
        let edge = complete(0..size).iter().map(|place| nodes.get(place).copied()).collect::<Option<_>>()?;
        Some(Self { size, edge })
    }

    /// The edge of a tree of `size` leaves, from the left. None when it has another number of subtrees than it must.
    pub(crate) fn with_edge(size: u64, edge: Vec<Digest>) -> Option<Self> {
        (edge.len() == complete(0..size).len()).then_some(Self { size, edge })
    }

    /// The largest complete subtrees that make it up, from the left.
    pub(crate) fn edge(&self) -> &[Digest] {
        &self.edge
    }

    /// How many leaves the tree has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf, and keeps every node that it completes, itself among them.
    pub(crate) fn push(&mut self, leaf: Digest, mut keep: impl FnMut(Place, Digest)) {
        let (mut hash, mut place) = (leaf, Place { level: 0, index: self.size });
        keep(place, hash);
        while place.index % 2 == 1 {
            let Some(left) = self.edge.pop() else { break };
            hash = node_hash(&left, &hash);
            place = Place { level: place.level + 1, index: place.index / 2 };
            keep(place, hash);
        }
        self.edge.push(hash);
        self.size += 1;
    }

    /// The hash over the whole tree; over none it is the hash of nothing.
    pub(crate) fn root(&self) -> Digest {
        fold(&self.edge).unwrap_or_else(|| Digest::of(&[]))
    }
}

/// The hash over neighbouring complete subtrees, which get smaller to the right.
fn fold(subtrees: &[Digest]) -> Option<Digest> {
    let (last, others) = subtrees.split_last()?;
    Some(others.iter().rev().fold(*last, |right, left| node_hash(left, &right)))
}

/// The largest power of two below `size`, which is at least 2: where the RFC splits a tree.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The complete subtrees that make up these leaves, the largest first. They begin where a subtree of their size may.
pub(crate) fn complete(leaves: Range<u64>) -> Vec<Place> {
    let (mut from, mut places) = (leaves.start, Vec::new());
    while from < leaves.end {
        let level = (leaves.end - from).ilog2();
        places.push(Place { level, index: from >> level });
        from += 1 << level;
    }
    places
}

/// The subtrees whose hashes prove that leaf `index` is in a tree of `size` leaves, in the order of the proof
/// (RFC 9162 section 2.1.3.1). Empty when it is not in there.
pub(crate) fn inclusion(index: u64, size: u64) -> Vec<Range<u64>> {
    let (mut tree, mut path) = (0..size, Vec::new());
    if index >= size {
        return path;
    }
    while tree.end - tree.start > 1 {
        let middle = tree.start + split(tree.end - tree.start);
        if index < middle {
            path.push(middle..tree.end);
            tree.end = middle;
        } else {
            path.push(tree.start..middle);
            tree.start = middle;
        }
    }
    path.reverse();
    path
}

/// The subtrees whose hashes prove that the tree of the first `from` leaves is the beginning of the one of `to` leaves,
/// in the order of the proof (RFC 9162 section 2.1.4.1). Empty unless `0 < from < to`.
pub(crate) fn consistency(from: u64, to: u64) -> Vec<Range<u64>> {
    let (mut tree, mut path) = (0..to, Vec::new());
    if from == 0 || from >= to {
        return path;
    }
    while tree.end != from {
        let middle = tree.start + split(tree.end - tree.start);
        if from <= middle {
            path.push(middle..tree.end);
            tree.end = middle;
        } else {
            path.push(tree.start..middle);
            tree.start = middle;
        }
    }
    if tree.start > 0 {
        // Whoever checks knows the hash of the whole old tree, and of no other part of it.
        path.push(tree);
    }
    path.reverse();
    path
}

/// Which nodes make up these subtrees.
pub(crate) fn needed(subtrees: &[Range<u64>]) -> Vec<Place> {
    subtrees.iter().flat_map(|leaves| complete(leaves.clone())).collect()
}

/// The hashes of these subtrees, made of complete ones. None when a node is missing.
pub(crate) fn hashes(subtrees: &[Range<u64>], nodes: &Nodes) -> Option<Vec<Digest>> {
    let hash = |leaves: &Range<u64>| {
        let parts =
            complete(leaves.clone()).iter().map(|place| nodes.get(place).copied()).collect::<Option<Vec<_>>>()?;
        fold(&parts)
    };
    subtrees.iter().map(hash).collect()
}
