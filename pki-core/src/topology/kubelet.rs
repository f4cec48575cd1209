//! What a node's kubelet was told, by its flags and its configuration file. A flag wins over the file
//! (cmd/kubelet/app/server.go, `loadConfigFile` and what follows it).

use std::net::IpAddr;
use std::path::Path;

use crate::facts::process;
use crate::facts::yaml::Text;
use crate::place::Place;
use crate::topology::node::Claim;
use crate::topology::view::Told;
use crate::topology::view::View;

/// What matters of it to certificates.
#[derive(Clone, Debug)]
pub(super) struct Kubelet {
    /// Whom it trusts for client certificates.
    pub(super) client_ca: Option<Told>,
    /// Its serving certificate, where it is told one.
    pub(super) certificate: Option<Told>,
    /// That one's key.
    pub(super) key: Option<Told>,
    /// Whether it requests its serving certificate from the cluster.
    pub(super) bootstraps: bool,
    /// The port that it listens on.
    pub(super) port: u16,
}

impl View<'_> {
    pub(super) fn kubelet(&self) -> Kubelet {
        let config = self.facts.kubelet.as_ref();
        let process = self.facts.process(process::KUBELET);
        let told = |flag: &str, text: Option<&Text>| {
            let by_flag = process.and_then(|process| {
                let flag = process.flag(flag).filter(|flag| !flag.value.is_empty())?;
                Some(Told {
                    file: self.path(&process.on_node(&flag.value)),
                    told_at: self.at(&process.place_of(flag)),
                })
            });
            by_flag.or_else(|| {
                let (text, config) = (text?, config?);
                Some(Told {
                    file: self.path(Path::new(&text.value)),
                    told_at: self.at(&config.place.at_line(text.line)),
                })
            })
        };
        let flag = |name: &str| process.and_then(|process| process.value(name));
        let bootstraps = process
            .and_then(|process| process.is_set("rotate-server-certificates"))
            .or_else(|| config.map(|config| config.server_bootstrap));
        Kubelet {
            client_ca: told("client-ca-file", config.and_then(|c| c.client_ca.as_ref())),
            certificate: told("tls-cert-file", config.and_then(|c| c.certificate.as_ref())),
            key: told("tls-private-key-file", config.and_then(|c| c.key.as_ref())),
            bootstraps: bootstraps.unwrap_or(false),
            port: flag("port")
                .and_then(|port| port.parse().ok())
                .or_else(|| config.and_then(|config| config.port))
                .unwrap_or(PORT),
        }
    }

    /// Whether the kubelet renews its client certificate, and what says so: the flag, the file's line or the file.
    pub(super) fn kubelet_rotates(&self) -> Option<Claim<bool>> {
        let process = self.facts.process(process::KUBELET);
        let by_flag = process.and_then(|process| {
            let flag = process.flag("rotate-certificates")?;
            Some(Claim {
                value: process.is_set(&flag.name)?,
                place: self.at(&process.place_of(flag)),
            })
        });
        by_flag.or_else(|| {
            let config = self.facts.kubelet.as_ref()?;
            Some(Claim {
                value: config.rotates,
                place: Place {
                    line: config.rotates_line,
                    ..self.at(&config.place)
                },
            })
        })
    }

    /// The addresses of `--node-ip`.
    pub(super) fn node_ips(&self) -> Vec<Claim<IpAddr>> {
        let Some(process) = self.facts.process(process::KUBELET) else {
            return Vec::new();
        };
        process
            .values("node-ip", true)
            .filter_map(|(text, flag)| {
                let address: IpAddr = text.parse().ok()?;
                (!address.is_unspecified()).then(|| Claim {
                    value: address.to_canonical(),
                    place: self.at(&process.place_of(flag)),
                })
            })
            .collect()
    }
}

/// KubeletConfiguration's `port`, which kubeadm leaves alone.
const PORT: u16 = 10250;
