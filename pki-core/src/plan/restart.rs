//! What must restart after a file was replaced: one table.
//!
//! Source: the components of v1.34 (apiserver: dynamiccertificates; etcd: transport.TLSInfo; client-go: transport/tls.go;
//! kubelet: pkg/kubelet/certificate), read for each file.

use crate::profile::KubernetesVersion;
use crate::profile::Profile;

/// How a reader learns of a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// It reads the file again by itself; the words say when.
    ByItself(&'static str),
    /// Its static pod must restart.
    StaticPod,
    /// The kubelet must restart.
    Kubelet,
    /// Nothing keeps it open.
    NotHeld,
    /// The server that uses it must be told.
    Server,
}

/// One row: who reads it, and how that learns of a new file.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// What is read.
    pub profile: Profile,
    /// Who reads it.
    pub component: &'static str,
    /// How it learns.
    pub reload: Reload,
}

/// The row of `profile` in `version`.
pub fn reader(profile: Profile, version: KubernetesVersion) -> Reader {
    let (component, reload) = match profile {
        Profile::Apiserver => ("kube-apiserver", Reload::ByItself("within a minute")),
        Profile::ApiserverKubeletClient => {
            ("kube-apiserver", Reload::ByItself("within five minutes"))
        }
        Profile::FrontProxyClient => ("kube-apiserver", Reload::ByItself("within a minute")),
        Profile::ApiserverEtcdClient => {
            ("kube-apiserver", Reload::ByItself("at the next connection"))
        }
        Profile::EtcdServer | Profile::EtcdPeer => {
            ("etcd", Reload::ByItself("at the next connection"))
        }
        Profile::KubeletServer if version < KUBELET_RELOADS_SINCE => ("kubelet", Reload::Kubelet),
        Profile::KubeletServer => ("kubelet", Reload::ByItself("within a minute")),
        Profile::KubeletConf => ("kubelet", Reload::Kubelet),
        Profile::ControllerManagerConf => ("kube-controller-manager", Reload::StaticPod),
        Profile::SchedulerConf => ("kube-scheduler", Reload::StaticPod),
        Profile::EtcdHealthcheckClient => ("etcdctl", Reload::NotHeld),
        Profile::AdminConf | Profile::SuperAdminConf => ("kubectl", Reload::NotHeld),
        Profile::Registry => ("the registry", Reload::Server),
    };
    Reader {
        profile,
        component,
        reload,
    }
}

impl Reader {
    /// What to do on `node`, in one sentence; `None` where there is nothing to do.
    pub fn sentence(&self, node: &str) -> Option<String> {
        let component = self.component;
        match self.reload {
            Reload::ByItself(when) => Some(format!(
                "no restart: {component} on {node} reads its new files by itself {when}"
            )),
            Reload::StaticPod => Some(format!(
                "restart {component} on {node}: move /etc/kubernetes/manifests/{component}.yaml out of the directory, wait 20 \
                 seconds, move it back"
            )),
            Reload::Kubelet => Some(format!(
                "restart the kubelet on {node}: systemctl restart kubelet"
            )),
            Reload::Server => Some(format!(
                "reload the server that uses it on {node} (nginx -s reload, or restart its container)"
            )),
            Reload::NotHeld => None,
        }
    }
}

/// ReloadKubeletServerCertificateFile is on by default from here.
const KUBELET_RELOADS_SINCE: KubernetesVersion = KubernetesVersion::new(1, 31);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yearly_renewal_restarts_the_controller_manager_and_the_scheduler_only() {
        let restarts: Vec<&str> = crate::profile::table()
            .iter()
            .filter(|row| row.by_kubeadm && row.profile != Profile::KubeletConf)
            .map(|row| reader(row.profile, KubernetesVersion::DEFAULT))
            .filter(|reader| reader.reload == Reload::StaticPod)
            .map(|reader| reader.component)
            .collect();
        assert_eq!(restarts, ["kube-controller-manager", "kube-scheduler"]);
    }

    #[test]
    fn old_kubelets_read_their_certificate_once() {
        let of = |minor| reader(Profile::KubeletServer, KubernetesVersion::new(1, minor)).reload;
        assert_eq!(of(30), Reload::Kubelet);
        assert_eq!(of(31), Reload::ByItself("within a minute"));
    }
}
