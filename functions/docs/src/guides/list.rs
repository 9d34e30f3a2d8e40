//! All guides, in the order in which they are shown.

/// A page for people.
pub struct Guide {
    /// The last segment of its path.
    pub name: &'static str,
    /// One of [`GROUPS`].
    pub group: &'static str,
    /// What it is about, for the list of all guides.
    pub about: &'static str,
    /// Where its text stands in the tree.
    pub file: &'static str,
    /// Its text, in Markdown.
    pub text: &'static str,
}

/// The groups of guides.
pub const GROUPS: [&str; 4] = [BUILD, DECIDE, RUN, TOKENS];

const BUILD: &str = "Build with it";
const DECIDE: &str = "Decide whether to use it";
const RUN: &str = "Run it";
const TOKENS: &str = "Tokens of an identity provider";

/// Lists the guides, each from a file of the tree.
macro_rules! guides {
    ($($group:ident $name:literal $file:literal $about:literal;)*) => {
        /// Every guide.
        pub const GUIDES: &[Guide] = &[$(Guide {
            name: $name,
            group: $group,
            about: $about,
            file: $file,
            text: include_str!(concat!("../../../../", $file)),
        }),*];
    };
}

guides! {
    BUILD "api" "functions/docs/guides/api.md" "the requests by subject, and what holds for all of them";
    BUILD "templates" "functions/notifications/TEMPLATES.md" "how to write the text of a notification";
    BUILD "troubleshooting" "functions/docs/guides/troubleshooting.md" "from a symptom to its cause";
    BUILD "compatibility" "COMPATIBILITY.md" "the wire formats of four other products, each with a sample";
    BUILD "coming-from" "functions/docs/guides/coming-from.md" "their terms, what each is called here, and what has no counterpart";
    DECIDE "how-it-works" "functions/docs/guides/how-it-works.md" "what happens between a request and a delivery";
    DECIDE "promises" "functions/docs/guides/promises.md" "what is promised, and the test of each promise";
    DECIDE "costs" "functions/docs/guides/costs.md" "what each thing costs on AWS";
    DECIDE "comparison" "functions/docs/guides/comparison.md" "Tidings beside other products";
    RUN "deployment" "functions/DEPLOYING.md" "from an AWS account to the first message";
    RUN "providers" "functions/docs/guides/providers.md" "SES, FCM, APNs, Slack, SMS and webhooks: secrets, rates, several of one kind";
    RUN "configuration" "functions/docs/guides/configuration.md" "every parameter of the template";
    RUN "monitoring" "functions/docs/guides/monitoring.md" "the dashboard, the metrics and the logs";
    RUN "alarms" "functions/ALARMS.md" "what each alarm means, and what to do";
    RUN "restore" "functions/RESTORE.md" "a table that is lost or wrong, and another region";
    TOKENS "cognito" "functions/docs/issuers/cognito.md" "user pools and their groups";
    TOKENS "auth0" "functions/docs/issuers/auth0.md" "an API, its roles and an action";
    TOKENS "entra" "functions/docs/issuers/entra.md" "an app registration and its app roles";
    TOKENS "keycloak" "functions/docs/issuers/keycloak.md" "a realm, its roles and mappers";
}
