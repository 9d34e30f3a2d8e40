//! The categories that `cargo run -p local` begins with, so that the preference centre has something to show. Stacks of tests have
//! none.

use shared::domain::{Category, Channel, category::Texts};

use super::{SeedError, store};

type InLanguages = [(&'static str, &'static str); 4];

fn texts(all: InLanguages) -> Texts {
    all.into_iter().map(|(tag, text)| (tag.to_owned(), text.to_owned())).collect()
}

fn categories() -> [Category; 3] {
    let of = |handle: &str, position, name: InLanguages, about: InLanguages| Category {
        name: texts(name),
        description: Some(texts(about)),
        position,
        ..Category::new(handle)
    };
    [
        Category {
            required: true,
            ..of(
                "security",
                1,
                [
                    ("default", "Security alerts"),
                    ("de", "Sicherheitshinweise"),
                    ("fr", "Alertes de sécurité"),
                    ("es", "Alertas de seguridad"),
                ],
                [
                    ("default", "Sign-ins from a new device, and changes of your password"),
                    ("de", "Anmeldungen auf einem neuen Gerät und Änderungen Ihres Passworts"),
                    ("fr", "Connexions depuis un nouvel appareil et changements de mot de passe"),
                    ("es", "Inicios de sesión en un dispositivo nuevo y cambios de contraseña"),
                ],
            )
        },
        of(
            "newsletter",
            2,
            [("default", "Newsletter"), ("de", "Newsletter"), ("fr", "Lettre d’information"), ("es", "Boletín")],
            [
                ("default", "What is new, once a week"),
                ("de", "Was es Neues gibt, einmal in der Woche"),
                ("fr", "Les nouveautés, une fois par semaine"),
                ("es", "Las novedades, una vez por semana"),
            ],
        ),
        Category {
            default_in: false,
            channels: Some(vec![Channel::Email, Channel::Push]),
            ..of(
                "offers",
                3,
                [("default", "Offers"), ("de", "Angebote"), ("fr", "Offres"), ("es", "Ofertas")],
                [
                    ("default", "Discounts that end soon"),
                    ("de", "Rabatte, die bald enden"),
                    ("fr", "Remises qui se terminent bientôt"),
                    ("es", "Descuentos que terminan pronto"),
                ],
            )
        },
    ]
}

/// Writes the categories, if there are none. Existing ones belong to the developer.
pub async fn write(dynamodb_endpoint: &str, table: &str) -> Result<(), SeedError> {
    let store = store(dynamodb_endpoint, table)?;
    if store.categories().await?.in_order().is_empty() {
        for category in categories() {
            store.put_category(&category, None).await?;
        }
    }
    Ok(())
}
