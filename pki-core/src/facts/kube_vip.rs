//! kube-vip's static pod: the address that it gives to the control plane.
//!
//! Source of the variables: kube-vip, pkg/kubevip/config_envvar.go and config_environment.go.

use std::net::IpAddr;

use crate::facts::Broken;
use crate::facts::Note;
use crate::facts::pod::Container;
use crate::facts::pod::Pod;
use crate::facts::pod::Variable;
use crate::facts::virtual_address::Balances;
use crate::facts::virtual_address::VirtualAddress;
use crate::facts::yaml;
use crate::facts::yaml::Text;
use crate::inventory::DEFAULT_BIND_PORT;
use crate::place::Place;

/// What a manifest says of kube-vip.
#[derive(Debug, Default)]
pub(super) struct KubeVip {
    pub(super) addresses: Vec<VirtualAddress>,
    pub(super) not_followed: Vec<Note>,
}

/// Whether a manifest may be kube-vip's.
pub(super) fn is_likely(bytes: &[u8]) -> bool {
    bytes.windows(8).any(|bytes| bytes == b"kube-vip")
}

/// Reads a manifest; nothing where none of its containers is kube-vip, or none that serves the control plane.
///
/// # Errors
/// Where it is no YAML.
pub(super) fn parse(bytes: &[u8], place: &Place) -> Result<KubeVip, Box<Broken>> {
    let pod: Pod = yaml::first(bytes, place)?;
    let containers = pod.spec.and_then(|spec| spec.containers);
    let mut found = KubeVip::default();
    for container in containers.unwrap_or_default() {
        let mut image = container.image.iter();
        if image.any(|image| image.value.contains("kube-vip")) {
            found.container(container, place);
        }
    }
    Ok(found)
}

impl KubeVip {
    fn container(&mut self, container: Container, place: &Place) {
        let words = || container.args.iter().chain(&container.command).flatten();
        // Before 0.3 it was `start`, for the control plane alone.
        let is_old = words().any(|word| word.value == "start");
        let variables = Variables(container.env.unwrap_or_default());
        if !is_old && !variables.is_set("cp_enable") {
            return;
        }
        // The one supersedes the other, which is deprecated.
        let told = variables
            .of("address")
            .or_else(|| variables.of("vip_address"));
        let Some(variable) = told else {
            let text = "kube-vip serves the control plane, and its address is not told by a variable here: who dials it is not judged";
            return self.note(place.clone(), text.to_owned());
        };
        let Some(text) = variable.value.clone().map(Text::from) else {
            let text = "kube-vip's address is not told here: who dials it is not judged";
            return self.note(place.clone(), text.to_owned());
        };
        let line = place.at_line(text.line);
        let port = |name: &str| {
            let told = variables.of(name).and_then(|port| port.value.as_ref());
            told.and_then(|port| port.value.parse().ok())
                .unwrap_or(DEFAULT_BIND_PORT)
        };
        let balances = variables.is_set("lb_enable").then(|| Balances {
            listen: port("lb_port"),
            port: port("port"),
        });
        // Of both families there may be one each.
        for address in text.value.split(',').map(str::trim) {
            let Ok(address) = address.parse::<IpAddr>() else {
                let text = format!(
                    "kube-vip's address is {address}, a name that it looks up by itself: who dials it is not judged"
                );
                self.note(line.clone(), text);
                continue;
            };
            self.addresses.push(VirtualAddress {
                program: "kube-vip",
                address: address.to_canonical(),
                place: line.clone(),
                balances,
            });
        }
    }

    fn note(&mut self, place: Place, text: String) {
        self.not_followed.push(Note { place, text });
    }
}

struct Variables(Vec<Variable>);

impl Variables {
    /// Of several, the last counts.
    fn of(&self, name: &str) -> Option<&Variable> {
        let mut variables = self.0.iter().rev();
        variables.find(|variable| {
            let is_empty = variable
                .value
                .as_ref()
                .is_some_and(|text| text.value.is_empty());
            variable.name.as_deref() == Some(name) && !is_empty
        })
    }

    fn is_set(&self, name: &str) -> bool {
        let value = self.of(name).and_then(|variable| variable.value.as_ref());
        value.is_some_and(|value| {
            ["1", "t", "T", "TRUE", "true", "True"].contains(&value.value.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(env: &str) -> KubeVip {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - args: [manager]\n    image: ghcr.io/kube-vip/kube-vip:v0.8.9\n    env:\n{env}  hostNetwork: true\n"
        );
        assert!(is_likely(text.as_bytes()));
        parse(text.as_bytes(), &Place::file("kube-vip.yaml")).unwrap()
    }

    fn env(variables: &[(&str, &str)]) -> String {
        let one = |(name, value): &(&str, &str)| {
            format!("    - name: {name}\n      value: \"{value}\"\n")
        };
        variables.iter().map(one).collect()
    }

    #[test]
    fn the_address_of_the_control_plane() {
        let found = read(&env(&[
            ("vip_arp", "true"),
            ("port", "6443"),
            ("cp_enable", "true"),
            ("address", "10.27.52.100"),
        ]));
        let [one] = found.addresses.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(one.address.to_string(), "10.27.52.100");
        assert_eq!(one.place.line, Some(15));
        assert_eq!(one.balances, None);
        let balancing = read(&env(&[
            ("cp_enable", "true"),
            ("vip_address", "10.27.52.100"),
            ("lb_enable", "true"),
            ("lb_port", "8443"),
        ]));
        let ports = Balances {
            listen: 8443,
            port: 6443,
        };
        assert_eq!(balancing.addresses[0].balances, Some(ports));
        let both = read(&env(&[
            ("cp_enable", "true"),
            ("address", "10.27.52.100,fd00::100"),
        ]));
        assert_eq!(both.addresses.len(), 2);
    }

    #[test]
    fn services_alone_have_no_address_of_the_control_plane() {
        let found = read(&env(&[("svc_enable", "true"), ("address", "10.27.52.100")]));
        assert!(found.addresses.is_empty() && found.not_followed.is_empty());
    }

    #[test]
    fn an_address_that_is_not_told_is_said() {
        for env in [
            env(&[("cp_enable", "true")]),
            env(&[("cp_enable", "true"), ("address", "api.wulin.internal")]),
            format!(
                "{}    - name: address\n      valueFrom: {{configMapKeyRef: {{name: a, key: b}}}}\n",
                env(&[("cp_enable", "true")])
            ),
        ] {
            let found = read(&env);
            assert!(found.addresses.is_empty());
            assert_eq!(found.not_followed.len(), 1, "{env}");
        }
    }
}
