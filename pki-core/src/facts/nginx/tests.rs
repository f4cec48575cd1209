use super::*;
use crate::facts::balancer::Listener;
use crate::facts::balancer::Mode;

fn read(files: &[(&str, &str)]) -> Balancer {
    let mut read = Files::default();
    for (path, text) in files {
        for include in read.add(text.as_bytes(), &Place::file(*path)) {
            let all = files.iter().map(|(path, _)| PathBuf::from(path));
            let pattern = include.pattern.file_name().unwrap().to_str().unwrap();
            let fits = |file: &PathBuf| {
                file.parent() == include.pattern.parent()
                    && matches(pattern, file.file_name().unwrap().to_str().unwrap())
            };
            let found = all.filter(fits).collect();
            read.means(&include, found);
        }
    }
    read.balancer().unwrap()
}

fn one(text: &str) -> Balancer {
    read(&[("/etc/nginx/nginx.conf", text)])
}

fn backends(listener: &Listener) -> Vec<String> {
    let one = |b: &crate::facts::balancer::Backend| format!("{}:{}", b.host, b.port);
    listener.backends.iter().map(one).collect()
}

#[test]
fn the_reports_balancer_passes_through_to_all_three() {
    let text = include_str!("../../../../fixtures/seed/kubernetes/steps/emei/etc/nginx/nginx.conf");
    assert!(is_main(text.as_bytes()));
    let balancer = one(text);
    assert_eq!(balancer.not_understood, []);
    let [listener] = balancer.listeners.as_slice() else {
        panic!("{balancer:?}")
    };
    assert_eq!((listener.address, listener.port), (None, 8443));
    assert_eq!(listener.mode, Mode::PassThrough);
    assert_eq!(listener.place.line, Some(19));
    assert_eq!(
        backends(listener),
        ["10.27.53.32:6443", "10.24.138.208:6443", "10.27.52.72:6443"]
    );
    assert_eq!(listener.backends[1].place.line, Some(14));
}

#[test]
fn http_ends_tls_and_settings_are_inherited() {
    let balancer = one(
        "http {\n proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.crt;\n upstream api { server [fd00::1]:6443; server m2:6443 down; }\n server {\n  listen 10.0.0.9:443 ssl default_server; listen [::]:443 ssl;\n  server_name lb.wulin.internal;\n  ssl_certificate tls/lb.crt; ssl_certificate_key tls/lb.key;\n  set $up api;\n  location /healthz { return 200; }\n  location / { proxy_pass https://$up; proxy_ssl_name kubernetes; }\n }\n}\n",
    );
    assert_eq!(balancer.not_understood, []);
    let [first, second] = balancer.listeners.as_slice() else {
        panic!("{balancer:?}")
    };
    assert_eq!(first.address, "10.0.0.9".parse().ok());
    assert_eq!((second.address, second.port), (None, 443));
    assert!(first.is_default && !second.is_default);
    assert_eq!(first.names, ["lb.wulin.internal"]);
    assert_eq!(backends(first), ["fd00::1:6443"]);
    let ends = first.terminates().unwrap();
    assert_eq!(ends.certificate.path, Path::new("/etc/nginx/tls/lb.crt"));
    assert_eq!(ends.certificate.told_at.line, Some(7));
    assert!(first.upstream.tls);
    assert_eq!(first.upstream.verifies.as_ref().unwrap().line, Some(2));
    assert_eq!(first.upstream.name.as_deref(), Some("kubernetes"));
}

#[test]
fn includes_and_maps_by_name() {
    let balancer = read(&[
        (
            "/etc/nginx/nginx.conf",
            "include modules/*.conf;\nstream { include stream.d/*.conf; }\n",
        ),
        (
            "/etc/nginx/stream.d/lb.conf",
            "map $ssl_preread_server_name $to { hostnames; k8s.example api; default other; }\nupstream api { server 10.0.0.1:6443; }\nupstream other { server 10.0.0.2:443; }\nserver { listen 443; ssl_preread on; proxy_pass $to; }\n",
        ),
    ]);
    assert_eq!(balancer.not_understood, []);
    let shown: Vec<_> = balancer
        .listeners
        .iter()
        .map(|l| (l.names.clone(), l.is_default, backends(l)))
        .collect();
    assert_eq!(
        shown,
        [
            (
                vec!["k8s.example".to_owned()],
                false,
                vec!["10.0.0.1:6443".to_owned()]
            ),
            (vec![], true, vec!["10.0.0.2:443".to_owned()]),
        ]
    );
    let place = &balancer.listeners[0].place;
    assert_eq!(
        (place.path.as_path(), place.line),
        (Path::new("/etc/nginx/stream.d/lb.conf"), Some(4))
    );
}

#[test]
fn what_is_not_understood_is_said_with_its_line() {
    let balancer = one(
        "stream {\n server { listen 1-9; proxy_pass api; }\n server { listen 2;\n proxy_pass $unknown; }\n upstream u { server unix:/x; }\n server { listen 3; proxy_pass u; }\n server { listen 4; proxy_pass nobody; }\n",
    );
    let lines: Vec<u32> = balancer
        .not_understood
        .iter()
        .filter_map(|problem| problem.place.line)
        .collect();
    assert_eq!(lines, [1, 2, 2, 4, 5, 7], "{:#?}", balancer.not_understood);
    assert!(balancer.listeners.is_empty());
}

#[test]
fn files_that_include_each_other_end() {
    let balancer = read(&[
        ("/etc/nginx/nginx.conf", "include a.conf; stream { }"),
        ("/etc/nginx/a.conf", "include a.conf; include nginx.conf;"),
    ]);
    assert!(balancer.listeners.is_empty());
}

#[test]
fn files_that_include_each_other_twice_over_come_to_an_end_and_it_is_said() {
    let texts: Vec<(String, String)> = (0..40)
        .map(|level| {
            let next = format!("include l{};", level + 1);
            (format!("/etc/nginx/l{level}"), format!("{next} {next}"))
        })
        .collect();
    let mut files = vec![("/etc/nginx/nginx.conf", "stream { include l0; }")];
    files.extend(texts.iter().map(|(path, text)| (&**path, &**text)));
    let balancer = read(&files);
    let [.., cut] = balancer.not_understood.as_slice() else {
        panic!("{balancer:?}")
    };
    assert!(cut.what.ends_with("some are not read"), "{cut:?}");
}
