//! What people see whose client a registry has refused with 401, whatever the registry's reason: it stands in the
//! registry's log alone.

/// What `docker login` prints.
pub fn docker_login(host: &str) -> String {
    format!(
        "Error response from daemon: login attempt to https://{host}/v2/ failed with status: 401 Unauthorized"
    )
}

/// What `skopeo login` prints last, and podman with it: no password is wrong.
pub fn skopeo_login(host: &str) -> String {
    format!("logging into {host:?}: invalid username/password")
}

/// What `skopeo inspect` prints of one image.
pub fn skopeo_inspect(host: &str, repository: &str, tag: &str) -> String {
    format!(
        "reading manifest {tag} in {host}/{repository}: errors:\n{DOCKER_DENIED}\n{DOCKER_DENIED}\n"
    )
}

/// What `docker pull` and `docker push` print.
pub const DOCKER_DENIED: &str = "unauthorized: authentication required";
