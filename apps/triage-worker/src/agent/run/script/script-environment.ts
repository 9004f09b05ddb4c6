/** The variables of the worker's environment that an agent script gets: its own tools, and the container engine's client. */
const INHERITED_VARIABLES = [
  'PATH',
  'HOME',
  'DOCKER_HOST',
  'DOCKER_TLS_VERIFY',
  'DOCKER_CERT_PATH',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'XDG_RUNTIME_DIR',
];

/** Returns the whole environment of an agent script. */
export function scriptEnvironment(
  { variables, secrets }: Record<'variables' | 'secrets', Record<string, string>>,
  inherited: Record<string, string | undefined>,
): Record<string, string> {
  const own = INHERITED_VARIABLES.flatMap((name) => {
    const value = inherited[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(own), ...variables, ...secrets };
}
