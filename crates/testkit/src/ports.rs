//! Free TCP ports on the loopback address.
//!
//! What may not enter: holding a port. Between the answer and its use another program may take it.

use std::net::{Ipv4Addr, TcpListener};

/// A port nobody listens on.
///
/// # Panics
/// When the operating system has none left.
pub fn free_port() -> u16 {
    free_ports(1)[0]
}

/// `count` different ports nobody listens on.
///
/// # Panics
/// When the operating system has none left.
pub fn free_ports(count: usize) -> Vec<u16> {
    // All are held until the last is known, or the same one could come twice.
    let held: Vec<_> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port must be free")).collect();
    held.iter().map(|listener| listener.local_addr().expect("a bound listener has an address").port()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn free_ports_differ_and_can_be_bound() {
        let ports = free_ports(20);
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), 20);
        let bound: Vec<_> = ports.iter().map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port))).collect();
        assert!(bound.iter().all(Result::is_ok));
    }
}
