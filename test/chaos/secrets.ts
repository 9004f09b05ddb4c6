/** Planted where secrets belong; none may show anywhere else. */
export const PLANTED = {
  mcp: 'planted-mcp-key-1234',
  api: 'planted-api-access-key-1234',
  webhook: 'planted-webhook-1234',
  redis: 'planted-redis-password-1234',
  model: 'planted-model-key-1234',
  /** In the context of faults, as a password in a message of a container. */
  fault: 'planted-Passw0rd-of-a-fault',
};
