// Whether the vault is open, as the masthead shows it.

import * as api from './api.js';

const listeners = new Set();

/** Calls a function with the status, now and whenever it may have changed. */
export function follow(listener) {
  listeners.add(listener);
}

/** Reads the status again. */
export async function changed() {
  const status = await api.get('/vault/status', { query: { orgId: '*' } }).catch(() => null);
  for (const listener of listeners) listener(status);
  return status;
}
