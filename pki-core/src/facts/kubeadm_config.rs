//! kubeadm's own documents, where someone keeps them beside what kubeadm made of them.

use crate::facts::Broken;
use crate::facts::BrokenKind;
use crate::inventory;
use crate::inventory::Inventory;
use crate::place::Place;

/// Reads a stream of documents: `None` where none of them is kubeadm's.
pub(super) fn parse(bytes: &[u8], place: &Place) -> Result<Option<Inventory>, Box<Broken>> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(None);
    };
    let kubeadms = |line: &str| line.trim_end().starts_with("apiVersion: kubeadm.k8s.io/");
    if !text.lines().any(kubeadms) {
        return Ok(None);
    }
    inventory::parse(text, place).map(Some).map_err(|error| {
        Box::new(Broken {
            place: *error.place,
            kind: BrokenKind::Malformed,
            told_at: None,
            problem: format!("is no kubeadm configuration: {}", error.problem),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_kubeadms() {
        let place = Place::file("kubeadm-config.yaml");
        let text = b"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\ncontrolPlaneEndpoint: lb.wulin.internal:8443\n";
        let inventory = parse(text, &place).unwrap().unwrap();
        assert!(inventory.kubernetes.control_plane_endpoint.is_some());
        let policy = b"apiVersion: audit.k8s.io/v1\nkind: Policy\n";
        assert_eq!(parse(policy, &place).unwrap(), None);
        let wrong =
            b"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: 5\n";
        assert_eq!(parse(wrong, &place).unwrap_err().place.line, Some(3));
    }
}
