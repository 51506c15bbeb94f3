// Every request to the vault goes through here: one place for the bearer, the errors and the stream.

import * as session from './session.js';

/** A request that was not done: what went wrong, and what to do about it. */
class Refusal extends Error {
  constructor(status, { error, code, hint } = {}) {
    super(error ?? `The server answered with ${status}.`);
    this.status = status;
    this.code = code ?? 'unknown';
    this.hint = hint ?? '';
  }
}

const ENDED = { error: 'The dashboard has ended.', code: 'ended', hint: 'Run vaultctl ui again.' };

function address(path, query) {
  const given = Object.entries(query ?? {}).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  );
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

async function send(method, path, { query, body, signal } = {}) {
  // The program at the address may not be the one that was asked before; what is changed may hold a key or a value.
  if (session.over() || (method !== 'GET' && !(await session.proven()))) throw new Refusal(0, ENDED);
  const headers = session.headers(method);
  const options = { method, headers, signal, cache: 'no-store', credentials: 'omit', redirect: 'error' };
  if (method !== 'GET') headers['content-type'] = 'application/json';
  if (method !== 'GET' && method !== 'DELETE') options.body = JSON.stringify(body ?? {});
  try {
    return await fetch(address(path, query), options);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    session.lost('gone');
    throw new Refusal(0, ENDED);
  }
}

async function checked(response) {
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  if (response.status === 401) session.ended('used');
  throw new Refusal(response.status, body);
}

async function call(method, path, options) {
  const response = await checked(await send(method, path, options));
  return response.json();
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
  const response = await checked(await send('GET', '/vault/events', { signal }));
  yield 'open';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const frames = (rest + value).split('\n\n');
    rest = frames.pop();
    for (const frame of frames) if (frame.includes('event: ')) yield frame;
  }
}
