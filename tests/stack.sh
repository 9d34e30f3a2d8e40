# Sourced by scripts that need a local stack, from the root of the repository.
#
# `start_stack [ARGUMENT…]` builds the functions, starts a stack on a free port, and ends it when the script ends. It sets
# `url`, `scratch` (a folder that is removed at the end), and TIDINGS_DEMO, the demo's tokens and ids.
# `of bearer admin` prints one of them.

# What such a script checks does not depend on throttling, late indexes or clocks that differ.
export TIDINGS_LOCAL_FORGIVE=everything
export AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=ci AWS_SECRET_ACCESS_KEY=ci
unset AWS_PROFILE AWS_SESSION_TOKEN

start_stack() {
  "${CARGO:-cargo}" build --workspace --bins
  scratch=$(mktemp -d)
  "${CARGO_TARGET_DIR:-target}/debug/local" --port 0 --ready-file "$scratch/url" "$@" >"$scratch/log" 2>&1 &
  stack=$!
  trap 'kill "$stack" 2>/dev/null || :; wait "$stack" 2>/dev/null || :; rm -rf "$scratch"' EXIT
  for _ in $(seq 600); do
    [ -s "$scratch/url" ] && break
    kill -0 "$stack" 2>/dev/null || { cat "$scratch/log"; exit 1; }
    sleep 0.5
  done
  [ -s "$scratch/url" ] || { cat "$scratch/log"; exit 1; }
  url=$(cat "$scratch/url")
  TIDINGS_DEMO=$(curl -s "$url/_local")
  export TIDINGS_DEMO
}

of() { python3 -c 'import json, os, sys; print(json.loads(os.environ["TIDINGS_DEMO"])[sys.argv[1]][sys.argv[2]])' "$@"; }
