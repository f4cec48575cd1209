//! CAs whose subjects few libraries carry over byte for byte: hapki issues under each, OpenSSL and Go verify the leaf.

use crate::ca;
use crate::ca::Recipe;
use crate::peers;

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn leaves_under_unusual_cas_verify() {
    let work = peers::scratch("unusual-ca-names");
    for recipe in &RECIPES {
        let pki = ca::make(&work, recipe);
        let mut issue = peers::hapki([
            "issue",
            "apiserver",
            "--node",
            "wudang",
            "--ip",
            ADDRESS,
            "--key",
            "ecdsa-p256",
            "--pki-dir",
        ]);
        peers::must(issue.arg(&pki).current_dir(&pki));
        let [leaf, roots] = [pki.join("apiserver-wudang.crt"), pki.join("ca.crt")];
        let [leaf_fields, ca_fields] = [&leaf, &roots].map(|file| peers::describe(file));
        assert_eq!(
            leaf_fields["issuer_der"], ca_fields["subject_der"],
            "{}",
            recipe.name
        );
        assert_eq!(
            leaf_fields["authority_key_id"], ca_fields["subject_key_id"],
            "{}",
            recipe.name
        );
        for host in ["wudang", ADDRESS] {
            if recipe.subject_key_id != "none" {
                peers::openssl_verify(&roots, &leaf, Some(host), "sslserver");
            }
            let mut lenient =
                peers::peer("openssl", ["verify", "-purpose", "sslserver", "-CAfile"]);
            peers::must(lenient.arg(&roots).arg(&leaf));
            let [leaf, roots] = [&leaf, &roots].map(|path| path.to_str().unwrap());
            let verdict =
                peers::gocheck(&["verify", "--roots", roots, "--chain", leaf, "--host", host]);
            assert_eq!(verdict, Ok(()), "{} for {host}", recipe.name);
        }
        println!("{:24} {}", recipe.name, ca_fields["subject"]);
    }
}

const ADDRESS: &str = "10.24.138.208";

const PLAIN: Recipe = Recipe {
    name: "plain",
    subject: &["CN = kubernetes"],
    string_mask: "utf8only",
    subject_key_id: "hash",
    latin1: false,
};

const RECIPES: [Recipe; 10] = [
    PLAIN,
    Recipe {
        name: "two-ou",
        subject: &[
            "O = wulin",
            "1.OU = sword",
            "2.OU = staff",
            "CN = kubernetes",
        ],
        ..PLAIN
    },
    Recipe {
        name: "domain-components",
        subject: &["1.DC = local", "2.DC = wudang", "CN = kubernetes"],
        ..PLAIN
    },
    Recipe {
        name: "multi-valued",
        subject: &["O = wulin", "+OU = staff", "CN = kubernetes"],
        ..PLAIN
    },
    Recipe {
        name: "t61",
        subject: &["O = Wudang \u{e9}", "CN = kubernetes"],
        string_mask: "nombstr",
        latin1: true,
        ..PLAIN
    },
    Recipe {
        name: "bmp",
        subject: &["O = \u{6b66}\u{5f53}", "CN = kubernetes"],
        string_mask: "MASK:0x800",
        ..PLAIN
    },
    Recipe {
        name: "utf8",
        subject: &["O = \u{6b66}\u{5f53}", "CN = kubernetes"],
        ..PLAIN
    },
    Recipe {
        name: "email",
        subject: &["CN = kubernetes", "emailAddress = root@wudang.local"],
        ..PLAIN
    },
    Recipe {
        name: "no-key-id",
        subject_key_id: "none",
        ..PLAIN
    },
    Recipe {
        name: "no-common-name",
        subject: &["O = wulin"],
        ..PLAIN
    },
];
