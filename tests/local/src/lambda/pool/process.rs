//! A function's process and the environment that Lambda gives it.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::{FunctionSpec, clock_skew};

/// The app id of the process in this lane. The SDKs put it into their user agent, as `app/{name}`.
fn app_id(function: &str, environment: usize) -> String {
    format!("{function}-{environment}")
}

/// The function and the lane that an app id names.
pub fn environment_of(app_id: &str) -> Option<(&str, usize)> {
    let (function, environment) = app_id.rsplit_once('-')?;
    Some((function, environment.parse().ok()?))
}

/// The command that runs the function's binary in this lane against the Runtime API at `runtime_api` (`host:port`), with the
/// clock that the library `shim` gives it.
pub fn command(spec: &FunctionSpec, environment: usize, runtime_api: &str, shim: Option<&Path>) -> Command {
    let mut command = Command::new(&spec.executable);
    command.env_clear().envs(lambda_environment(spec)).envs(&spec.environment);
    command.env("AWS_LAMBDA_RUNTIME_API", runtime_api);
    command.env("AWS_SDK_UA_APP_ID", app_id(&spec.name, environment));
    if let Some(shim) = shim {
        command.envs(clock_skew::variables(shim, environment));
    }
    command
}

/// Makes the process end with the stack, and sends its output to pipes.
pub fn contained(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        // A Ctrl-C on the terminal goes only to the stack, which then ends its processes.
        .process_group(0)
}

/// The variables that Lambda reserves, as `provided.al2023` sets them.
fn lambda_environment(spec: &FunctionSpec) -> Vec<(&'static str, String)> {
    let root = spec.executable.parent().map(|root| root.display().to_string());
    let stream = format!("local/[$LATEST]{}", uuid::Uuid::new_v4().simple());
    vec![
        ("_HANDLER", "bootstrap".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", spec.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", stream),
        ("LAMBDA_TASK_ROOT", root.unwrap_or_default()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_id_names_its_function_and_lane() {
        assert_eq!(environment_of(&app_id("channel-settings", 3)), Some(("channel-settings", 3)));
        assert_eq!(environment_of("channel-settings"), None);
        assert_eq!(environment_of("dispatch"), None);
    }
}
