import type { Check } from './check.ts';
import { api } from './checks/api.ts';
import { clock } from './checks/machine/clock.ts';
import { configuration } from './checks/configuration.ts';
import { disk } from './checks/machine/disk.ts';
import { engine } from './checks/machine/engine.ts';
import { gateways } from './checks/gateways.ts';
import { kubeconfigs } from './checks/kubeconfigs.ts';
import { mcpServers } from './checks/mcp-servers.ts';
import { monitoring } from './checks/monitoring.ts';
import { nodeCheck } from './checks/machine/node.ts';
import { providers } from './checks/providers.ts';
import { receivers } from './checks/receivers.ts';
import { redis } from './checks/redis.ts';
import { secretFiles } from './checks/secret-files.ts';

/** What `doctor` examines, in the order of its table. A further kind is a file in `checks`, and a line here. */
export const CHECKS: readonly Check[] = [
  nodeCheck(process.version),
  configuration,
  secretFiles,
  disk,
  redis,
  clock,
  mcpServers,
  kubeconfigs,
  monitoring,
  engine,
  providers,
  gateways,
  receivers,
  api,
];
