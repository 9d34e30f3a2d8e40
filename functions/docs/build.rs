//! Takes the parts of Swagger UI that the page needs out of its archive.

use std::{env, error::Error, fs, io::Cursor, path::PathBuf};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// The files that the page needs. Source maps, other builds and other pages stay in the archive.
const PARTS: [&str; 3] = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no folder")?);
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let mut found = 0;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let Some(path) = file.enclosed_name() else { continue };
        let mut parts = path.iter().skip(1);
        let (dist, name) = (parts.next(), parts.next().and_then(|name| name.to_str()));
        let Some(part) = PARTS.into_iter().find(|part| dist.is_some_and(|dist| dist == "dist") && name == Some(part))
        else {
            continue;
        };
        let mut bytes = Vec::new();
        std::io::copy(&mut file, &mut bytes)?;
        fs::write(folder.join(part), bytes)?;
        found += 1;
    }
    if found == PARTS.len() { Ok(()) } else { Err("the archive of Swagger UI lacks a part".into()) }
}
