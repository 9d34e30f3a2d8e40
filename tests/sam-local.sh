#!/usr/bin/env bash
# `sam local invoke` and `sam local start-api`: the AWS SAM CLI runs the functions in containers, and they use the local
# stack's DynamoDB and SQS. The script checks every answer, and that the local stack reads what the containers write.
#
# Needs Linux, the SAM CLI (SAM, or .venv/bin/sam as .ci/run installs it) and a container engine. If no engine answers, root
# starts one for the run and ends it afterwards. If that is not possible, the script says `skipped` and succeeds.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/stack.sh
. tests/stack.sh

sam=${SAM:-$PWD/.venv/bin/sam}
python=$(dirname "$sam")/python
target=${CARGO_TARGET_DIR:-$PWD/target}
work=$(mktemp -d)
image=tidings-sam-local:$$
api= engine=

export SAM_CLI_TELEMETRY=0

# .ci/run collects in the file SKIPPED which parts did not run.
skipped() { printf 'sam local: skipped: %s\n' "$1" | tee -a "${SKIPPED:-/dev/null}"; exit 0; }
failed() { printf 'sam local: %s\n' "$1" >&2; exit 1; }

end() {
  status=$?
  if [ "$status" != 0 ]; then tail -n 30 "$scratch/log" "$work"/{invoke,api}.log >&2 2>/dev/null || true; fi
  if [ -n "$api" ]; then kill "$api" 2>/dev/null && wait "$api" 2>/dev/null || true; fi
  end_stack
  if docker version >/dev/null 2>&1; then
    docker ps --all --quiet --filter "ancestor=$image" | xargs -r docker rm --force >/dev/null 2>&1 || true
    docker images --quiet "${image%:*}" | xargs -r docker rmi --force >/dev/null 2>&1 || true
  fi
  if [ -n "$engine" ]; then kill "$engine" && wait "$engine" || true; fi
  rm -rf "$work"
}
trap end EXIT

# wait_for SECONDS COMMAND...
wait_for() {
  local until=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || return 1
    sleep 0.3
  done
}

# expect WHAT ANSWER CONDITION: fails unless CONDITION is true. CONDITION is a Python expression about the answer `a`.
expect() {
  "$python" -c 'import json, sys
a = json.loads(sys.argv[1])
sys.exit(not eval(sys.argv[2], {"a": a, "json": json}))' "$2" "$3" || failed "$1: not $3: $2"
  printf 'sam local: %s\n' "$1"
}

install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get install --yes --no-install-recommends "$1" >/dev/null 2>&1
}

[ "$(uname -s)" = Linux ] || skipped 'it mixes containers and this machine'"'"'s binaries, which takes Linux'
[ -x "$sam" ] || skipped "there is no SAM CLI at $sam"
command -v busybox >/dev/null || install busybox-static || skipped 'there is no busybox for the image'
# A statically linked shell works in any image.
! ldd "$(command -v busybox)" >/dev/null 2>&1 || install busybox-static || skipped 'busybox is not a static one'

if ! docker version >/dev/null 2>&1; then
  { command -v dockerd && command -v docker; } >/dev/null || install docker.io || skipped 'there is no container engine'
  [ "$(id -u)" = 0 ] || skipped 'no container engine answers, and only root may start one'
  export DOCKER_HOST=unix://$work/docker.sock
  dockerd --data-root "$work/data" --exec-root "$work/exec" -H "$DOCKER_HOST" --pidfile "$work/docker.pid" \
    --storage-driver=vfs --iptables=false --ip-masq=false --ip-forward=false --bip 172.31.250.1/24 \
    >"$work/dockerd.log" 2>&1 &
  engine=$!
  if ! wait_for 30 docker version; then
    tail -n 3 "$work/dockerd.log"
    skipped 'no container engine answers, and none can be started here'
  fi
fi
bridge=$(docker network inspect bridge --format '{{(index .IPAM.Config 0).Gateway}}')

# Makes an image with only what a Rust binary needs of Lambda's image. It has this machine's libraries, because the binary was
# built on this machine. So no image is downloaded, and nothing is built twice.
start_stack --containers "$bridge"
root=$work/root
mkdir -p "$root"/{bin,etc/ssl/certs,var/task,opt,proc,sys,dev,tmp}
chmod 1777 "$root/tmp"
cp "$(command -v busybox)" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
for library in $(ldd "$target/debug/dispatch" | grep -o '/[^ ]*'); do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
printf '#!/bin/sh\nexec /var/task/bootstrap\n' >"$root/lambda-entrypoint.sh"
chmod +x "$root/lambda-entrypoint.sh"
tar -C "$root" -c . | docker import --change 'WORKDIR /var/task' - "$image" >/dev/null

curl -sf "$url/_local/containers" >"$work/env.json"

# Makes what `sam build` would make: a folder for each function, and a template that refers to the folders. `--env-vars` sets
# only variables that the template has, so the variables with endpoints are added to the template.
"$python" - "$work" "$target" <<'PYTHON'
import json, os, platform, shutil, sys
from samcli.yamlhelper import yaml_dump, yaml_parse

work, target = sys.argv[1:]
template = yaml_parse(open("template.yaml").read())
environments = json.load(open(f"{work}/env.json"))
template["Globals"]["Function"]["Architectures"] = ["arm64" if platform.machine() == "aarch64" else "x86_64"]
for name, resource in template["Resources"].items():
    if resource["Type"] == "AWS::Serverless::Function":
        binary = resource.pop("Metadata")["BuildProperties"]["Binary"]
        os.makedirs(f"{work}/build/{name}")
        shutil.copy(f"{target}/debug/{binary}", f"{work}/build/{name}/bootstrap")
        resource["Properties"]["CodeUri"] = name
        variables = resource["Properties"].setdefault("Environment", {}).setdefault("Variables", {})
        variables.update({key: value for key, value in environments[name].items() if key.startswith("AWS_ENDPOINT_URL")})
with open(f"{work}/build/template.yaml", "w") as file:
    file.write(yaml_dump(template))
PYTHON

given=(--template "$work/build/template.yaml" --env-vars "$work/env.json" --invoke-image "$image" --skip-pull-image
  --parameter-overrides JwtIssuer=x JwtAudience=x Jwks=x SenderAddress=x)
invoke() { timeout 180 "$sam" local invoke "$1" "${given[@]}" --event "$2" 2>>"$work/invoke.log"; }

user=123e4567-e89b-12d3-a456-426614174000

answer=$(invoke PreferencesFunction events/preferences/put-channel-preferences.json)
expect 'invoke: a change of preferences by an HTTP API is answered' "$answer" \
  "a['statusCode'] == 200 and json.loads(a['body'])['preferences'] == {'email': False, 'push': True}"
answer=$(curl -sf "$url/api/v1/users/$user/export" -H "Authorization: Bearer $(of bearer admin)")
expect 'invoke: and it is in the table of the local stack' "$answer" "a['user']['channels'] == {'email': False, 'push': True}"
answer=$(invoke PreferencesFunction events/preferences/put-channel-preferences.alb-multi-value.json)
expect 'invoke: a load balancer gets the same answer' "$answer" \
  "a['statusDescription'] == '200 OK' and a['multiValueHeaders']['content-type'] == ['application/json']"
answer=$(invoke DispatchFunction events/dispatch/sqs-batch.json)
expect 'invoke: a batch of two messages is worked off' "$answer" "a == {'batchItemFailures': []}"

port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$sam" local start-api "${given[@]}" --host 127.0.0.1 --port "$port" --warm-containers LAZY >"$work/api.log" 2>&1 &
api=$!
wait_for 120 grep -q "127.0.0.1:$port" "$work/api.log" || failed 'start-api does not start'
# ask STATUS METHOD PATH ARGUMENTS...: prints the answer's body; fails if the status is another.
ask() {
  local status=$1 method=$2 path=$3 got; shift 3
  got=$(curl -s --max-time 180 -o "$work/body" -w '%{http_code}' -X "$method" "http://127.0.0.1:$port$path" "$@")
  [ "$got" = "$status" ] || failed "start-api: $method $path: $got and not $status: $(cat "$work/body")"
  cat "$work/body"
}

json='Content-Type: application/json'
answer=$(ask 200 PUT "/api/v1/users/$user/preferences" -H "$json" -d '{"preferences": {"email": false, "push": true}}')
expect 'start-api: preferences are changed' "$answer" "a['preferences'] == {'email': False, 'push': True}"
answer=$(ask 400 PUT "/api/v1/users/$user/preferences" -H "$json" -d '{"preferences": {"email": 1}}')
expect 'start-api: a mistake is told' "$answer" "'preferences.email must be true or false' in json.dumps(a)"
service="Authorization: Bearer $(of bearer service)"
answer=$(ask 202 POST /api/v1/notifications -H "$json" -H "$service" \
  -d "{\"user_id\": \"$user\", \"content\": {\"title\": \"Hello\", \"body\": \"From a container\"}}")
expect 'start-api: a notification is accepted' "$answer" "a['success'] is True"
id=$("$python" -c 'import json, sys; print(json.loads(sys.argv[1])["data"]["notification_id"])' "$answer")
settled() { curl -sf "$url/api/v1/notifications/$id" -H "$service" | tee "$work/body" | grep -q '"status":"sent"'; }
wait_for 60 settled || failed "the local stack does not send what a container put into its queue: $(cat "$work/body")"
printf 'sam local: start-api: and the local stack took it out of the queue and sent it\n'
