//! Whether a proof proves what it should: RFC 9162 sections 2.1.3.2 and 2.1.4.2, step by step.

use super::Digest;
use super::merkle::node_hash;

/// A tree as a checkpoint shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tree {
    /// How many leaves it has.
    pub(crate) size: u64,
    /// The hash over them.
    pub(crate) root: Digest,
}

/// Whether `path` proves that the leaf with this hash is the `index`th of the tree.
pub(crate) fn is_included(leaf: &Digest, index: u64, tree: Tree, path: &[Digest]) -> bool {
    if index >= tree.size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, tree.size - 1, *leaf);
    for step in path {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            hash = node_hash(step, &hash);
            while node % 2 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, step);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && hash == tree.root
}

/// Whether `path` proves that the `first` tree is the beginning of the `second`.
pub(crate) fn is_consistent(first: Tree, second: Tree, path: &[Digest]) -> bool {
    if first.size == 0 || first.size >= second.size {
        return first == second && path.is_empty();
    }
    // The old tree's own hash stands for its only node.
    let whole = first.size.is_power_of_two().then_some(first.root);
    let mut steps = whole.iter().chain(path);
    let Some(start) = steps.next().filter(|_| !path.is_empty()) else { return false };
    let (mut node, mut last) = (first.size - 1, second.size - 1);
    while node % 2 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let (mut old, mut new) = (*start, *start);
    for step in steps {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            (old, new) = (node_hash(step, &old), node_hash(step, &new));
            while node % 2 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, step);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && old == first.root && new == second.root
}

#[cfg(test)]
mod tests {
    use super::super::merkle::{self, Frontier, Nodes, leaf_hash};
    use super::*;
    use std::ops::Range;

    /// The leaves and roots of the reference implementation's tests: certificate-transparency,
    /// `cpp/merkletree/merkle_tree_test.cc`.
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    /// Every tree up to this size is looked at.
    const MOST: u64 = 40;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = |nth: usize| u8::from_str_radix(&hex[nth..nth + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect()
    }

    fn hex(digest: Digest) -> String {
        digest.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The root after each leaf, and every node.
    fn grown(leaves: impl IntoIterator<Item = Digest>) -> (Vec<Digest>, Nodes) {
        let (mut tree, mut roots, mut nodes) = (Frontier::default(), vec![Frontier::default().root()], Nodes::new());
        for leaf in leaves {
            tree.push(leaf, |place, hash| assert_eq!(nodes.insert(place, hash), None, "{place:?} is kept once"));
            roots.push(tree.root());
        }
        (roots, nodes)
    }

    fn leaf(index: u64) -> Digest {
        leaf_hash(&index.to_be_bytes())
    }

    /// The proof with each of its bits turned, in turn, and with a hash too many and one too few.
    fn spoilt(path: &[Digest]) -> Vec<Vec<Digest>> {
        let mut all: Vec<Vec<Digest>> = Vec::new();
        for nth in 0..path.len() * 256 {
            let mut other = path.to_vec();
            other[nth / 256].0[nth % 256 / 8] ^= 1 << (nth % 8);
            all.push(other);
        }
        all.push([path, &[leaf(0)]].concat());
        all.extend((!path.is_empty()).then(|| path[1..].to_vec()));
        all
    }

    #[test]
    fn roots_are_those_of_the_reference() {
        let (roots, _) = grown(LEAVES.map(|leaf| leaf_hash(&bytes(leaf))));
        assert_eq!(hex(roots[0]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(roots[1..].iter().map(|root| hex(*root)).collect::<Vec<_>>(), ROOTS);
    }

    #[test]
    fn proofs_are_those_of_the_reference() {
        let (_, nodes) = grown(LEAVES.map(|leaf| leaf_hash(&bytes(leaf))));
        let hashes = |subtrees: Vec<Range<u64>>| -> Vec<String> {
            merkle::hashes(&subtrees, &nodes).unwrap().into_iter().map(|hash| hex(hash)[..8].to_owned()).collect()
        };
        // The fifth leaf of eight: its neighbour, the pair beside them, the first four.
        assert_eq!(hashes(merkle::inclusion(4, 8)), ["4271a26b", "ca854ea1", "d37ee418"]);
        assert_eq!(hashes(merkle::consistency(6, 8)), ["0ebc5d34", "ca854ea1", "d37ee418"]);
    }

    #[test]
    fn edge_taken_from_the_nodes_goes_on_as_the_one_that_grew() {
        let (roots, nodes) = grown((0..MOST).map(leaf));
        for size in 0..=MOST {
            let edge = Frontier::of(size, &nodes).unwrap();
            assert_eq!((edge.size(), edge.root()), (size, roots[usize::try_from(size).unwrap()]), "{size}");
        }
        assert_eq!(Frontier::of(MOST + 1, &nodes), None, "a node is missing");
    }

    #[test]
    fn every_leaf_of_every_tree_is_proven_and_nothing_else_is() {
        let (roots, nodes) = grown((0..MOST).map(leaf));
        for size in 1..=MOST {
            let tree = Tree { size, root: roots[usize::try_from(size).unwrap()] };
            for index in 0..size {
                let path = merkle::hashes(&merkle::inclusion(index, size), &nodes).unwrap();
                assert!(is_included(&leaf(index), index, tree, &path), "{index} of {size}");
                for other in (0..=size).filter(|other| *other != index) {
                    assert!(!is_included(&leaf(index), other, tree, &path), "{index} of {size} as {other}");
                }
                assert!(!is_included(&leaf(index + 1), index, tree, &path), "another leaf at {index} of {size}");
                assert!(!is_included(&leaf(index), index, Tree { size, root: leaf(index + 1) }, &path));
            }
        }
    }

    #[test]
    fn every_earlier_tree_is_proven_to_be_the_beginning_and_no_other_is() {
        let (roots, nodes) = grown((0..MOST).map(leaf));
        let tree = |size: u64| Tree { size, root: roots[usize::try_from(size).unwrap()] };
        for to in 1..=MOST {
            for from in 1..=to {
                let path = merkle::hashes(&merkle::consistency(from, to), &nodes).unwrap();
                assert!(is_consistent(tree(from), tree(to), &path), "{from} in {to}");
                let forged = Tree { size: from, root: leaf(99) };
                assert!(!is_consistent(forged, tree(to), &path), "another beginning of {from} in {to}");
                assert!(!is_consistent(tree(from), Tree { size: to, root: leaf(99) }, &path), "{from} in another {to}");
                for other in (0..=to).filter(|other| *other != from) {
                    let other = Tree { size: other, root: tree(from).root };
                    assert!(!is_consistent(other, tree(to), &path), "{from} in {to} as {}", other.size);
                }
            }
        }
    }

    #[test]
    fn proof_with_any_bit_turned_or_a_hash_too_many_or_too_few_proves_nothing() {
        let (roots, nodes) = grown((0..20).map(leaf));
        let tree = |size: u64| Tree { size, root: roots[usize::try_from(size).unwrap()] };
        for size in 1..=20 {
            for at in 0..size {
                let included = merkle::hashes(&merkle::inclusion(at, size), &nodes).unwrap();
                for path in spoilt(&included) {
                    assert!(!is_included(&leaf(at), at, tree(size), &path), "{at} of {size}");
                }
                let consistent = merkle::hashes(&merkle::consistency(at + 1, size), &nodes).unwrap();
                for path in spoilt(&consistent) {
                    assert!(!is_consistent(tree(at + 1), tree(size), &path), "{} in {size}", at + 1);
                }
            }
        }
    }
}
