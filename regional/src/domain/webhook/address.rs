//! The addresses that a webhook may reach: public ones only, so that no endpoint leads into the operator's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns whether an address is public: reachable from the whole internet, and not an address of a machine's own network.
///
/// The registries of IANA for special purposes, IPv4 and IPv6, name the others. An address of the cloud's metadata is
/// link-local or unique-local, and so not public.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    let reserved = matches!(
        octets,
        // This network, and 240.0.0.0/4 for future use with the broadcast address.
        [0 | 240..=255, ..]
            // IETF protocols and documentation, the former relays of 6to4.
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            // Benchmarks, documentation.
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    );
    // 100.64.0.0/10, which the customers of a provider share.
    let shared = matches!(octets, [100, 64..=127, ..]);
    !(reserved
        || shared
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // IETF protocols with Teredo and ORCHID, documentation.
        [0x2001, second, ..] => second >= 0x0200 && second != 0x0db8,
        // 6to4, which leads to the IPv4 address within.
        [0x2002, high, low, ..] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Documentation.
        [0x3fff, second, ..] => second >= 0x1000,
        // Global unicast addresses are 2000::/3: no unspecified, loopback, mapped, translated, unique-local, link-local
        // or multicast address is among them.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(expected: bool, addresses: &[&str]) {
        for text in addresses {
            assert_eq!(is_public(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn public_addresses_are_allowed() {
        check(
            true,
            &["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1"],
        );
        check(
            true,
            &["169.253.1.1", "192.169.0.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "11.0.0.1"],
        );
        check(
            true,
            &[
                "2606:4700:4700::1111",
                "2001:4860:4860::8888",
                "2a00::1",
                "2002:0101:0101::1",
                "::ffff:1.1.1.1",
            ],
        );
    }

    #[test]
    fn own_private_and_special_addresses_are_refused() {
        check(
            false,
            &[
                "0.0.0.0",
                "0.1.2.3",
                "10.0.0.1",
                "127.0.0.1",
                "127.255.255.254",
                "172.16.0.1",
                "172.31.255.255",
            ],
        );
        check(
            false,
            &[
                "192.168.1.1",
                "169.254.169.254",
                "169.254.170.2",
                "100.64.0.1",
                "100.100.100.200",
                "100.127.255.255",
            ],
        );
        check(
            false,
            &["192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"],
        );
        check(false, &["224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"]);
        check(
            false,
            &["::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1"],
        );
        check(
            false,
            &["fd00:ec2::254", "fc00::1", "fe80::1", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "100::1"],
        );
        check(
            false,
            &["2001::1", "2001:db8::1", "2001:10::1", "2002:7f00:0001::1", "2002:a9fe:a9fe::1", "3fff::1"],
        );
    }
}
