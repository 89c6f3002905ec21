//! The dashboard: the files of `assets/`, in the program itself. They hold nothing of the host; what they show they ask of the
//! API with a session.

mod files;

use std::sync::Arc;

use axum::{
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    fault::{Fault, Result},
};

/// A browser keeps them, and asks each time whether they are still the same: modules of two versions never meet.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(page))
        .routes(routes!(docs))
        .routes(routes!(file))
        .routes(routes!(within))
        .routes(routes!(deeper))
}

/// The dashboard.
#[utoipa::path(get, path = "/", tag = "dashboard", responses(
    (status = 200, description = "The page.", body = String, content_type = "text/html"),
))]
async fn page() -> Result<Response> {
    answer("index.html")
}

/// This description, to browse.
#[utoipa::path(get, path = "/api/v1/docs", tag = "description", responses(
    (status = 200, description = "The page.", body = String, content_type = "text/html"),
))]
async fn docs() -> Result<Response> {
    answer("docs.html")
}

/// A file of the dashboard.
#[utoipa::path(get, path = "/assets/{file}", tag = "dashboard", params(
    ("file" = String, Path, description = "Its name."),
), responses(
    (status = 200, description = "Its bytes.", content((String = "image/svg+xml"))),
))]
async fn file(Path(file): Path<String>) -> Result<Response> {
    answer(&file)
}

/// A file of the dashboard, in a folder.
#[utoipa::path(get, path = "/assets/{folder}/{file}", tag = "dashboard", params(
    ("folder" = String, Path, description = "`css` or `js`."), ("file" = String, Path, description = "Its name."),
), responses(
    (status = 200, description = "Its bytes.", content((String = "text/css"), (String = "text/javascript"))),
))]
async fn within(Path((folder, file)): Path<(String, String)>) -> Result<Response> {
    answer(&format!("{folder}/{file}"))
}

/// A file of the dashboard, in a folder of a folder.
#[utoipa::path(get, path = "/assets/{folder}/{part}/{file}", tag = "dashboard", params(
    ("folder" = String, Path, description = "`js`."), ("part" = String, Path, description = "`pages` or `charts`."),
    ("file" = String, Path, description = "Its name."),
), responses(
    (status = 200, description = "Its bytes.", content((String = "text/javascript"))),
))]
async fn deeper(Path((folder, part, file)): Path<(String, String, String)>) -> Result<Response> {
    answer(&format!("{folder}/{part}/{file}"))
}

/// The file of this name: nothing is read from a disk.
fn answer(name: &str) -> Result<Response> {
    let known = files::FILES.iter().find(|(known, _)| *known == name);
    let Some((_, bytes)) = known else {
        return Err(Fault::not_found("no-route", "the dashboard has no such file", "open `/`"));
    };
    let of_it = [(header::CONTENT_TYPE, HeaderValue::from_static(kind(name))), (header::CACHE_CONTROL, ASK_AGAIN)];
    Ok((of_it, *bytes).into_response())
}

/// What a file of this name is.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::files::FILES;
    use crate::testing::Scene;

    fn below(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
            if entry.file_type().unwrap().is_dir() {
                below(&entry.path(), &format!("{name}/"), found);
            } else {
                found.insert(name);
            }
        }
    }

    #[tokio::test]
    async fn anyone_browses_the_description() {
        let scene = Scene::new().await;
        let got = scene.get(None, "/api/v1/docs").await;
        assert_eq!((got.status, got.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let page = std::str::from_utf8(&got.body).unwrap();
        assert!(page.contains("/assets/js/docs.js") && page.contains("data-testid=\"docs-filter\""));
        let policy = got.header("content-security-policy").expect("a policy");
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        let tag = got.header("etag").expect("a tag").to_owned();
        let again = scene.request("GET", "/api/v1/docs").header("if-none-match", &tag).send().await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }

    fn text(bytes: &'static [u8]) -> &'static str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn every_file_is_in_the_program() {
        let mut there = BTreeSet::new();
        below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets"), "", &mut there);
        let known: BTreeSet<_> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(known, there);
    }

    #[test]
    fn no_file_names_another_host_or_needs_what_the_policy_forbids() {
        for (name, bytes) in FILES {
            let text = text(bytes).replace("http://www.w3.org/", "");
            for forbidden in ["http://", "https://", "\"//", "'//", "url(", "@import", "innerHTML", "outerHTML"] {
                assert!(!text.contains(forbidden), "{name}: {forbidden}");
            }
            for forbidden in
                ["insertAdjacentHTML", "document.write", "eval(", "new Function", " style=", "onclick=", "<pre"]
            {
                assert!(!text.contains(forbidden), "{name}: {forbidden}");
            }
            assert!(!name.ends_with(".js") || text.starts_with("// "), "{name} says what it is for");
        }
    }

    #[tokio::test]
    async fn what_a_file_names_is_there() {
        let scene = Scene::new().await;
        for (name, bytes) in FILES.iter().filter(|(name, _)| !name.ends_with(".svg")) {
            let folder = format!("/assets/{name}");
            let folder = folder.rsplit_once('/').unwrap().0;
            for part in text(bytes).split(['"', '\'']) {
                let path = match part {
                    _ if part.starts_with("/assets/") => part.to_owned(),
                    _ if part.starts_with("./") => format!("{folder}/{}", &part[2..]),
                    _ if part.starts_with("../") => format!("{}/{}", folder.rsplit_once('/').unwrap().0, &part[3..]),
                    _ => continue,
                };
                let got = scene.get(None, &path).await;
                assert_eq!(got.status, 200, "{name}: {path}");
            }
        }
    }

    #[tokio::test]
    async fn anyone_gets_the_page_and_asks_again_for_little() {
        let scene = Scene::new().await;
        let first = scene.get(None, "/").await;
        assert_eq!((first.status, first.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert_eq!(first.header("cache-control"), Some("no-cache"));
        let policy = first.header("content-security-policy").expect("a policy");
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        let tag = first.header("etag").expect("a tag").to_owned();
        let again = scene.request("GET", "/").header("if-none-match", &tag).send().await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        scene.get(None, "/assets/js/none.js").await.is_fault(404, "no-route");
        scene.get(None, "/assets/..%2fCargo.toml").await.is_fault(404, "no-route");
        assert_eq!(
            scene.get(None, "/assets/js/pages/agent.js").await.header("content-type"),
            Some("text/javascript; charset=utf-8")
        );
    }
}
