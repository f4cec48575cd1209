use super::*;
use proptest::prelude::*;

const POD: &str = "# written by hand\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: sidecar\n    image: x\n    args: [\"--a\"]\n  \
                   - command:\n    - kube-apiserver\n    - --advertise-address=10.0.0.1   # ours\n    # tokens\n    \
                   - --service-account-key-file=/etc/kubernetes/pki/sa.pub\n    - '--tls-cert-file'\n    - /certs/a.crt\n    \
                   image: k # the image\nstatus: {}\n---\nkind: Other\nspec: [x\n";
const NEXT: &str = "--service-account-key-file=/etc/kubernetes/pki/sa-next.pub";
const PROGRAM: &str = "kube-apiserver";

fn added(text: &str) -> String {
    let with = add_flag(text, PROGRAM, NEXT).unwrap();
    assert_eq!(remove_flag(&with, PROGRAM, NEXT).unwrap(), text);
    assert_eq!(add_flag(&with, PROGRAM, NEXT).unwrap(), with);
    with
}

#[test]
fn a_flag_comes_behind_the_one_of_its_name_and_goes_again() {
    let line = format!("/etc/kubernetes/pki/sa.pub\n    - {NEXT}\n");
    assert_eq!(
        added(POD),
        POD.replace("/etc/kubernetes/pki/sa.pub\n", &line)
    );
}

#[test]
fn a_flag_of_a_new_name_comes_last() {
    let with = add_flag(POD, PROGRAM, "--v=4").unwrap();
    assert_eq!(with, POD.replace("a.crt\n", "a.crt\n    - --v=4\n"));
}

#[test]
fn two_words_are_removed_and_replaced_as_two() {
    let old = "--tls-cert-file=/certs/a.crt";
    let without = remove_flag(POD, PROGRAM, old).unwrap();
    assert_eq!(
        without,
        POD.replace("    - '--tls-cert-file'\n    - /certs/a.crt\n", "")
    );
    let other = replace_flag(POD, PROGRAM, old, "--tls-cert-file=/certs/b.crt").unwrap();
    assert_eq!(other, POD.replace("a.crt", "b.crt"));
    let apart = POD.replace("    - /certs", "    # the file\n    - /certs");
    let refused = remove_flag(&apart, PROGRAM, old).unwrap_err();
    assert!(
        matches!(refused, EditError::Unusual { line: 16, .. }),
        "{refused}"
    );
    let pub_file = "--service_account_key_file=/etc/kubernetes/pki/sa.pub";
    let other = replace_flag(POD, PROGRAM, pub_file, NEXT).unwrap();
    assert_eq!(other, POD.replace("pki/sa.pub", "pki/sa-next.pub"));
}

#[test]
fn brackets_quotes_and_separators_are_taken_over() {
    for (command, expected) in [
        (
            r#"["kube-apiserver", "--a=b"]"#,
            r#"["kube-apiserver", "--a=b", "NEXT"]"#,
        ),
        ("[kube-apiserver,--a=b,]", "[kube-apiserver,--a=b,NEXT,]"),
        (
            "['/usr/bin/kube-apiserver']",
            "['/usr/bin/kube-apiserver', 'NEXT']",
        ),
        (
            "[\n      \"kube-apiserver\",\n      \"--a=b\"\n    ]",
            "[\n      \"kube-apiserver\",\n      \"--a=b\",\n      \"NEXT\"\n    ]",
        ),
        (
            "[kube-apiserver]\n    args: [ \"--x\" , \"--y\" ]",
            "[kube-apiserver]\n    args: [ \"--x\" , \"--y\" , \"NEXT\" ]",
        ),
        (
            "[kube-apiserver]\n    args:\n      - \"--x\"",
            "[kube-apiserver]\n    args:\n      - \"--x\"\n      - \"NEXT\"",
        ),
        (
            "[kube-apiserver]\n    args: []",
            "[kube-apiserver, NEXT]\n    args: []",
        ),
    ] {
        for newline in ["\n", "\r\n"] {
            let text = format!("spec:\n  containers:\n  - command: {command}\n    name: k\n");
            let text = text.replace('\n', newline);
            let expected = format!("spec:\n  containers:\n  - command: {expected}\n    name: k\n");
            let expected = expected.replace("NEXT", NEXT).replace('\n', newline);
            assert_eq!(added(&text), expected);
        }
    }
    let json = r#"{"spec":{"containers":[{"command":["kube-apiserver","--a=b"],"name":"k"}]}}"#;
    assert_eq!(
        added(json),
        json.replace("b\"]", &format!("b\",\"{NEXT}\"]"))
    );
}

#[test]
fn a_last_line_without_its_end_keeps_so() {
    let text = "spec:\n  containers:\n  - command:\n    - kube-apiserver";
    assert_eq!(added(text), format!("{text}\n    - {NEXT}"));
    let dos = text.replace('\n', "\r\n");
    assert_eq!(added(&dos), format!("{dos}\r\n    - {NEXT}"));
}

#[test]
fn what_is_not_followed_is_refused_with_its_line() {
    let pod = |words: &str| format!("spec:\n  containers:\n  - {words}\n");
    for (text, says) in [
        (
            pod("command: &c [kube-apiserver]"),
            "line 3 has an anchor or an alias, so that one line counts in several places",
        ),
        (
            pod("{<<: *x, command: [kube-apiserver]}"),
            "line 3 is not valid YAML, or nothing is there",
        ),
        (
            pod("command: [sh, -c, exec /usr/bin/kube-apiserver --a=b]"),
            "line 3 starts kube-apiserver from a shell's script",
        ),
        (
            pod("command: [kube-scheduler]"),
            "no container runs kube-apiserver",
        ),
        (
            pod("command: [kube-apiserver]\n    command: [kube-apiserver]"),
            "line 4 gives `command` a second time",
        ),
        (
            pod("command:\n    - kube-apiserver\n    - |-\n      --a=b"),
            "line 6 is written in a way that is not followed: a word as a block (|)",
        ),
        (
            pod("command:\n    - kube-apiserver\n    - --a=b\n      c"),
            "line 5 is written in a way that is not followed: a word over several lines",
        ),
        (
            pod("command:\n    - !!str kube-apiserver"),
            "line 4 is written in a way that is not followed: more than one word of a list on a line",
        ),
        (
            String::new(),
            "line 1 is not valid YAML, or nothing is there",
        ),
        (
            "spec: [\n".to_owned(),
            "line 1 is not valid YAML, or nothing is there",
        ),
    ] {
        assert_eq!(
            add_flag(&text, PROGRAM, NEXT).unwrap_err().to_string(),
            says
        );
    }
    let absent = remove_flag(POD, PROGRAM, NEXT).unwrap_err();
    assert_eq!(absent.to_string(), format!("`{NEXT}` is not in it"));
}

#[test]
fn values_that_yaml_would_take_for_something_else_are_quoted() {
    for value in [
        "a: b",
        "x #y",
        "{a}",
        "a,b",
        "\"q\"",
        "it's",
        "tab\there",
        "ü",
        "a:",
        "",
    ] {
        let flag = format!("--f={value}");
        for text in [
            POD.to_owned(),
            POD.replace("- /certs/a.crt", "- '/certs/a.crt'"),
        ] {
            let with = add_flag(&text, PROGRAM, &flag).unwrap();
            assert_eq!(remove_flag(&with, PROGRAM, &flag).unwrap(), text, "{value}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_added_is_read_and_what_is_removed_was_all(
        flags in prop::collection::vec(("--[a-z]{1,6}=[ -~]{0,12}", 0..4_u8, any::<bool>()), 0..8),
        flow in any::<bool>(),
        dos in any::<bool>(),
        end in any::<bool>(),
        value in "[ -~é]{0,12}",
    ) {
        let quoted = |word: &str, style: u8| match style {
            0 => serde_json::Value::from(word).to_string(),
            1 => format!("'{}'", word.replace('\'', "''")),
            _ if splice::scalar(word, granit_parser::ScalarStyle::Plain).1
                == granit_parser::ScalarStyle::Plain => word.to_owned(),
            _ => serde_json::Value::from(word).to_string(),
        };
        let words = flags.iter().map(|(word, style, comment)| {
            let note = if *comment { " # why" } else { "" };
            (quoted(word, *style), note)
        });
        let list: String = if flow {
            let words: Vec<String> = words.map(|(word, _)| format!(", {word}")).collect();
            format!(" [kube-apiserver{}]", words.concat())
        } else {
            let words: Vec<String> = words.map(|(word, note)| format!("\n    - {word}{note}")).collect();
            format!("\n    - kube-apiserver{}", words.concat())
        };
        let mut text = format!("# a\nspec:\n  containers:\n  - command:{list}");
        if end {
            text += "\n    name: k\nstatus: {}\n";
        }
        if dos {
            text = text.replace('\n', "\r\n");
        }
        let flag = format!("--zzzzzzz={value}");
        let with = add_flag(&text, PROGRAM, &flag).unwrap();
        let root = first_document(&with).unwrap().root;
        let found = Command::of(&root, PROGRAM).unwrap();
        prop_assert_eq!(found.rest.last().and_then(|(_, word)| word.scalar()).unwrap().0, &flag);
        prop_assert_eq!(found.rest.len(), flags.len() + 1);
        prop_assert_eq!(remove_flag(&with, PROGRAM, &flag).unwrap(), text.clone());
        let other = replace_flag(&with, PROGRAM, &flag, "--zzzzzzz=/x").unwrap();
        prop_assert_eq!(replace_flag(&other, PROGRAM, "--zzzzzzz=/x", &flag).unwrap(), with.clone());
    }

    #[test]
    fn a_damaged_manifest_is_refused_or_keeps_every_other_byte(
        flow in any::<bool>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, 0..TOKENS.len()), 1..4),
    ) {
        let mut text = if flow { FLOW.to_owned() } else { POD.to_owned() };
        for (at, removed, token) in damage {
            let starts: Vec<usize> = text.char_indices().map(|(start, _)| start).collect();
            let from = at.index(starts.len());
            let to = starts.get(from + removed).copied().unwrap_or(text.len());
            text.replace_range(starts[from]..to, TOKENS[token]);
        }
        let flag = "--service-account-key-file=/x: y";
        if let Ok(with) = add_flag(&text, PROGRAM, flag)
            && with != text
        {
            prop_assert_eq!(remove_flag(&with, PROGRAM, flag), Ok(text.clone()));
        }
        let (old, new) = ("--tls-cert-file=/certs/a.crt", "--tls-cert-file=/certs/other.crt");
        if let Ok(other) = replace_flag(&text, PROGRAM, old, new) {
            prop_assert_eq!(other.len(), text.len() + new.len() - old.len());
        }
        if let Ok(without) = remove_flag(&text, PROGRAM, old) {
            prop_assert!(without.len() < text.len());
        }
    }
}

const FLOW: &str = "\u{feff}{\"spec\": {\"containers\": [{\"args\": [\"--a\",\n \"kube-apiserver\" , '--b',\r\n  \"--tls-cert-file=/certs/a.crt\"], \"name\": \"é\"}]}}\n...\nrest: [";
/// What a text is damaged with.
const TOKENS: &[&str] = &[
    "",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "- ",
    ": ",
    "#",
    " # x",
    "'",
    "\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "|",
    ">",
    "!!str ",
    "---\n",
    "...",
    "é",
    "\u{feff}",
    "\u{2028}",
    "spec:",
    "args:",
    "kube-apiserver",
    "--a=b",
    "\\",
];
