// Every request to the vault goes through here: one place for the bearer, the errors and the stream.

import * as session from './session.js';
import * as state from './state.js';
import { messages } from './stream.js';
import { within } from './waiting.js';

/** A request that was not done: what went wrong, and what to do about it. */
class Refusal extends Error {
  constructor(status, { error, code, hint } = {}) {
    super(error ?? `The server answered with ${status}.`);
    this.status = status;
    this.code = code ?? 'unknown';
    this.hint = hint ?? '';
  }
}

const GONE = { error: 'The daemon is not there.', code: 'unavailable', hint: 'Nothing was asked of it.' };
const LOCKED = { error: 'The vault is locked.', code: 'locked', hint: 'Unlock it first.' };
const ENDED = { error: 'The dashboard has ended.', code: 'ended', hint: 'Run vaultctl ui again.' };

function address(path, query) {
  const given = Object.entries(query ?? {}).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  );
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

/** What is answered while the vault is locked. */
const SERVED = ['/vault/status', '/vault/unlock', '/session/use'];

// What the stream has said is not asked for again: there is nothing to be had.
function refused(path) {
  if (session.over()) return new Refusal(0, ENDED);
  if (state.vault() === 'gone' && path.startsWith('/vault/')) return new Refusal(503, GONE);
  if (state.vault() === 'locked' && !SERVED.includes(path)) return new Refusal(503, LOCKED);
  return null;
}

async function send(method, path, { query, body, signal } = {}) {
  const asking = session.present();
  const refusal = refused(path);
  if (refusal) throw refusal;
  // The program at the address may not be the one that was asked before; what is changed may hold a key or a value.
  if (method !== 'GET' && !(await session.proven(signal))) throw new Refusal(0, ENDED);
  const headers = session.headers(method);
  const options = { method, headers, signal, cache: 'no-store', credentials: 'omit', redirect: 'error' };
  if (method !== 'GET') headers['content-type'] = 'application/json';
  if (method !== 'GET' && method !== 'DELETE') options.body = JSON.stringify(body ?? {});
  try {
    return await fetch(address(path, query), options);
  } catch (error) {
    if (signal?.aborted) throw error;
    session.lost('gone', asking);
    throw new Refusal(0, ENDED);
  }
}

async function checked(response, asking) {
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  if (response.status === 401) session.ended('gone', asking);
  throw new Refusal(response.status, body);
}

function call(method, path, options = {}) {
  const asking = session.present();
  const run = async (signal) => (await checked(await send(method, path, { ...options, signal }), asking)).json();
  return within(run, options);
}

/** Reads. */
export const get = (path, options) => call('GET', path, options);
/** Does something. */
export const post = (path, body, options) => call('POST', path, { ...options, body });
/** Changes. */
export const put = (path, body, options) => call('PUT', path, { ...options, body });
/** Removes. */
export const remove = (path, options) => call('DELETE', path, options);

/** Gives the path of one secret. */
export const secretPath = (id, rest = '') => `/vault/secrets/${encodeURIComponent(id)}${rest}`;

/** Yields `open` when nothing that is committed from then on is missed, then what is committed, until the signal. */
export async function* events(signal) {
  const response = await checked(await send('GET', '/vault/events', { signal }), session.present());
  yield 'open';
  yield* messages(response);
}
