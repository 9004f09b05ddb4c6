import type { MCPConfig } from '@nightcrier/core/clusters/cluster-config';
import type { McpAccess } from '@nightcrier/cluster/mcp/session/access';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';
import { readFile } from 'node:fs/promises';

/**
 * Reads the credentials, headers and certificates for a cluster's MCP server from their files.
 * @throws Error that names the setting and the file when one cannot be read
 */
export async function readAccess(mcp: MCPConfig): Promise<McpAccess> {
  const [apiKey, ca, cert, key] = await Promise.all([
    readSecret(mcp.api_key, mcp.api_key_file),
    readPem('mcp.ca_file', mcp.ca_file),
    readPem('mcp.client_cert_file', mcp.client_cert_file),
    readPem('mcp.client_key_file', mcp.client_key_file),
  ]);
  return { apiKey, headers: mcp.headers ?? {}, ...((ca ?? cert) !== undefined && { tls: { ca, cert, key } }) };
}

async function readPem(setting: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`${setting}: ${file} cannot be read`, { cause: error });
  }
}
