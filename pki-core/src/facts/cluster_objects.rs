//! Objects of the cluster, kept as YAML: of them kube-proxy's ConfigMap, whose kubeconfig every node's kube-proxy uses
//! (kubeadm, cmd/kubeadm/app/phases/addons/proxy/manifests.go), and kubeadm-config, which holds the ClusterConfiguration
//! (cmd/kubeadm/app/phases/uploadconfig/uploadconfig.go).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::facts::Broken;
use crate::facts::certificate_files::Cache;
use crate::facts::kubeadm_config;
use crate::facts::kubeconfig;
use crate::facts::kubeconfig::Kubeconfig;
use crate::facts::yaml;
use crate::facts::yaml::Text;
use crate::inventory::Inventory;
use crate::place::Place;

/// What the objects of one file say.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// The kubeconfigs of every kube-proxy ConfigMap.
    pub(super) kube_proxies: Vec<Kubeconfig>,
    /// The ClusterConfigurations of every kubeadm-config ConfigMap.
    pub(super) kubeadm: Vec<Inventory>,
}

/// Reads every object of a file, lists of objects included.
pub(super) fn parse(
    bytes: &[u8],
    place: &Place,
    cache: &mut Cache,
) -> Result<Objects, Box<Broken>> {
    let mut found = Objects::default();
    let mentions = |name: &str| {
        let mut words = bytes.windows(name.len());
        words.any(|word| word == name.as_bytes())
    };
    if !mentions(KUBE_PROXY) && !mentions(KUBEADM_CONFIG) {
        return Ok(found);
    }
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
            object.add_to(&mut found, place, cache)?;
        }
    }
    Ok(found)
}

impl Objects {
    /// Whether any object was one that is read here.
    pub(super) fn is_empty(&self) -> bool {
        self.kube_proxies.is_empty() && self.kubeadm.is_empty()
    }
}

impl ConfigMap {
    fn add_to(
        self,
        found: &mut Objects,
        place: &Place,
        cache: &mut Cache,
    ) -> Result<(), Box<Broken>> {
        let name = self.metadata.and_then(|metadata| metadata.name);
        if self.kind.as_deref() != Some("ConfigMap") {
            return Ok(());
        }
        let mut data = self.data.unwrap_or_default();
        match name.as_deref() {
            Some(KUBE_PROXY) => {
                if let Some(text) = data.remove("kubeconfig.conf").map(lined) {
                    found.kube_proxies.extend(kubeconfig::parse(
                        text.as_bytes(),
                        place,
                        None,
                        cache,
                    )?);
                }
            }
            Some(KUBEADM_CONFIG) => {
                if let Some(text) = data.remove("ClusterConfiguration").map(lined) {
                    found
                        .kubeadm
                        .extend(kubeadm_config::parse(text.as_bytes(), place)?);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The text after as many empty lines as stand before it, so that what is read inside is told with the lines of the file.
fn lined(text: Spanned<String>) -> String {
    let text = Text::from(text);
    let before = text.line.saturating_sub(1) as usize;
    format!("{}{}", "\n".repeat(before), text.value)
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
const KUBEADM_CONFIG: &str = "kubeadm-config";

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
        found.kube_proxies.into_iter().map(server).collect()
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
    fn the_configuration_in_the_config_map_has_the_lines_of_the_file() {
        let text = "kind: ConfigMap\nmetadata: {name: kubeadm-config}\ndata:\n  ClusterConfiguration: |\n    apiVersion: kubeadm.k8s.io/v1beta4\n    kind: ClusterConfiguration\n    networking:\n      serviceSubnet: 172.30.0.0/16\n";
        let place = Place::file("x.yaml");
        let found = parse(text.as_bytes(), &place, &mut Cache::default()).unwrap();
        let told = &found.kubeadm[0].kubernetes;
        assert_eq!(told.service_subnets[0].to_string(), "172.30.0.0/16");
        assert_eq!(told.told_at.service_subnets, Some(place.at_line(8)));
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
