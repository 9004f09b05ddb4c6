#!/usr/bin/env bash
# Writes a kubeconfig for the service account of rbac.yaml to FILE, from the given kubectl context or the current one.
# usage: service-account-kubeconfig.sh FILE [CONTEXT]    requires permission to create a token of the account
# environment: DURATION (720h) of the token, which the API server may shorten. Run it again before the token expires: a changed kubeconfig
# is read within a minute.
# FILE is replaced at once or not at all, and only its owner can read it. Its context has the name of the cluster.
set -euo pipefail
umask 077

fail() {
  echo "service-account-kubeconfig.sh: $*" >&2
  exit 1
}
[[ $# -ge 1 && $# -le 2 && -n $1 ]] || fail 'usage: service-account-kubeconfig.sh FILE [CONTEXT]'
file=$1
context=${2:-$(kubectl config current-context)}

config() { kubectl --context "$context" config view --raw --minify --flatten --output "jsonpath=$1"; }
cluster=$(config '{.clusters[0].name}')
server=$(config '{.clusters[0].cluster.server}')
ca=$(config '{.clusters[0].cluster.certificate-authority-data}')
server_name=$(config '{.clusters[0].cluster.tls-server-name}')
proxy=$(config '{.clusters[0].cluster.proxy-url}')
insecure=$(config '{.clusters[0].cluster.insecure-skip-tls-verify}')
[[ -n $cluster && -n $server ]] || fail "context $context has no cluster with a server"
[[ $insecure != true ]] ||
  fail "context $context does not verify the server (insecure-skip-tls-verify); set certificate-authority in its cluster instead"
[[ $server == https://* ]] || fail "context $context has the server $server; the token would be sent unencrypted, use https"

token=$(kubectl --context "$context" --namespace nightcrier create token nightcrier --duration "${DURATION:-720h}") ||
  fail "no token of the service account nightcrier/nightcrier in $context; apply deploy/rbac.yaml"
[[ -n $token ]] || fail "the API server of $context has given an empty token"

# JSON strings are YAML strings, whatever they contain.
quote() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}
temporary=$(mktemp "$file.XXXXXX")
trap 'rm -f "$temporary"' EXIT
{
  echo 'apiVersion: v1'
  echo 'kind: Config'
  echo "current-context: $(quote "$cluster")"
  echo 'contexts:'
  echo "  - name: $(quote "$cluster")"
  echo "    context: { cluster: $(quote "$cluster"), user: nightcrier }"
  echo 'clusters:'
  echo "  - name: $(quote "$cluster")"
  echo '    cluster:'
  echo "      server: $(quote "$server")"
  [[ -z $ca ]] || echo "      certificate-authority-data: $ca"
  [[ -z $server_name ]] || echo "      tls-server-name: $(quote "$server_name")"
  [[ -z $proxy ]] || echo "      proxy-url: $(quote "$proxy")"
  echo 'users:'
  echo '  - name: nightcrier'
  echo "    user: { token: $(quote "$token") }"
} >"$temporary"
mv -f "$temporary" "$file"
echo "wrote $file: context $cluster, server $server" >&2
