//! Every kubeconfig and the apiserver that it leads to.

use crate::facts::kubeconfig;
use crate::facts::kubeconfig::Cluster;
use crate::facts::kubeconfig::User;
use crate::facts::yaml::Text;
use crate::topology::collect;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::edge::Component;
use crate::topology::edge::Dialled;
use crate::topology::edge::Kubeconfig;
use crate::topology::edge::Shown;
use crate::topology::edge::Trust;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;
use crate::x509::san::SubjectAltName;

impl Connector<'_> {
    pub(super) fn kubeconfig(&mut self, view: &View<'_>, kubeconfig: &kubeconfig::Kubeconfig) {
        let user = view.user_of(kubeconfig);
        let (cluster, entry) = match kubeconfig.current() {
            Ok(current) => current,
            Err(why) => {
                let place = view.at(&kubeconfig.place);
                return self.unjudged(user, String::new(), place, why);
            }
        };
        let described = describe(view, kubeconfig, (cluster, entry), user.clone());
        let client = Client {
            component: user.clone(),
            url: described
                .server
                .as_ref()
                .map(|(url, _)| url.clone())
                .unwrap_or_default(),
            told_at: described
                .server
                .as_ref()
                .map_or_else(|| described.place.clone(), |(_, place)| place.clone()),
            tls_server_name: described
                .tls_server_name
                .as_ref()
                .map(|(name, _)| name.clone()),
            unverified: described.insecure.clone(),
            trusts: described.trusts.clone(),
            shows: described.shows.clone(),
        };
        self.kubeconfigs.push(described);
        if cluster.proxied {
            let why = "it is dialled through a proxy".to_owned();
            return self.unjudged(user, client.url, client.told_at, why);
        }
        let Some(endpoint) = url::parse(&client.url) else {
            let why = "it is not a URL of a server".to_owned();
            return self.unjudged(user, client.url, client.told_at, why);
        };
        self.dialled(&client, &endpoint);
        self.reach_apiservers(view, client, &endpoint);
    }

    pub(super) fn dialled(&mut self, client: &Client, endpoint: &Endpoint) {
        let host = client.tls_server_name.as_deref().unwrap_or(&endpoint.host);
        if let Ok(name) = host.parse::<SubjectAltName>() {
            self.dialled.push(Dialled {
                client: client.component.clone(),
                url: client.url.clone(),
                name,
                port: endpoint.port,
                told_at: client.told_at.clone(),
            });
        }
    }
}

fn describe(
    view: &View<'_>,
    kubeconfig: &kubeconfig::Kubeconfig,
    (cluster, user): (&Cluster, Option<&User>),
    client: Component,
) -> Kubeconfig {
    let place = view.at(&kubeconfig.place);
    let told = |text: &Text| (text.value.clone(), place.at_line(text.line));
    let certificate = user.and_then(|user| user.certificate.as_ref());
    Kubeconfig {
        client,
        profile: collect::profile_of(kubeconfig),
        mode: kubeconfig.mode,
        server: cluster.server.as_ref().map(told),
        tls_server_name: cluster.tls_server_name.as_ref().map(told),
        insecure: cluster.insecure.map(|line| place.at_line(line)),
        trusts: cluster.authority.as_ref().map(|authority| {
            let Shown { place, chain } = view.material_shown(authority);
            Trust {
                place,
                roots: chain,
            }
        }),
        shows: certificate.map(|material| view.material_shown(material)),
        embedded: matches!(certificate, Some(kubeconfig::Material::Embedded(_))),
        place,
    }
}
