# Sourced by scripts that need a local stack, from the root of the repository.
#
# `start_stack [ARGUMENT…]` builds the functions, and starts a stack on a free port. It sets `url`, `scratch` (a folder that is
# removed at the end), and TIDINGS_DEMO, the demo's tokens and ids. `of bearer admin` prints one of them.
#
# `end_stack` ends the stack; it is called when the script ends. A script that has a trap of its own on EXIT calls it there.
#
# The stack forgives nothing that AWS does not. If a script cannot hold under something of that, it says so by
# `start_stack --forgive NAME`, and has a row in the list of tests/api/src/forgiven.rs.

export AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=ci AWS_SECRET_ACCESS_KEY=ci
unset AWS_PROFILE AWS_SESSION_TOKEN
stack= scratch=

start_stack() {
  "${CARGO:-cargo}" build --workspace --bins
  scratch=$(mktemp -d)
  if [ -z "$(trap -p EXIT)" ]; then
    trap end_stack EXIT
    trap 'exit 130' INT TERM
  fi
  "${CARGO_TARGET_DIR:-target}/debug/local" --port 0 --ready-file "$scratch/url" "$@" >"$scratch/log" 2>&1 &
  stack=$!
  for _ in $(seq 600); do
    [ -s "$scratch/url" ] && break
    kill -0 "$stack" 2>/dev/null || break
    sleep 0.5
  done
  [ -s "$scratch/url" ] || { cat "$scratch/log" >&2; echo 'the local stack did not come up' >&2; exit 1; }
  url=$(cat "$scratch/url")
  TIDINGS_DEMO=$(curl -s "$url/_local")
  export TIDINGS_DEMO
}

end_stack() {
  if [ -n "$stack" ]; then
    kill "$stack" 2>/dev/null || :
    wait "$stack" 2>/dev/null || :
  fi
  [ -z "$scratch" ] || rm -rf "$scratch"
}

of() { python3 -c 'import json, os, sys; print(json.loads(os.environ["TIDINGS_DEMO"])[sys.argv[1]][sys.argv[2]])' "$@"; }
