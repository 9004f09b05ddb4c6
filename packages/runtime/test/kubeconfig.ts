/** A kubeconfig that can be used. */
export const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: west
contexts: [{ name: west, context: { cluster: west, user: triage } }]
clusters: [{ name: west, cluster: { server: "https://127.0.0.1:6443" } }]
users: [{ name: triage, user: { token: not-a-real-one } }]
`;
