use proptest::prelude::*;

use super::*;

fn of(permitted: Vec<Subtree>, excluded: Vec<Subtree>) -> NameConstraints {
    NameConstraints {
        permitted,
        excluded,
    }
}

fn says(constraints: &NameConstraints, names: &[GeneralName]) -> Option<String> {
    let names = match Names::of(names) {
        Ok(names) => names,
        Err(says) => return Some(says),
    };
    ChainConstraints::new(constraints).check(&names).err()
}

fn dns(name: &str) -> GeneralName {
    GeneralName::Dns(name.to_owned())
}

fn ip(address: &str) -> GeneralName {
    GeneralName::Ip(address.parse().unwrap())
}

fn email(address: &str) -> GeneralName {
    GeneralName::Email(address.to_owned())
}

fn uri(uri: &str) -> GeneralName {
    GeneralName::Uri(uri.to_owned())
}

fn network(address: &str, mask: &str) -> Subtree {
    Subtree::Ip(address.parse().unwrap(), mask.parse().unwrap())
}

#[test]
fn each_kind_of_name_is_told_as_go_tells_it() {
    let constraints = of(
        vec![
            Subtree::Dns("cluster.local".to_owned()),
            network("10.96.0.0", "255.240.0.0"),
            Subtree::Email("wudang.example".to_owned()),
            Subtree::Uri(".example.com".to_owned()),
        ],
        vec![
            Subtree::Dns("kube-system.svc.cluster.local".to_owned()),
            Subtree::Email("root@wudang.example".to_owned()),
        ],
    );
    for (name, expected) in [
        (dns("a.default.svc.Cluster.Local"), None),
        (
            dns("wudang"),
            Some(r#"DNS name "wudang" is not permitted by any constraint"#),
        ),
        (
            dns("*.svc.cluster.local"),
            Some(
                r#"DNS name "*.svc.cluster.local" is excluded by constraint "kube-system.svc.cluster.local""#,
            ),
        ),
        (
            dns("a..cluster.local"),
            Some(r#"x509: cannot parse dnsName "a..cluster.local""#),
        ),
        (ip("10.96.0.1"), None),
        (
            ip("10.24.138.208"),
            Some(r#"IP address "10.24.138.208" is not permitted by any constraint"#),
        ),
        (
            ip("::1"),
            Some(r#"IP address "::1" is not permitted by any constraint"#),
        ),
        (email("shifu@Wudang.Example"), None),
        (
            email("root@WUDANG.example"),
            Some(
                r#"email address "root@wudang.example" is excluded by constraint "root@wudang.example""#,
            ),
        ),
        (email("root"), Some(r#"cannot parse rfc822Name "root""#)),
        (uri("spiffe://a.example.com/x"), None),
        (
            uri("HTTPS://example.com/x"),
            Some(r#"URI "https://example.com/x" is not permitted by any constraint"#),
        ),
        (
            uri("https://10.96.0.1:6443/"),
            Some(
                r#"URI with IP ("https://10.96.0.1:6443/") cannot be matched against constraints"#,
            ),
        ),
        (
            uri("urn:x"),
            Some(r#"URI with empty host ("urn:x") cannot be matched against constraints"#),
        ),
    ] {
        assert_eq!(
            says(&constraints, std::slice::from_ref(&name)).as_deref(),
            expected,
            "{name}"
        );
    }
}

/// Names built of few labels, so that one often is below another.
fn domain() -> impl Strategy<Value = String> {
    let label = prop::sample::select(vec!["a", "b", "A", "a-b", "ab", "com", "*"]);
    (any::<bool>(), prop::collection::vec(label, 1..4)).prop_map(|(dot, labels)| {
        let dot = if dot { "." } else { "" };
        format!("{dot}{}", labels.join("."))
    })
}

proptest! {
    /// Sorting, pruning and searching find what trying every subtree finds.
    #[test]
    fn a_permitted_domain_is_below_one_of_the_subtrees(
        subtrees in prop::collection::vec(domain(), 1..20),
        name in domain(),
    ) {
        let below = |subtree: &String| {
            let (subtree, name) = (subtree.to_lowercase(), name.to_lowercase());
            let parent = if subtree.starts_with('.') { subtree.clone() } else { format!(".{subtree}") };
            name == subtree || name.ends_with(&parent)
        };
        let list = subtrees.iter().map(String::as_str).collect();
        let found = DomainConstraints::new(list, true).query(&name);
        prop_assert_eq!(found.is_some(), subtrees.iter().any(below));
        prop_assert!(found.is_none_or(|found| subtrees.contains(&found) && below(&found)));
    }

    #[test]
    fn a_permitted_address_is_in_one_of_the_networks(
        networks in prop::collection::vec((0_u32..64, 26_u32..=32), 1..20),
        address in 0_u32..64,
    ) {
        let mask = |bits: u32| u32::MAX << (32 - bits);
        let contains = |(base, bits): &(u32, u32)| address & mask(*bits) == base & mask(*bits);
        let v4 = |bits: u32| IpAddr::from(bits.to_be_bytes());
        let list = networks.iter().map(|(base, bits)| (v4(base & mask(*bits)), v4(mask(*bits))));
        let found = AddressConstraints::new(list.collect()).query(v4(address));
        prop_assert_eq!(found.is_some(), networks.iter().any(contains));
    }

    /// What is read as a mailbox is read as the same mailbox once its parts are put together, quoted where they must be.
    #[test]
    fn a_mailbox_survives_quoting(local in "[a-z .\"\\\\@]{1,6}") {
        let quoted: String = local.chars().flat_map(|c| {
            let escape = matches!(c, '"' | '\\').then_some('\\');
            escape.into_iter().chain([c])
        }).collect();
        let mailbox = Mailbox::parse(&format!("\"{quoted}\"@wudang"));
        prop_assert_eq!(mailbox.map(|mailbox| mailbox.to_string()), Some(format!("{local}@wudang")));
    }
}
