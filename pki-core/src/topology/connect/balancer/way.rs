//! Every way through a balancer to an apiserver, further balancers included.

use crate::place::Place;
use crate::topology::balancer::BalancedTo;
use crate::topology::balancer::BalancerMode;
use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::connect::balancer::Listening;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

/// One way.
pub(super) struct Way {
    /// The balancers on it, in order.
    pub(super) hops: Vec<usize>,
    /// Where the last of them sends to.
    pub(super) to: String,
    /// What a client sees there; else why nobody knows.
    pub(super) server: Result<Server, String>,
}

/// What is asked for at a balancer, and how it was reached.
#[derive(Clone, Copy)]
pub(super) struct Asked<'w> {
    name: Option<&'w str>,
    hops: &'w [usize],
    /// Whether the client's TLS has ended on the way, so that what follows shows it nothing.
    is_over: bool,
}

impl<'w> Asked<'w> {
    /// A client that asks for `name`.
    pub(super) fn first(name: Option<&'w str>) -> Self {
        Self {
            name,
            hops: &[],
            is_over: false,
        }
    }
}

impl Connector<'_> {
    /// Every way through one balancer.
    pub(super) fn ways(&self, index: usize, asked: Asked<'_>) -> Vec<Way> {
        let mut most = MOST_WAYS;
        self.some_ways(index, asked, &mut most)
    }

    /// What answers at one backend of a balancer that is itself the client there.
    pub(super) fn ways_behind(&self, index: usize, end: &Endpoint, name: Option<&str>) -> Vec<Way> {
        let mut most = MOST_WAYS;
        let asked = Asked {
            name,
            hops: &[index],
            is_over: false,
        };
        match self.listening.get(index).and_then(|at| self.seen_from(at)) {
            Some(view) => self.onwards(view, end, asked, &mut most),
            None => Vec::new(),
        }
    }

    /// Finds the apiservers that are reached through further balancers.
    pub(super) fn follow(&mut self) {
        for index in 0..self.listening.len() {
            let found = self.listening.get(index).map(|listening| {
                let ends = listening.ends.iter().zip(&listening.places);
                ends.map(|(end, place)| {
                    let mut to = self.leads_to(self.seen_from(listening), end, place.clone());
                    if to.server.is_none() {
                        self.add_further(index, end, &mut to);
                    }
                    to
                })
                .collect()
            });
            if let (Some(found), Some(listening)) = (found, self.listening.get_mut(index)) {
                listening.balancer.backends = found;
            }
        }
    }

    fn add_further(&self, index: usize, end: &Endpoint, to: &mut BalancedTo) {
        let names = self.listening.get(index).map_or(&[][..], |l| l.names);
        let name = names.first().filter(|name| !name.starts_with(['*', '.']));
        let ways = self.ways_behind(index, end, name.map(String::as_str));
        let is_further = |way: &Way| way.hops.len() > 1;
        if ways.iter().any(is_further) {
            to.nothing_there = None;
        }
        for way in ways.into_iter().filter(is_further) {
            if let Ok(server) = way.server
                && !to.further.contains(&server.component)
            {
                to.further.push(server.component);
            }
        }
    }

    fn some_ways(&self, index: usize, asked: Asked<'_>, most: &mut usize) -> Vec<Way> {
        let Some(listening) = self.listening.get(index) else {
            return Vec::new();
        };
        let mut hops = asked.hops.to_vec();
        hops.push(index);
        let ends_here = listening.balancer.terminates();
        let onwards = Asked {
            name: match listening.upstream {
                Some(upstream) if ends_here => upstream.name.as_deref(),
                _ => asked.name,
            },
            hops: &hops,
            is_over: asked.is_over || ends_here,
        };
        let mut ways = Vec::new();
        for end in &listening.ends {
            match self.seen_from(listening) {
                Some(view) => ways.extend(self.onwards(view, end, onwards, most)),
                None => ways.push(Way {
                    hops: hops.clone(),
                    to: url::host_and_port(&end.host, end.port),
                    server: Err("no node was given".to_owned()),
                }),
            }
        }
        if !asked.is_over {
            for way in &mut ways {
                let behind = std::mem::replace(&mut way.server, Err(String::new()));
                way.server = behind.and_then(|server| shown(listening, server));
            }
        }
        ways
    }

    fn onwards(
        &self,
        view: &View<'_>,
        end: &Endpoint,
        asked: Asked<'_>,
        most: &mut usize,
    ) -> Vec<Way> {
        let way = |server| Way {
            hops: asked.hops.to_vec(),
            to: url::host_and_port(&end.host, end.port),
            server,
        };
        let Some(left) = most.checked_sub(1) else {
            return Vec::new();
        };
        *most = left;
        if left == 0 {
            let why = "there are more ways to apiservers than are followed".to_owned();
            return vec![way(Err(why))];
        }
        let server = self.apiserver_at(view, end);
        let next = if server.is_ok() && !self.is_at_virtual_address(view, end) {
            Vec::new()
        } else {
            self.balancers_at(view, end, asked.name)
        };
        if next.is_empty() {
            return vec![way(server)];
        }
        let mut ways = Vec::new();
        for index in next {
            let label = self.listening.get(index).map(|next| &next.balancer.label);
            let label = label.map_or("", String::as_str);
            if asked.hops.contains(&index) {
                let why = format!("it leads in a circle, back to {label}");
                ways.push(way(Err(why)));
            } else if asked.hops.len() >= MOST_HOPS {
                let why = format!("{label} is the balancer after {MOST_HOPS} others");
                ways.push(way(Err(why)));
            } else {
                ways.extend(self.some_ways(index, asked, most));
            }
        }
        ways
    }

    fn seen_from<'s>(&'s self, listening: &Listening<'s>) -> Option<&'s View<'s>> {
        listening.view.or_else(|| self.views.first())
    }

    fn leads_to(&self, view: Option<&View<'_>>, end: &Endpoint, place: Place) -> BalancedTo {
        let found = view.map(|view| (self.node_at(view, &end.host), self.apiserver_on(view, end)));
        let (server, nothing_there) = match found {
            Some((_, Ok((at, _)))) => (Some(at.component("kube-apiserver")), None),
            Some((Ok((_, node)), Err(why))) => (None, Some((node.name.clone(), why))),
            Some((Err(_), Err(_))) | None => (None, None),
        };
        BalancedTo {
            place,
            address: url::host_and_port(&end.host, end.port),
            server,
            further: Vec::new(),
            nothing_there,
        }
    }
}

/// What a client sees at a balancer that has `server` behind it.
fn shown(listening: &Listening<'_>, server: Server) -> Result<Server, String> {
    match &listening.balancer.mode {
        BalancerMode::PassThrough => Ok(server),
        BalancerMode::Terminates {
            shows: Some(shows), ..
        } => Ok(Server {
            shown: shows.clone(),
            named: Vec::new(),
            ..server
        }),
        BalancerMode::Terminates { shows: None, .. } => Err(
            "TLS ends there, and the certificate that it shows is not among these files".to_owned(),
        ),
        BalancerMode::Plain => Err("it speaks no TLS there".to_owned()),
    }
}

/// How many balancers may stand behind each other.
const MOST_HOPS: usize = 4;
/// How many backends are looked at from one balancer on, so that no configuration makes an audit endless.
const MOST_WAYS: usize = 512;
