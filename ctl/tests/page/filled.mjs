// A vault with something of everything in it, as screenshots and accessibility want it.

import { store, vaultctl } from './support.mjs';

const DAY = 86400e3;
const later = (days) => new Date(Date.now() + days * DAY).toISOString();

/** Fills the vault. */
export function fill() {
  store([
    {
      name: 'skill:openai:access_token',
      value: 'sk-proj-0123456789abcdefghijklmn',
      metadata: { team: 'research', ticket: 4711 },
    },
    { name: 'skill:anthropic:access_token', value: 'sk-ant-0123456789abcdefghijklmn' },
    { name: 'skill:stripe:access_token', value: 'sk_live_0123456789abcd', expiresAt: later(12) },
    { name: 'skill:stripe:webhook_secret', value: 'whsec_0123456789abcdef' },
    { name: 'skill:aws:access_key_id', value: 'AKIA0123456789ABCDEF' },
    { name: 'skill:aws:secret_access_key', value: 'x'.repeat(40), expiresAt: later(2) },
    { name: 'skill:smtp:password', value: 'correct horse', expiresAt: later(-3) },
    { name: 'skill:database:connection_string', value: 'postgres://db', expiresAt: later(200) },
    { name: 'skill:in-house-search.v2:token', value: 'abcdef' },
    { name: 'backup passphrase', value: 'battery staple', category: 'api_key' },
    {
      name: 'a name that is rather long, because somebody described the whole purpose of the secret in it instead of its metadata',
      value: 'x',
    },
  ]);
  vaultctl(['rotate', 'skill:openai:access_token']);
  vaultctl(['set', 'skill:openai:access_token'], 'sk-proj-second-0123456789abcdef');
  vaultctl(['get', 'skill:anthropic:access_token']);
  vaultctl(['agent', 'add', 'research-bot', '--grant', 'read,decrypt:skill:openai:*']);
  vaultctl(['agent', 'add', 'deployer', '--grant', 'read,decrypt,rotate:skill:aws:*', '--uid', '1000']);
}
