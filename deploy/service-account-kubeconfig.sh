#!/usr/bin/env bash
# Prints a kubeconfig for the service account of rbac.yaml, from kubectl's current context or the one that is named.
# usage: service-account-kubeconfig.sh [CONTEXT] > FILE    needs: kubectl that may read the account's secret
set -euo pipefail
context=${1:-$(kubectl config current-context)}

config() { kubectl --context "$context" config view --raw --minify --flatten --output "jsonpath=$1"; }
server=$(config '{.clusters[0].cluster.server}')
ca=$(config '{.clusters[0].cluster.certificate-authority-data}')
token=$(kubectl --context "$context" --namespace nightcrier get secret nightcrier-token --output 'jsonpath={.data.token}' | base64 -d)
[[ -n $token ]] || { echo "secret nightcrier-token in $context holds no token yet; is deploy/rbac.yaml applied?" >&2; exit 1; }

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
