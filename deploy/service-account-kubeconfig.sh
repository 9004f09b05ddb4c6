#!/usr/bin/env bash
# Prints a kubeconfig for the service account of rbac.yaml, from the given kubectl context or the current one.
# usage: service-account-kubeconfig.sh [CONTEXT] > FILE    requires permission to read the secret of the account
set -euo pipefail
context=${1:-$(kubectl config current-context)}

config() { kubectl --context "$context" config view --raw --minify --flatten --output "jsonpath=$1"; }
server=$(config '{.clusters[0].cluster.server}')
ca=$(config '{.clusters[0].cluster.certificate-authority-data}')
token=$(kubectl --context "$context" --namespace nightcrier get secret nightcrier-token --output 'jsonpath={.data.token}' | base64 -d)
[[ -n $token ]] || { echo "secret nightcrier-token in $context has no token yet; apply deploy/rbac.yaml" >&2; exit 1; }

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
