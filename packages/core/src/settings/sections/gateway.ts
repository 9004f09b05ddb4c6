import { filePath } from '../config-fields.ts';

/** Where gateways listen. */
export const gateway = {
  gateway_socket_dir: filePath('any')
    .optional()
    .meta({
      description:
        'Directory of the sockets that agent containers mount. Gateways and workers of a machine share it. Default: a directory in the system directory for temporary files.',
      example: '/run/nightcrier-gateway',
      used_by: ['gateway'],
    }),
};
