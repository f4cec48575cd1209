//! Objects of the cluster, kept as YAML: of them kube-proxy's ConfigMap, whose kubeconfig every node's kube-proxy uses
//! (kubeadm, cmd/kubeadm/app/phases/addons/proxy/manifests.go).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::facts::Broken;
use crate::facts::certificate_files::Cache;
use crate::facts::kubeconfig;
use crate::facts::kubeconfig::Kubeconfig;
use crate::facts::yaml;
use crate::facts::yaml::Text;
use crate::place::Place;

/// The kubeconfigs of every kube-proxy ConfigMap in a file, lists of objects included.
pub(super) fn parse(
    bytes: &[u8],
    place: &Place,
    cache: &mut Cache,
) -> Result<Vec<Kubeconfig>, Box<Broken>> {
    if !bytes
        .windows(KUBE_PROXY.len())
        .any(|word| word == KUBE_PROXY.as_bytes())
    {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for object in yaml::all::<Option<Object>>(bytes, place)?
        .into_iter()
        .flatten()
    {
        let items = object.items.unwrap_or_default();
        for object in std::iter::once(ConfigMap {
            kind: object.kind,
            metadata: object.metadata,
            data: object.data,
        })
        .chain(items)
        {
            found.extend(object.kubeconfig(place, cache)?);
        }
    }
    Ok(found)
}

impl ConfigMap {
    fn kubeconfig(
        self,
        place: &Place,
        cache: &mut Cache,
    ) -> Result<Option<Kubeconfig>, Box<Broken>> {
        let name = self.metadata.and_then(|metadata| metadata.name);
        if self.kind.as_deref() != Some("ConfigMap") || name.as_deref() != Some(KUBE_PROXY) {
            return Ok(None);
        }
        let data = self
            .data
            .and_then(|mut data| data.remove("kubeconfig.conf"));
        let Some(text) = data.map(Text::from) else {
            return Ok(None);
        };
        // Lines before it, so that what is read inside is told with the lines of the file.
        let inner = format!(
            "{}{}",
            "\n".repeat(text.line.saturating_sub(1) as usize),
            text.value
        );
        kubeconfig::parse(inner.as_bytes(), place, None, cache)
    }
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    data: Option<BTreeMap<String, Spanned<String>>>,
    #[serde(default)]
    items: Option<Vec<ConfigMap>>,
}

#[derive(Deserialize)]
struct ConfigMap {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    data: Option<BTreeMap<String, Spanned<String>>>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    name: Option<String>,
}

const KUBE_PROXY: &str = "kube-proxy";

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = include_str!("../../../fixtures/seed/kubernetes/cluster/kube-proxy.yaml");

    fn lines(text: &str) -> Vec<u32> {
        let found = parse(
            text.as_bytes(),
            &Place::file("x.yaml"),
            &mut Cache::default(),
        )
        .unwrap();
        let server = |kubeconfig: Kubeconfig| kubeconfig.clusters[0].server.clone().unwrap().line;
        found.into_iter().map(server).collect()
    }

    #[test]
    fn the_kubeconfig_in_the_config_map_has_the_lines_of_the_file() {
        assert_eq!(lines(MAP), [15]);
        assert_eq!(lines(&format!("kind: Other\n---\n{MAP}---\n")), [17]);
        let indented = MAP
            .lines()
            .map(|line| format!("  {line}\n"))
            .collect::<String>();
        let list = format!("kind: List\nitems:\n-\n{indented}");
        assert_eq!(lines(&list), [18]);
        assert!(lines("kind: ConfigMap\nmetadata: {name: kube-proxy}\n").is_empty());
    }

    #[test]
    fn what_is_no_yaml_is_said() {
        let broken = parse(
            b"kube-proxy: [",
            &Place::file("x.yaml"),
            &mut Cache::default(),
        );
        assert!(broken.is_err());
    }
}
