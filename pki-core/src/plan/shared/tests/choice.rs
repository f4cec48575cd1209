//! Which key is chosen.

use super::*;

fn chosen(group: &Group, request: &SharedRequest) -> Result<Option<String>, SharedError> {
    let plan = next(group, None, Operation::Unify, request, at(0))?;
    Ok(plan.chosen.instance)
}

#[test]
fn the_key_that_most_hold_is_chosen() {
    let group = registries(&[key(1), key(2), key(2)]);
    assert_eq!(
        chosen(&group, &SharedRequest::default()),
        Ok(Some("b".to_owned()))
    );
}

#[test]
fn a_tie_is_said_and_asks_for_a_name() {
    let group = registries(&[key(1), key(2)]);
    let error = chosen(&group, &SharedRequest::default()).unwrap_err();
    assert!(
        matches!(&error, SharedError::Tie(held) if held.len() == 2),
        "{error}"
    );
    assert!(error.hint().contains("--from"));
    let named = asks(|request| request.from = Some("a".to_owned()));
    assert_eq!(chosen(&group, &named), Ok(Some("a".to_owned())));
    let wrong = asks(|request| request.from = Some("c".to_owned()));
    let error = chosen(&group, &wrong).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--from c: there is no such instance with a key; there are a, b"
    );
}

#[test]
fn keys_that_cannot_be_shared_are_not_chosen() {
    let mut group = registries(&[key(1), rsa(1024, 2), key(1), rsa(2048, 4)]);
    group.kind = GroupKind::Harbor1;
    group.members[2].signers[0].key = Err("is encrypted (PKCS#8 PBES2)".to_owned());
    assert_eq!(
        chosen(&group, &SharedRequest::default()),
        Ok(Some("d".to_owned()))
    );
    for (name, why) in [
        ("a", "Harbor signs with RSA alone"),
        ("b", "key is weak: RSA of 1024 bits"),
        ("c", "is encrypted"),
    ] {
        let request = asks(|request| request.from = Some(name.to_owned()));
        let error = chosen(&group, &request).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    group.members.pop();
    let error = chosen(&group, &SharedRequest::default()).unwrap_err();
    assert!(matches!(error, SharedError::NoneUsable(_)), "{error}");
}

#[test]
fn nothing_to_choose_from_and_nothing_to_tell() {
    let mut group = registries(&[key(1)]);
    group.members[0].verifiers.clear();
    assert_eq!(
        chosen(&group, &SharedRequest::default()),
        Err(SharedError::NoVerifier)
    );
    group.members[0].signers.clear();
    assert_eq!(
        chosen(&group, &SharedRequest::default()),
        Err(SharedError::NoSigner)
    );
}

#[test]
fn a_restart_that_nothing_asks_for_is_refused() {
    let group = registries(&[key(1)]);
    let request = asks(|request| request.restarted = vec!["registry@z".to_owned()]);
    let error = chosen(&group, &request).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--restarted registry@z: nothing of that name has to be restarted; there are registry@a, token-server@a"
    );
}
