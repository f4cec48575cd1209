//! What is read of a Pod: its containers, what they run and what of the node they see. A field that is null is one that is
//! not there.

use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Deserialize)]
pub(super) struct Pod {
    #[serde(default)]
    pub(super) spec: Option<Spec>,
}

#[derive(Default, Deserialize)]
pub(super) struct Spec {
    #[serde(default)]
    pub(super) containers: Option<Vec<Container>>,
    #[serde(default)]
    pub(super) volumes: Option<Vec<Volume>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container {
    #[serde(default)]
    pub(super) command: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) args: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) env: Option<Vec<Variable>>,
    #[serde(default)]
    pub(super) image: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) volume_mounts: Option<Vec<VolumeMount>>,
}

#[derive(Deserialize)]
pub(super) struct Variable {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) value: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VolumeMount {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) mount_path: Option<String>,
    #[serde(default)]
    pub(super) sub_path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Volume {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) host_path: Option<HostPath>,
}

#[derive(Deserialize)]
pub(super) struct HostPath {
    #[serde(default)]
    pub(super) path: Option<String>,
}
