//! What each node holds: certificates with their roles, keys, pairs, roots of trust.

use std::path::Path;
use std::path::PathBuf;

use crate::facts::balancer::Termination;
use crate::facts::certificate_files::PemFile;
use crate::facts::kubeconfig;
use crate::facts::process::Process;
use crate::facts::registry_client::Runtime;
use crate::facts::registry_site::RegistrySite;
use crate::place::Place;
use crate::place::is_same_path;
use crate::profile::Authority;
use crate::profile::Profile;
use crate::topology::Topology;
use crate::topology::holding::Anchor;
use crate::topology::holding::Embedded;
use crate::topology::holding::Holding;
use crate::topology::holding::KeyHolding;
use crate::topology::holding::Pair;
use crate::topology::holding::Role;
use crate::topology::layout;
use crate::topology::layout::ROLE_FLAGS;
use crate::topology::layout::RoleFlag;
use crate::topology::view::View;

/// Adds everything that the files of one node hold.
pub(super) fn collect(view: &View<'_>, topology: &mut Topology) {
    let named = named_roles(view);
    let first_pair = topology.pairs.len();
    for (path, file) in &view.facts.files {
        let (role, used) = role(view, path, &named);
        add(view, file, role, used, topology);
    }
    flag_pairs(view, topology);
    named_pairs(view, topology);
    balancer_pairs(view, topology);
    registry_pairs(view, topology);
    layout_pairs(view, &named, first_pair, topology);
    kubelet(view, topology);
    for kubeconfig in &view.facts.kubeconfigs {
        of_kubeconfig(view, kubeconfig, topology);
    }
    topology
        .broken
        .extend(view.facts.broken.iter().map(|broken| crate::facts::Broken {
            place: view.at(&broken.place),
            told_at: broken.told_at.as_ref().map(|place| view.at(place)),
            ..broken.clone()
        }));
    topology
        .notes
        .extend(view.facts.notes.iter().map(|note| crate::facts::Note {
            place: view.at(&note.place),
            ..note.clone()
        }));
}

/// A file that some flag or kubeconfig names, and the role that makes of it.
struct Named {
    path: PathBuf,
    role: Option<Role>,
}

fn named_roles(view: &View<'_>) -> Vec<Named> {
    let mut named = Vec::new();
    for (row, process) in role_flags(view) {
        if let Some(path) = process.value(row.certificate) {
            named.push(Named {
                path: process.on_node(path),
                role: row.role,
            });
        }
    }
    for process in &view.facts.processes {
        named.extend(process.named_certificates().map(|one| Named {
            path: process.on_node(one.certificate),
            role: None,
        }));
    }
    for balancer in &view.facts.balancers {
        named.extend(balancer.pairs().map(|pair| Named {
            path: pair.certificate.path.clone(),
            role: Some(Role::Balancer),
        }));
        named.extend(balancer.files().map(|file| Named {
            path: file.path.clone(),
            role: None,
        }));
    }
    named.extend(named_for_registries(view));
    for kubeconfig in &view.facts.kubeconfigs {
        for user in &kubeconfig.users {
            if let Some(kubeconfig::Material::File { path, .. }) = &user.certificate {
                named.push(Named {
                    path: path.clone(),
                    role: profile_of(kubeconfig).map(Role::Profile),
                });
            }
        }
        for cluster in &kubeconfig.clusters {
            if let Some(kubeconfig::Material::File { path, .. }) = &cluster.authority {
                named.push(Named {
                    path: path.clone(),
                    role: Some(Role::Authority(Authority::Cluster)),
                });
            }
        }
    }
    let kubelet = view.kubelet();
    let roles = [
        (kubelet.certificate, Role::Profile(Profile::KubeletServer)),
        (kubelet.client_ca, Role::Authority(Authority::Cluster)),
    ];
    for (told, role) in roles {
        named.extend(told.map(|told| Named {
            path: told.file.path,
            role: Some(role),
        }));
    }
    named
}

fn named_for_registries(view: &View<'_>) -> Vec<Named> {
    let sites = || view.facts.registries.iter();
    let shown = sites().flat_map(RegistrySite::pairs).map(|pair| Named {
        path: pair.certificate.path.clone(),
        role: Some(Role::Profile(Profile::Registry)),
    });
    let runtimes = view.facts.runtimes.iter().flat_map(Runtime::files);
    let others = sites().flat_map(RegistrySite::client_cas).chain(runtimes);
    let others = others.map(|file| Named {
        path: file.path.clone(),
        role: None,
    });
    shown.chain(others).collect()
}

fn role_flags<'v>(view: &'v View<'_>) -> impl Iterator<Item = (&'static RoleFlag, &'v Process)> {
    ROLE_FLAGS
        .iter()
        .filter_map(|row| Some((row, view.facts.process(row.program)?)))
}

/// The role of a file, and whether anything uses it. Where a flag puts another file in a role, the one that the layout
/// means for it lies unused beside.
fn role(view: &View<'_>, path: &Path, named: &[Named]) -> (Option<Role>, bool) {
    let by_layout = layout_role(view, path);
    let naming: Vec<&Named> = named
        .iter()
        .filter(|named| is_same_path(&named.path, path))
        .collect();
    if !naming.is_empty() {
        let mut roles = naming.iter().filter_map(|named| named.role);
        let role = match by_layout {
            Some(role) if roles.clone().any(|named| named == role) => Some(role),
            // What a component uses, or kubeadm's layout has, is no balancer's own.
            _ => {
                let other = roles.clone().find(|role| *role != Role::Balancer);
                other.or(by_layout).or_else(|| roles.next())
            }
        };
        return (role, true);
    }
    let displaced = named.iter().any(|named| named.role == by_layout);
    (by_layout, by_layout.is_some() && !displaced)
}

fn layout_role(view: &View<'_>, path: &Path) -> Option<Role> {
    if path.starts_with(&view.kubelet_dir) {
        let own = match path.file_name()?.to_str()? {
            "kubelet.crt" | "kubelet-server-current.pem" => Some(Profile::KubeletServer),
            "kubelet-client-current.pem" => Some(Profile::KubeletConf),
            _ => None,
        };
        return own.map(Role::Profile);
    }
    layout::role_of(path.strip_prefix(&view.facts.pki_dir.path).ok()?)
}

fn add(view: &View<'_>, file: &PemFile, role: Option<Role>, used: bool, topology: &mut Topology) {
    // The first certificate and the key are known by their file, as flags and pairs know them; only what stands further
    // down in a bundle needs a line to be told apart.
    let place = view.at(&file.place);
    let at = |index: usize, line: Option<u32>| Place {
        line: file.place.line.or(line.filter(|_| index > 0)),
        ..place.clone()
    };
    for (index, (line, certificate)) in file.certificates.iter().enumerate() {
        let is_leaf = matches!(role, Some(Role::Profile(_) | Role::Balancer));
        topology.holdings.push(Holding {
            role: if is_leaf && index > 0 { None } else { role },
            place: at(index, *line),
            index,
            used,
            embedded: None,
            certificate: certificate.clone(),
        });
    }
    for (_, key) in &file.keys {
        topology.keys.push(KeyHolding {
            place: place.clone(),
            key: key.clone(),
            mode: file.status.mode,
        });
    }
}

fn flag_pairs(view: &View<'_>, topology: &mut Topology) {
    for (row, process) in role_flags(view) {
        let Some(flag) = process.flag(row.certificate) else {
            continue;
        };
        let Some(certificate) = view.flag_file(process, row.certificate) else {
            continue;
        };
        let told_at = view.at(&process.place_of(flag));
        if let Some(key) = row.key.and_then(|key| view.flag_file(process, key)) {
            topology.pairs.push(Pair {
                user: view.component(row.program),
                role: row.role,
                told_at: Some(told_at),
                certificate,
                key,
            });
        } else if row.key.is_none() {
            topology.anchors.push(Anchor {
                component: view.component(row.program),
                flag: format!("--{}", row.certificate),
                told_at,
                trust: view.trust(&certificate),
            });
        }
    }
}

fn named_pairs(view: &View<'_>, topology: &mut Topology) {
    for process in &view.facts.processes {
        topology
            .pairs
            .extend(process.named_certificates().map(|one| Pair {
                user: view.component(process.program),
                role: None,
                told_at: Some(view.at(&process.place_of(one.flag))),
                certificate: view.path(&process.on_node(one.certificate)),
                key: view.path(&process.on_node(one.key)),
            }));
    }
}

fn balancer_pairs(view: &View<'_>, topology: &mut Topology) {
    for balancer in &view.facts.balancers {
        for ends in balancer.pairs() {
            let key = ends.key.as_ref().unwrap_or(&ends.certificate);
            topology.pairs.push(Pair {
                user: view.component(balancer.program),
                role: None,
                told_at: Some(view.at(&ends.certificate.told_at)),
                certificate: view.path(&ends.certificate.path),
                key: view.path(&key.path),
            });
        }
    }
}

fn registry_pairs(view: &View<'_>, topology: &mut Topology) {
    let mut pairs: Vec<Pair> = Vec::new();
    let mut add = |user: &str, role: Option<Role>, pair: &Termination| {
        let key = pair.key.as_ref().unwrap_or(&pair.certificate);
        let pair = Pair {
            user: view.component(user),
            role,
            told_at: Some(view.at(&pair.certificate.told_at)),
            certificate: view.path(&pair.certificate.path),
            key: view.path(&key.path),
        };
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
    };
    for pair in view.facts.registries.iter().flat_map(RegistrySite::pairs) {
        add("registry", Some(Role::Profile(Profile::Registry)), pair);
    }
    for runtime in &view.facts.runtimes {
        for pair in runtime.clients.iter().flat_map(|client| &client.shows) {
            add(runtime.program, None, pair);
        }
    }
    topology.pairs.append(&mut pairs);
}

/// Pairs that only the layout puts together. A CA certificate without its key is an external CA. From `first_pair` on the
/// topology's pairs are this node's.
fn layout_pairs(view: &View<'_>, named: &[Named], first_pair: usize, topology: &mut Topology) {
    if !view.facts.searched {
        return;
    }
    for (path, file) in &view.facts.files {
        let Some(role) = layout_role(view, path) else {
            continue;
        };
        let told = named
            .iter()
            .any(|named| is_same_path(&named.path, path) || named.role == Some(role));
        // A .pem holds both.
        let key = if path.extension().is_some_and(|extension| extension == "pem") {
            path.clone()
        } else {
            path.with_extension("key")
        };
        let external = matches!(role, Role::Authority(_)) && view.facts.file(&key).is_none();
        if told && !matches!(role, Role::Authority(_)) || external {
            continue;
        }
        let pair = Pair {
            user: view.component(layout::user_of(role)),
            role: Some(role),
            told_at: None,
            certificate: view.at(&file.place),
            key: view.path(&key),
        };
        let same = |known: &Pair| {
            is_same_path(&known.certificate.path, path) && is_same_path(&known.key.path, &key)
        };
        if !topology.pairs.iter().skip(first_pair).any(same) {
            topology.pairs.push(pair);
        }
    }
}

fn kubelet(view: &View<'_>, topology: &mut Topology) {
    let kubelet = view.kubelet();
    if let (Some(certificate), Some(key)) = (kubelet.certificate, kubelet.key) {
        topology.pairs.push(Pair {
            user: view.component("kubelet"),
            role: Some(Role::Profile(Profile::KubeletServer)),
            told_at: Some(certificate.told_at),
            certificate: certificate.file,
            key: key.file,
        });
    }
    if let Some(ca) = kubelet.client_ca {
        topology.anchors.push(Anchor {
            component: view.component("kubelet"),
            flag: "clientCAFile".to_owned(),
            told_at: ca.told_at,
            trust: view.trust(&ca.file),
        });
    }
}

fn of_kubeconfig(view: &View<'_>, kubeconfig: &kubeconfig::Kubeconfig, topology: &mut Topology) {
    let user = view.user_of(kubeconfig);
    let role = profile_of(kubeconfig).map(Role::Profile);
    for cluster in &kubeconfig.clusters {
        let Some(authority) = &cluster.authority else {
            continue;
        };
        if let kubeconfig::Material::Embedded(file) = authority {
            let role = Some(Role::Authority(Authority::Cluster));
            let entry = Embedded::Cluster(cluster.name.clone());
            add_embedded(view, file, role, entry, topology);
        }
        let (place, file) = view.material(authority);
        let line = cluster.server.as_ref().map(|server| server.line);
        topology.anchors.push(Anchor {
            component: user.clone(),
            flag: "certificate-authority".to_owned(),
            told_at: Place {
                line,
                ..view.at(&kubeconfig.place)
            },
            trust: crate::topology::edge::Trust {
                place,
                roots: file.map(PemFile::chain).unwrap_or_default(),
            },
        });
    }
    for entry in &kubeconfig.users {
        if let Some(kubeconfig::Material::Embedded(file)) = &entry.certificate {
            let user = Embedded::User(entry.name.clone());
            add_embedded(view, file, role, user, topology);
        }
        if let Some(kubeconfig::Material::Embedded(file)) = &entry.key {
            add(view, file, None, true, topology);
        }
        if let (Some(certificate), Some(key)) = (&entry.certificate, &entry.key) {
            topology.pairs.push(Pair {
                user: user.clone(),
                role,
                told_at: Some(view.at(&kubeconfig.place)),
                certificate: view.material(certificate).0,
                key: view.material(key).0,
            });
        }
    }
}

fn add_embedded(
    view: &View<'_>,
    file: &PemFile,
    role: Option<Role>,
    entry: Embedded,
    topology: &mut Topology,
) {
    let known = topology.holdings.len();
    add(view, file, role, true, topology);
    for holding in topology.holdings.iter_mut().skip(known) {
        holding.embedded = Some(entry.clone());
    }
}

/// The profile that issues it, by its file name.
pub(super) fn profile_of(kubeconfig: &kubeconfig::Kubeconfig) -> Option<Profile> {
    let name = kubeconfig.place.path.file_name()?.to_str()?;
    layout::kubeconfig_profile(name)
}
