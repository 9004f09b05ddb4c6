#!/usr/bin/env bash
# Prints a kubeconfig for the service account of rbac.yaml, from the given kubectl context or the current one.
# usage: service-account-kubeconfig.sh [CONTEXT] > FILE    requires permission to create a token of the account
# environment: DURATION (720h) of the token, which the API server may shorten. Run it again before the token expires: a changed kubeconfig
# is read within a minute.
set -euo pipefail
context=${1:-$(kubectl config current-context)}

config() { kubectl --context "$context" config view --raw --minify --flatten --output "jsonpath=$1"; }
server=$(config '{.clusters[0].cluster.server}')
ca=$(config '{.clusters[0].cluster.certificate-authority-data}')
token=$(kubectl --context "$context" --namespace nightcrier create token nightcrier --duration "${DURATION:-720h}")

cat <<YAML
apiVersion: v1
kind: Config
current-context: nightcrier
contexts:
  - name: nightcrier
    context: { cluster: nightcrier, user: nightcrier }
clusters:
  - name: nightcrier
    cluster:
      server: $server${ca:+
      certificate-authority-data: $ca}
users:
  - name: nightcrier
    user: { token: $token }
YAML
