// What `npm run rotate-keys` reads from its environment.
import { databaseSettings, defineConfig, keyRingSettings } from '@auditlane/config';

export const rotateKeysDefinition = defineConfig('rotate-keys', {
  AUDITLANE_ROTATE_URL: databaseSettings.AUDITLANE_DATABASE_URL.meta({
    description: 'PostgreSQL URL of auditlane_key_rotation',
    secret: true,
  }),
  ...keyRingSettings,
});
