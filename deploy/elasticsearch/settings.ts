// What the installer of the index template reads from its environment: a token never stands in a command line, where every user of the machine reads it.
import { z } from 'zod';
import { defineConfig, egressSettings } from '@auditlane/config';

export const templateSettings = defineConfig('npm run elasticsearch-template', {
  ...egressSettings,
  AUDITLANE_ELASTICSEARCH_TOKEN: z.string().min(1).optional().meta({
    description:
      'API key, access token or user:password that may manage index templates; left out: the first line of standard input',
    secret: true,
  }),
});
